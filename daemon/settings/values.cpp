// Reading values: strict, with a message that shows how it should have been written.
#include "daemon/settings/values.hpp"

#include <algorithm>
#include <array>
#include <arpa/inet.h>
#include <charconv>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/domain_letters.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/time_zone.hpp"

namespace hameau {

namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 80)) + "\""; }

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

/// A whole number and a unit; `plain`: what a number alone means, 0 when only "0" may stand alone.
bool parse_with_unit(std::string_view text, std::span<const Unit> units, std::uint64_t plain, std::uint64_t limit,
                     std::uint64_t& out) {
    text = trimmed(text);
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc{}) {
        return false;
    }
    const std::string_view unit = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    std::uint64_t factor = unit.empty() ? plain : 0;
    if (unit.empty() && number == 0) {
        factor = 1;
    }
    for (const Unit& known : units) {
        if (!unit.empty() && known.name == unit) {
            factor = known.factor;
        }
    }
    if (factor == 0 || number > limit / factor) {
        return false;
    }
    out = number * factor;
    return true;
}

constexpr std::uint64_t kib = 1024;
constexpr std::array size_units = {
    Unit{"B", 1},           Unit{"kB", 1000},           Unit{"KB", 1000},
    Unit{"MB", 1'000'000},  Unit{"GB", 1'000'000'000},  Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", kib},       Unit{"MiB", kib * kib},     Unit{"GiB", kib * kib * kib},
    Unit{"TiB", kib * kib * kib * kib},
};
constexpr std::uint64_t size_limit = kib * kib * kib * kib * kib;
constexpr std::uint64_t minute_ms = 60'000;
constexpr std::uint64_t day_ms = 24 * 60 * minute_ms;
constexpr std::array duration_units = {
    Unit{"ms", 1}, Unit{"s", 1000}, Unit{"min", minute_ms}, Unit{"m", minute_ms}, Unit{"h", 60 * minute_ms}, Unit{"d", day_ms},
};

Result<std::string> canonical_boolean(std::string_view text) {
    constexpr std::array<std::string_view, 3> yes = {"true", "yes", "on"};
    constexpr std::array<std::string_view, 3> no = {"false", "no", "off"};
    if (std::find(yes.begin(), yes.end(), text) != yes.end()) {
        return std::string("true");
    }
    if (std::find(no.begin(), no.end(), text) != no.end()) {
        return std::string("false");
    }
    return fail(ErrorKind::invalid, quoted(text) + " is not true or false");
}

Result<std::string> canonical_integer(const Setting& setting, std::string_view text) {
    const bool port = setting.key.ends_with("_port");
    std::int64_t least = port ? 1 : 0;
    std::int64_t most = port ? 65535 : 1'000'000'000;
    if (const std::size_t bar = setting.choices.find('|'); bar != std::string_view::npos) {
        std::from_chars(setting.choices.data(), setting.choices.data() + bar, least);
        std::from_chars(setting.choices.data() + bar + 1, setting.choices.data() + setting.choices.size(), most);
    }
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool octal = text.size() > 1 && text.front() == '0';
    if (code != std::errc{} || end != text.data() + text.size() || octal || number < least || number > most) {
        return fail(ErrorKind::invalid, quoted(text) + " is not a whole number from " + std::to_string(least) + " to " +
                                            std::to_string(most));
    }
    return std::to_string(number);
}

Result<std::string> canonical_text(std::string_view text) {
    if (text.size() > 1000) {
        return fail(ErrorKind::too_large, "the text is longer than 1000 bytes");
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return fail(ErrorKind::invalid, "the text must be one line without control characters");
        }
    }
    return std::string(text);
}

Result<std::string> canonical_networks(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t end = text.find_first_of(", ");
        const std::string_view word = trimmed(text.substr(0, end));
        if (!word.empty()) {
            auto network = parse_network(word);
            if (!network) {
                return fail(network.error());
            }
            out += (out.empty() ? "" : ", ") + *network;
        }
        if (end == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(end + 1);
    }
}

Result<std::string> canonical_targets(std::string_view text) {
    const auto targets = parse_backup_targets(text);
    if (!targets) {
        return fail(targets.error());
    }
    std::string out;
    for (const BackupTarget& target : *targets) {
        out += (out.empty() ? "" : ", ") + target.address;
    }
    return out;
}

