// Settings: typed, validated values by full key ("pads.idle_stop"). Children get them as flat lines in a sealed
// memory file (HAMEAU_SETTINGS_FD): key TAB value, canonical (bytes, milliseconds, true/false). They never see YAML.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau {

class Settings {
public:
    /// From the flat form. Errors: invalid with the line.
    static Result<Settings> parse_flat(std::string_view text);
    std::string to_flat() const;

    void set(std::string key, std::string value) { values_.insert_or_assign(std::move(key), std::move(value)); }
    bool has(std::string_view key) const { return values_.contains(key); }
    /// A key that was not declared is a bug: aborts with its name.
    const std::string& text(std::string_view key) const;
    bool boolean(std::string_view key) const;
    std::int64_t integer(std::string_view key) const;
    std::uint64_t size_bytes(std::string_view key) const;
    std::chrono::milliseconds duration(std::string_view key) const;
    const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

private:
    std::map<std::string, std::string, std::less<>> values_;
};

} // namespace hameau
