// Validators: each rule is one loop over bytes, without look-ahead.
#include "modules/support/validators.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <utf8proc.h>

#include "daemon/base/domain_letters.hpp"
#include "modules/support/limits.hpp"

namespace hameau {

namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// atext of RFC 5322 §3.2.3, less what some programs read as routing or as a pipe: "!", "%", "|", "`", "$".
bool is_local_part_character(char c) {
    return is_lower_or_digit(c) || std::string_view("#&'*+-/=?^_{}~").find(c) != std::string_view::npos;
}

bool is_local_part(std::string_view text) {
    if (text.empty() || text.size() > local_part_bytes_max || text.front() == '.' || text.back() == '.' ||
        text.front() == '-') {
        return false;
    }
    char before = 0;
    for (const char c : text) {
        if (c == '.' ? before == '.' : !is_local_part_character(c)) {
            return false;
        }
        before = c;
    }
    return true;
}

/// The length of the UTF-8 sequence at `at` (RFC 3629 §4), 0 when it is broken; its value in `point`.
std::size_t sequence_at(std::string_view text, std::size_t at, std::uint32_t& point) {
    const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t first = byte(at);
    if (first < 0x80) {
        point = first;
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() - at < length) {
        return 0;
    }
    point = first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xc0U) != 0x80U) {
            return 0;
        }
        point = (point << 6U) | (byte(at + i) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[length] || point > 0x10ffff || surrogate ? 0 : length;
}

/// The base letters of U+00C0 to U+00FF and of U+0100 to U+017F; a space where there is none.
constexpr std::string_view latin_1_letters = "aaaaaaaceeeeiiiidnooooo ouuuuy saaaaaaaceeeeiiiidnooooo ouuuuy y";
constexpr std::string_view latin_a_letters = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
                                             "nnnnnnnnnooooooo rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(latin_1_letters.size() == 64 && latin_a_letters.size() == 128);

/// One letter of Latin-1 or Latin Extended-A as ASCII; empty when it is none.
std::string base_of(std::uint32_t point) {
    switch (point) {
    case 0xC6:
    case 0xE6: return "ae";
    case 0xDF: return "ss";
    case 0x152:
    case 0x153: return "oe";
    default: break;
    }
    const char base = point >= 0xC0 && point <= 0xFF    ? latin_1_letters[point - 0xC0]
                      : point >= 0x100 && point <= 0x17F ? latin_a_letters[point - 0x100]
                                                         : ' ';
    return base == ' ' ? std::string() : std::string(1, base);
}

bool is_combining_accent(std::uint32_t point) { return point >= 0x300 && point <= 0x36F; }

} // namespace

std::string without_accents(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        std::uint32_t point = 0;
        const std::size_t bytes = std::max<std::size_t>(sequence_at(text, i, point), 1);
        const std::string base = bytes > 1 ? base_of(point) : std::string();
        if (!base.empty()) {
            out += base;
        } else if (bytes == 1) {
            out += ascii_lower(text.substr(i, 1));
        } else if (!is_combining_accent(point)) {
            out.append(text.substr(i, bytes));
        }
        i += bytes;
    }
    return out;
}

bool is_slug(std::string_view text) {
    if (text.empty() || text.size() > slug_bytes_max) {
        return false;
    }
    for (const char c : text) {
        if (!is_lower_or_digit(c) && c != '-') {
            return false;
        }
    }
    return true;
}

std::optional<std::string> normalise_login(std::string_view text) {
    if (text.empty() || text.size() > login_bytes_max) {
        return std::nullopt;
    }
    std::string lower = ascii_lower(text);
    for (const char c : lower) {
        if (!is_lower_or_digit(c) && c != '.' && c != '_' && c != '-') {
            return std::nullopt;
        }
    }
    return lower;
}

bool is_host_name(std::string_view text, Labels labels) {
    if (text.empty() || text.size() > host_bytes_max) {
        return false;
    }
    std::size_t count = 0;
    for (;;) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (label.empty() || label.size() > label_bytes_max || label.front() == '-' || label.back() == '-') {
            return false;
        }
        for (const char c : label) {
            if (!is_lower_or_digit(c) && c != '-') {
                return false;
            }
        }
        ++count;
        if (dot == std::string_view::npos) {
            // An address is no name: the last label is not of digits alone (RFC 1123 section 2.1).
            return label.find_first_not_of("0123456789") != std::string_view::npos && (count >= 2 || labels == Labels::one_or_more);
        }
        text.remove_prefix(dot + 1);
    }
}