Result<std::string> canonical_choice(const Setting& setting, std::string_view text) {
    std::string_view rest = setting.choices;
    std::string list;
    while (!rest.empty()) {
        const std::size_t end = rest.find('|');
        const std::string_view choice = rest.substr(0, end);
        if (choice == text) {
            return std::string(text);
        }
        list += (list.empty() ? "" : ", ") + std::string(choice);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return fail(ErrorKind::invalid, quoted(text) + " is not one of: " + list);
}

} // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t bytes = 0;
    if (!parse_with_unit(text, size_units, 1, size_limit, bytes)) {
        return fail(ErrorKind::invalid, quoted(text) + " is not a size (such as 500 MiB or 5 GiB)");
    }
    return bytes;
}

Result<std::int64_t> parse_duration(std::string_view text) {
    std::uint64_t ms = 0;
    if (!parse_with_unit(text, duration_units, 0, 3660 * day_ms, ms)) {
        return fail(ErrorKind::invalid, quoted(text) + " is not a duration (such as 30 s, 15 min, 2 h or 30 d)");
    }
    return static_cast<std::int64_t>(ms);
}

Result<std::string> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    std::array<unsigned char, 16> bytes{};
    const bool six = address.find(':') != std::string::npos;
    const int most = six ? 128 : 32;
    int length = most;
    bool good = ::inet_pton(six ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1;
    if (good && slash != std::string_view::npos) {
        const std::string_view rest = text.substr(slash + 1);
        const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
        good = code == std::errc{} && end == rest.data() + rest.size() && length >= 0 && length <= most;
    }
    if (!good) {
        return fail(ErrorKind::invalid, quoted(text) + " is not a network (such as 192.168.1.0/24 or ::1)");
    }
    for (int bit = length; bit < most; ++bit) {
        auto& byte = bytes[static_cast<std::size_t>(bit / 8)];
        byte = static_cast<unsigned char>(byte & ~(0x80U >> (bit % 8)));
    }
    std::array<char, INET6_ADDRSTRLEN> out{};
    ::inet_ntop(six ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
    return std::string(out.data()) + "/" + std::to_string(length);
}

Result<std::string> parse_host_name(std::string_view text) {
    std::string out;
    std::size_t label = 0;
    bool good = !text.empty() && text.size() <= 253 && text.back() != '.';
    for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        const bool word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
        if (c == '.') {
            good = good && label > 0 && out.back() != '-';
            label = 0;
        } else {
            good = good && (word || (c == '-' && label > 0)) && ++label <= 63;
        }
        out.push_back(lower);
    }
    if (!good || out.back() == '-') {
        return fail(ErrorKind::invalid, quoted(text) + " is not a host name (such as maison.example.org)");
    }
    return out;
}

Result<std::string> canonical_value(const Setting& setting, std::string_view text) {
    switch (setting.type) {
    case SettingType::boolean: return canonical_boolean(text);
    case SettingType::integer: return canonical_integer(setting, text);
    case SettingType::size_bytes: {
        const auto bytes = parse_size(text);
        return bytes ? Result<std::string>(std::to_string(*bytes)) : fail(bytes.error());
    }
    case SettingType::duration_ms: {
        const auto ms = parse_duration(text);
        return ms ? Result<std::string>(std::to_string(*ms)) : fail(ms.error());
    }
    case SettingType::text: return canonical_text(text);
    case SettingType::host_name:
        if (text.empty()) {
            return std::string();
        }
        return parse_host_name(domain_as_kept(text));
    case SettingType::networks: return canonical_networks(text);
    case SettingType::backup_targets: return canonical_targets(text);
    case SettingType::choice: return canonical_choice(setting, text);
    case SettingType::time_zone:
        if (!is_time_zone(text)) {
            return fail(ErrorKind::invalid, quoted(text) + " is not a time zone that this machine knows (such as Europe/Paris or Indian/Reunion)");
        }
        return std::string(text);
    }
    return fail(ErrorKind::invalid, "this setting has a type that is not known");
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::array units = {Unit{"TiB", kib * kib * kib * kib}, Unit{"GiB", kib * kib * kib}, Unit{"MiB", kib * kib},
                                  Unit{"KiB", kib}};
    for (const Unit& unit : units) {
        if (bytes > 0 && bytes % unit.factor == 0) {
            return std::to_string(bytes / unit.factor) + " " + std::string(unit.name);
        }
    }
    return std::to_string(bytes);
}

} // namespace hameau
