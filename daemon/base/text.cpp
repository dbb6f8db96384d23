// The operations of text.hpp, byte by byte: no locale is asked.
#include "daemon/base/text.hpp"

#include <algorithm>

namespace hameau {

namespace {
/// The byte of the escape at this place ("%41"), or -1.
int escaped_byte(std::string_view text, std::size_t at) {
    if (at + 2 >= text.size()) {
        return -1;
    }
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}
} // namespace

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(at, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int byte = escaped_byte(text, i);
            if (byte < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return out;
}

std::string percent_decode_lenient(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int byte = text[i] == '%' ? escaped_byte(text, i) : -1;
        out += byte < 0 ? text[i] : static_cast<char>(byte);
        i += byte < 0 ? 0 : 2;
    }
    return out;
}

namespace {

/// Bytes of the character at the front (RFC 3629 §4); 0: no character begins there.
std::size_t character_bytes(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t bytes = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    if (bytes == 0 || bytes > text.size()) {
        return 0;
    }
    const bool more = std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(bytes), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; });
    const auto second = bytes > 1 ? static_cast<unsigned char>(text[1]) : 0U;
    const bool shortest = (first != 0xe0 || second >= 0xa0) && (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90) && (first != 0xed || second < 0xa0);
    return more && shortest ? bytes : 0;
}

/// A control character, or a mark that nobody sees and that changes what one reads.
bool steers(std::string_view character) {
    if (character.size() == 1) {
        return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
    }
    // U+0080 to U+009F; U+061C; U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069; U+FEFF.
    const auto between = [character](std::string_view from, std::string_view to) { return character.size() == from.size() && character >= from && character <= to; };
    return between("\xc2\x80", "\xc2\x9f") || character == "\xd8\x9c" || between("\xe2\x80\x8e", "\xe2\x80\x8f") ||
           between("\xe2\x80\xa8", "\xe2\x80\xae") || between("\xe2\x81\xa6", "\xe2\x81\xa9") || character == "\xef\xbb\xbf";
}

} // namespace

std::string one_plain_line(std::string_view text, std::size_t most) {
    std::string out;
    while (!text.empty()) {
        const std::size_t bytes = character_bytes(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
        const std::string_view shown = bytes == 0 || steers(character) ? std::string_view(" ") : character;
        if (out.size() + shown.size() > most) {
            break;
        }
        out += shown;
        text.remove_prefix(character.size());
    }
    return out;
}

std::string percent_encode(std::string_view text, bool (*plain)(char)) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (plain(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    return out;
}

std::string base64(std::span<const unsigned char> bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < count ? bytes[at + i] : 0u);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
        }
    }
    return out;
}

std::string base64(std::string_view bytes) {
    return base64(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

} // namespace hameau
