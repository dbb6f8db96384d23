// The words of a subcommand: positional ones, and options that were declared.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::cli {

struct Option {
    std::string_view name;    ///< "--role"
    bool takes_value = true;
};

struct Words {
    std::string state = "/var/lib/hameau";
    bool json = false;
    bool help = false;
    std::vector<std::string> plain;
    std::map<std::string, std::string, std::less<>> options;

    bool has(std::string_view name) const { return options.contains(name); }
    std::optional<std::string> value(std::string_view name) const;
};

/// --state, --json and --help are understood everywhere. Empty, with a message on standard error, when a word is wrong.
std::optional<Words> read_words(std::string_view command, std::span<char*> words, std::span<const Option> options);

inline constexpr int exit_usage = 64;
inline constexpr int exit_data = 65;
inline constexpr int exit_no_input = 66;
inline constexpr int exit_unavailable = 69;

} // namespace hameau::cli
