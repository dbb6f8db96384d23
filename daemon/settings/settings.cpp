// The flat form of settings: one "key TAB value" a line.
#include "daemon/settings/settings.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace hameau {

namespace {
[[noreturn]] void undeclared(std::string_view key) {
    std::fprintf(stderr, "<2>settings bug: %.*s is not declared or has another type\n", static_cast<int>(key.size()),
                 key.data());
    std::abort();
}
} // namespace

Result<Settings> Settings::parse_flat(std::string_view text) {
    Settings settings;
    std::size_t line = 1;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view entry = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t tab = entry.find('\t');
        if (tab == std::string_view::npos || tab == 0) {
            return fail(ErrorKind::invalid, "settings: line " + std::to_string(line) + " has no key and value");
        }
        settings.set(std::string(entry.substr(0, tab)), std::string(entry.substr(tab + 1)));
        ++line;
    }
    return settings;
}

std::string Settings::to_flat() const {
    std::string out;
    for (const auto& [key, value] : values_) {
        out.append(key).append("\t").append(value).append("\n");
    }
    return out;
}

const std::string& Settings::text(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) {
        undeclared(key);
    }
    return found->second;
}

bool Settings::boolean(std::string_view key) const {
    const std::string& value = text(key);
    if (value != "true" && value != "false") {
        undeclared(key);
    }
    return value == "true";
}

std::int64_t Settings::integer(std::string_view key) const {
    const std::string& value = text(key);
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (code != std::errc{} || end != value.data() + value.size()) {
        undeclared(key);
    }
    return number;
}

std::uint64_t Settings::size_bytes(std::string_view key) const { return static_cast<std::uint64_t>(integer(key)); }

std::chrono::milliseconds Settings::duration(std::string_view key) const {
    return std::chrono::milliseconds(integer(key));
}

} // namespace hameau
