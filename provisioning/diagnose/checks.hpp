// The checks of the diagnosis: one row each in all_checks(). A row is an id and a function from what can be seen (machine.hpp) to a
// verdict; its sentences, its title and whether the house can mend it stand in daemon/contract/diagnosis_texts.cpp, and
// tests/unit/diagnose holds the two together. Every function is pure over its Machine.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/contract/diagnosis.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

using diagnosis::State;

/// `word`: the sentence is "ID.WORD"; one of the words below stands for "any.WORD". "fine" is said of what was looked at, and of nothing else.
struct Verdict {
    State state = State::unknown;
    std::string_view word = {};
    std::vector<std::pair<std::string, std::string>> values = {};
};

/// Words that need no sentence of their own in each check.
namespace any {
inline constexpr std::string_view unreadable = "*unreadable";  ///< the machine does not tell
inline constexpr std::string_view silent = "*silent";          ///< nobody answered in time
inline constexpr std::string_view trial = "*trial";            ///< a trial is not on the internet
inline constexpr std::string_view nameless = "*nameless";      ///< the first set-up has not given the house a name
inline constexpr std::string_view off = "*off";                ///< the service is switched off, or cannot run here
inline constexpr std::string_view empty = "*empty";            ///< there is nothing yet that could be looked at
inline constexpr std::string_view late = "*late";              ///< the look took too long and was ended
inline constexpr std::string_view failed = "*failed";          ///< the look itself failed
} // namespace any

struct Check {
    std::string_view id;
    Verdict (*look)(const Machine&);
    std::chrono::milliseconds deadline = check_deadline;
};

/// In the order in which they are shown.
std::span<const Check> all_checks();
/// "ID.WORD" or "any.WORD".
std::string code_of(std::string_view id, std::string_view word);

// The parts of the table, by what they look at.
std::span<const Check> machine_checks();
std::span<const Check> network_checks();
std::span<const Check> mail_checks();
std::span<const Check> house_checks();

/// The number behind `key` in a file such as /proc/meminfo.
std::optional<std::uint64_t> number_behind(const std::optional<std::string>& text, std::string_view key);
/// At most `most` of them, joined by commas, then "+N".
std::string some_of(const std::vector<std::string>& words, std::size_t most = 5);
/// Whether the mail engines run here at all.
bool has_mail(const Machine& machine);

} // namespace hameau::diagnose
