// What of a pad's values may stand in a document: addresses, colours, fonts, sizes. Lists of what is allowed; everything else is
// left out, never repaired.
#include "modules/pads/lines/safe_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "daemon/base/text.hpp"
#include "modules/pads/lines/limits.hpp"

namespace hameau::pads {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// CSS Color 4 §5.1, both ways of writing, whole numbers only; what is partly transparent is taken for the whole colour.
std::string from_rgb(std::string_view inside) {
    std::array<int, 3> parts{};
    std::size_t count = 0;
    while (!inside.empty()) {
        const std::size_t begin = inside.find_first_not_of(" ,/");
        if (begin == std::string_view::npos) {
            break;
        }
        inside.remove_prefix(begin);
        const std::size_t end = std::min(inside.find_first_of(" ,/"), inside.size());
        const std::string_view word = inside.substr(0, end);
        inside.remove_prefix(end);
        if (count == parts.size()) {
            if (word.find_first_not_of("0.%") == std::string_view::npos) {
                return {};  // nothing of it is seen
            }
            break;
        }
        int value = 0;
        const auto [stop, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (failed != std::errc{} || stop != word.data() + word.size() || value < 0 || value > 255) {
            return {};
        }
        parts[count++] = value;
    }
    if (count != parts.size()) {
        return {};
    }
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "#%02x%02x%02x", static_cast<unsigned>(parts[0] & 255), static_cast<unsigned>(parts[1] & 255), static_cast<unsigned>(parts[2] & 255));
    return text.data();
}

} // namespace

bool is_safe_address(std::string_view address) {
    if (address.empty() || address.size() > address_bytes_max) {
        return false;
    }
    for (const char c : address) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\' || c == '`' || c == 0x7f) {
            return false;
        }
    }
    const std::size_t colon = address.find_first_of(":/?#");
    if (colon == std::string_view::npos || address[colon] != ':') {
        return !address.starts_with("//");
    }
    const std::string scheme = ascii_lower(address.substr(0, colon));
    return scheme == "http" || scheme == "https" || scheme == "mailto" || scheme == "tel";
}

bool is_safe_colour(std::string_view colour) {
    const auto all = [](std::string_view text, auto fits) { return std::all_of(text.begin(), text.end(), fits); };
    if (colour.starts_with('#')) {
        return (colour.size() == 4 || colour.size() == 7) && all(colour.substr(1), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        });
    }
    return !colour.empty() && colour.size() <= 24 && all(colour, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

std::string safe_colour(std::string_view text) {
    constexpr std::array<std::string_view, 9> no_colours = {"inherit", "initial", "unset", "revert", "transparent", "currentcolor", "windowtext", "auto", "none"};
    const std::string word = ascii_lower(text);
    const std::size_t open = word.find('(');
    if (open != std::string::npos) {
        const bool known = word.substr(0, open) == "rgb" || word.substr(0, open) == "rgba";
        return known && word.size() < 60 && word.ends_with(')') ? from_rgb(std::string_view(word).substr(open + 1, word.size() - open - 2)) : std::string();
    }
    if (word.size() == 9 && is_safe_colour(word.substr(0, 7))) {
        return is_hexadecimal(word[7]) && is_hexadecimal(word[8]) && word.substr(7) != "00" ? std::string(text.substr(0, 7)) : std::string();
    }
    const bool none = std::find(no_colours.begin(), no_colours.end(), word) != no_colours.end();
    return !none && is_safe_colour(text) ? std::string(text) : std::string();
}

bool is_safe_font(std::string_view names) {
    if (names.empty() || names.size() > font_names_bytes_max) {
        return false;
    }
    while (true) {
        const std::size_t end = std::min(names.find(','), names.size());
        std::string_view name = trimmed(names.substr(0, end));
        if (name.size() > 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front()) {
            name = name.substr(1, name.size() - 2);
        }
        const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == ' ' || c == '-' || c == '_'; });
        if (!good || end == names.size()) {
            return good;
        }
        names.remove_prefix(end + 1);
    }
}

bool is_safe_size(std::string_view size) {
    constexpr std::array<std::string_view, 5> units = {"px", "pt", "em", "rem", "%"};
    const std::size_t digits = std::min(size.find_first_not_of("0123456789."), size.size());
    const std::string_view number = size.substr(0, digits);
    const bool good = !number.empty() && number.size() <= 7 && is_digit(number.front()) && is_digit(number.back()) &&
                      std::count(number.begin(), number.end(), '.') <= 1 && number.find_first_not_of("0.") != std::string_view::npos;
    return good && std::find(units.begin(), units.end(), size.substr(digits)) != units.end();
}

std::string_view safe_list_type(std::string_view type) {
    constexpr std::array<std::string_view, 5> types = {"1", "a", "A", "i", "I"};
    const auto known = std::find(types.begin(), types.end(), type);
    return known == types.end() ? std::string_view() : *known;
}

} // namespace hameau::pads