std::optional<std::string> normalise_address(std::string_view text) {
    if (text.size() > mail_address_bytes_max) {
        return std::nullopt;
    }
    std::string lower = address_as_kept(ascii_lower(text));
    const std::size_t at = lower.find('@');
    if (at == std::string::npos || lower.size() > mail_address_bytes_max || !is_local_part(std::string_view(lower).substr(0, at)) ||
        !is_host_name(std::string_view(lower).substr(at + 1))) {
        return std::nullopt;
    }
    return lower;
}

bool is_plain_text(std::string_view text, TextKind kind) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint32_t point = 0;
        const std::size_t length = sequence_at(text, at, point);
        const bool line_feed = point == '\n' && kind == TextKind::lines;
        const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
        // Bidirectional overrides would let one name be shown as another.
        const bool override_mark = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
        if (length == 0 || (control && !line_feed) || override_mark) {
            return false;
        }
        at += length;
    }
    return true;
}

bool has_visible_character(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint32_t point = 0;
        const std::size_t length = sequence_at(text, at, point);
        if (length == 0) {
            return false;
        }
        at += length;
        const auto code = static_cast<utf8proc_int32_t>(point);
        const auto category = utf8proc_category(code);
        const bool seen = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_SO && category != UTF8PROC_CATEGORY_MN &&
                          category != UTF8PROC_CATEGORY_MC && category != UTF8PROC_CATEGORY_ME;
        constexpr utf8proc_int32_t blank_braille = 0x2800;
        constexpr utf8proc_int32_t stands_for_an_object = 0xfffc;
        if (seen && code != blank_braille && code != stands_for_an_object && !utf8proc_get_property(code)->ignorable) {
            return true;
        }
    }
    return false;
}

namespace {

/// Scripts whose letters are never joined by an invisible character: Latin, Greek, Cyrillic, Armenian.
constexpr std::uint32_t first_joining_script = 0x0590;
constexpr std::uint32_t joiners_begin = 0x200c;
constexpr std::uint32_t joiners_end = 0x200e;
constexpr std::uint32_t keycap = 0x20e3;
constexpr std::uint32_t black_flag = 0x1f3f4;

bool is_variation_selector(std::uint32_t point) { return (point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xe0100 && point <= 0xe01ef); }
bool is_tag(std::uint32_t point) { return point >= 0xe0020 && point <= 0xe007f; }

/// `before`: the character before it that stays, `next`: the one behind it; 0 at the ends.
bool is_needed(std::uint32_t before, std::uint32_t point, std::uint32_t next) {
    const bool carries = before >= first_joining_script && !is_tag(before) && !(before >= joiners_begin && before < joiners_end);
    if (point >= joiners_begin && point < joiners_end) {
        return carries && next >= first_joining_script;
    }
    if (is_variation_selector(point)) {
        return (carries && !is_variation_selector(before)) || next == keycap;
    }
    return is_tag(point) && (before == black_flag || is_tag(before));
}

} // namespace

std::string without_unseen(std::string_view text) {
    std::string out;
    std::uint32_t before = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint32_t point = 0;
        const std::size_t length = sequence_at(text, at, point);
        if (length == 0) {
            return std::string(text);
        }
        std::uint32_t next = 0;
        if (at + length < text.size()) {
            (void)sequence_at(text, at + length, next);
        }
        const bool unseen = utf8proc_get_property(static_cast<utf8proc_int32_t>(point))->ignorable != 0;
        if (!unseen || is_needed(before, point, next)) {
            out.append(text.substr(at, length));
            before = point;
        }
        at += length;
    }
    return out;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{}) {
        return std::nullopt;
    }
    std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    if (unit.starts_with(' ')) {
        unit.remove_prefix(1);
    }
    unsigned shift = 0;
    if (unit == "KiB") {
        shift = 10;
    } else if (unit == "MiB") {
        shift = 20;
    } else if (unit == "GiB") {
        shift = 30;
    } else if (unit == "TiB") {
        shift = 40;
    } else if (!unit.empty() && unit != "B") {
        return std::nullopt;
    }
    if (number > (size_bytes_max >> shift)) {
        return std::nullopt;
    }
    return number << shift;
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
    }
    return count;
}

} // namespace hameau
