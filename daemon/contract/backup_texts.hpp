// The sentences about backups, in French and English: the status page, `hameau status` and `hameau backup` say the same.
#pragma once

#include <string>
#include <string_view>

#include "daemon/contract/backup_state.hpp"

namespace hameau::backup {

/// "CODE TAB TARGET TAB LAST_GOOD TAB COUNT", as hameaud hands it on (its field "trouble:backup"). Empty code: all is well.
Trouble trouble_in(std::string_view line);

/// What is wrong and what to do, for a word of code::. An unknown word is told as `failed`. `last_good`: seconds since 1970, 0: never.
std::string sentence_of(std::string_view code, std::string_view target, std::int64_t last_good, bool english);
/// "30/11/2026, 02:14" or "2026-11-30 02:14", in the zone of the process; "never" for 0.
std::string time_text(std::int64_t seconds, bool english);

} // namespace hameau::backup
