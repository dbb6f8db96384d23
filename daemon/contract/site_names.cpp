// NFC by utf8proc; the rest by hand.
#include "daemon/contract/site_names.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utf8proc.h>

#include "daemon/base/text.hpp"

namespace hameau::sites {

namespace {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_url_path_character(char c) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return word || std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

} // namespace

bool is_utf8(std::string_view text) {
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    while (left > 0) {
        if (*at < 0x80) {
            ++at;
            --left;
            continue;
        }
        utf8proc_int32_t point = 0;
        const utf8proc_ssize_t taken = utf8proc_iterate(at, left, &point);
        if (taken <= 0) {
            return false;
        }
        at += taken;
        left -= taken;
    }
    return true;
}

std::optional<std::string> to_nfc(std::string_view text) {
    if (is_ascii(text)) {
        return std::string(text);
    }
    utf8proc_uint8_t* made = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                               static_cast<utf8proc_ssize_t>(text.size()), &made, options);
    if (size < 0) {
        std::free(made);
        return std::nullopt;
    }
    std::string out(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
    std::free(made);
    return out;
}

bool is_entry_path(std::string_view path) {
    if (path.empty() || path.size() > path_bytes_max) {
        return false;
    }
    std::size_t depth = 0;
    std::size_t start = 0;
    while (start <= path.size()) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view segment = path.substr(start, end - start);
        if (segment.empty() || segment == "." || segment == ".." || ++depth > path_depth_max) {
            return false;
        }
        start = end + 1;
    }
    return std::none_of(path.begin(), path.end(), [](char c) { return is_control(c) || c == '\\'; });
}

NameKind name_kind(std::string_view segment) {
    constexpr std::array<std::string_view, 6> left_over = {"__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"};
    if (segment.starts_with("._") || segment.starts_with("~$") ||
        std::find(left_over.begin(), left_over.end(), ascii_lower(segment)) != left_over.end()) {
        return NameKind::left_over;
    }
    return segment.starts_with('.') && segment != ".well-known" ? NameKind::hidden : NameKind::plain;
}

std::string percent_encode_path(std::string_view path) { return percent_encode(path, is_url_path_character); }

bool looks_hashed(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    // app.3f2a9c1b.js.br: such an ending does not count, once.
    for (const std::string_view ending : {".br", ".gz", ".zst", ".map"}) {
        if (name.ends_with(ending)) {
            name.remove_suffix(ending.size());
            break;
        }
    }
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) {
        return false;
    }
    name = name.substr(0, dot);
    const std::size_t mark = name.find_last_of(".-_");
    if (mark == std::string_view::npos) {
        return false;
    }
    const std::string_view hash = name.substr(mark + 1);
    const bool word = std::all_of(hash.begin(), hash.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    const bool digit = std::any_of(hash.begin(), hash.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool letter = std::any_of(hash.begin(), hash.end(), [](char c) { return c > '9'; });
    // A date (20260312) has no letter, a word (bootstrap) has no digit.
    return word && digit && letter && hash.size() >= 8 && hash.size() <= 64;
}

} // namespace hameau::sites
