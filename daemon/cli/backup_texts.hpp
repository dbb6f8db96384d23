// The sentences of `hameau backup` and `hameau restore` that only the command says (daemon/contract/backup_texts has those that
// the status page says too).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/backup_state.hpp"

namespace hameau::cli {

/// The sheet to print: the key in numbered words, what it is for, how a house comes back.
std::string key_sheet(const std::string& key, const std::string& house, const std::vector<std::string>& targets, std::int64_t now_s, bool english);
/// Each target, the drill, what runs.
std::string backup_table(const backup::State& state, bool english);
/// A word that hameaud or root answered instead of doing it ("backup.running"), as a sentence.
std::string backup_refusal(const std::string& words, bool english);
/// One of the command's own sentences: no_target, unplug, sheet_shown, type_key.
std::string backup_words(std::string_view word, bool english);
/// A line of hameau-provision restore as a sentence; empty: nothing to show.
std::string restore_line(const std::string& line, bool english);
/// "12.3 MB".
std::string bytes_text(std::uint64_t bytes, bool english);

} // namespace hameau::cli
