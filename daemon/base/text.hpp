// The small operations on text that every layer needs: letters, hexadecimal digits, percent-encoding, base64.
// Called by everybody; each exists once, here. Pure: no locale, no memory beyond the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hameau {

/// A-Z become a-z; every other byte, also of UTF-8, stays.
std::string ascii_lower(std::string_view text);

/// The parts between the signs: one more than there are signs; views of `text`.
std::vector<std::string_view> split(std::string_view text, char at);

/// Without the spaces and tabs around it.
constexpr std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// What may stand in a line that a terminal or a letter shows, whoever wrote it: each control character (C0, DEL, and C1, which terminals
/// obey too), each mark that turns the direction of writing or ends a line (Unicode 15.0 §23.2), and each byte that is no UTF-8 becomes a
/// space. At most `most` bytes, without half a character.
std::string one_plain_line(std::string_view text, std::size_t most = std::string_view::npos);

/// 0 to 15 for a hexadecimal digit of either case; -1 for every other byte.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// RFC 3986 §2.1; with `plus_is_space` as in the query of a form. Empty optional for a bad escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// The same for text that people wrote: a bad escape stays as it is.
std::string percent_decode_lenient(std::string_view text);
/// Every byte that is not `plain` becomes %XX.
std::string percent_encode(std::string_view text, bool (*plain)(char));
/// RFC 3986 §2.3.
constexpr bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

/// RFC 4648 §4, with padding.
std::string base64(std::span<const unsigned char> bytes);
std::string base64(std::string_view bytes);

} // namespace hameau
