// From a title to the name of a file.
#include "modules/pads/api/file_name.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <utf8proc.h>

#include "daemon/base/text.hpp"
#include "modules/pads/export/limits.hpp"
#include "modules/pads/lines/signs.hpp"

namespace hameau::pads {

namespace {

bool is_refused(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos; }

/// Refused signs and blanks are one blank each row; none at the ends, nor dots (a hidden file; what Windows takes away).
std::string settled(std::string_view text) {
    std::string out;
    std::size_t characters = 0;
    for (const char c : text) {
        const bool blank = c == ' ' || is_refused(c);
        if (blank && (out.empty() || out.back() == ' ')) {
            continue;
        }
        if ((c & 0xc0) != 0x80 && ++characters > file_name_characters_max) {
            break;
        }
        out += blank ? ' ' : c;
    }
    out.erase(0, std::min(out.find_first_not_of(". "), out.size()));
    const std::size_t last = out.find_last_not_of(". ");
    return out.substr(0, last == std::string::npos ? 0 : last + 1);
}

/// ASCII letters for what they are with accents or as one sign of two letters; other scripts are left out.
std::string in_ascii(const std::string& text) {
    utf8proc_uint8_t* plain = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK);
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &plain, options);
    const std::string decomposed(reinterpret_cast<const char*>(plain), size < 0 ? 0 : static_cast<std::size_t>(size));
    std::free(plain);
    constexpr std::pair<std::string_view, std::string_view> pairs[] = {{"\u0153", "oe"}, {"\u0152", "OE"}, {"\u00e6", "ae"}, {"\u00c6", "AE"}, {"\u00df", "ss"}, {"\u00f8", "o"}, {"\u00d8", "O"}, {"\u0142", "l"}, {"\u0141", "L"}, {"\u2019", "'"}};
    std::string out;
    for (std::size_t i = 0; i < decomposed.size();) {
        std::size_t step = 1;
        if (static_cast<unsigned char>(decomposed[i]) < 0x80) {
            out += decomposed[i];
        }
        for (const auto& [sign, letters] : pairs) {
            if (std::string_view(decomposed).substr(i).starts_with(sign)) {
                out += letters;
                step = sign.size();
            }
        }
        i += step;
    }
    return settled(out);
}

/// RFC 8187 §3.2.1: attr-char stays.
std::string encoded(std::string_view text) {
    return percent_encode(text, [](char c) { return is_unreserved(c) || std::string_view("!#$&+^`|").find(c) != std::string_view::npos; });
}

} // namespace

std::string attachment_named(std::string_view title, std::string_view otherwise, std::string_view extension) {
    const std::string name = settled(clean_signs(title));
    const std::string plain = in_ascii(name);
    std::string out = "attachment; filename=\"" + (plain.empty() ? std::string(otherwise) : plain) + std::string(extension) + "\"";
    if (!name.empty() && name != plain) {
        out += "; filename*=UTF-8''" + encoded(name) + encoded(extension);
    }
    return out;
}

} // namespace hameau::pads
