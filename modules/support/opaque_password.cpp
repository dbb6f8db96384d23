// NFC and the categories of characters are utf8proc's.
#include "modules/support/opaque_password.hpp"

#include <cstdlib>
#include <memory>

#include <utf8proc.h>

namespace hameau {

namespace {

utf8proc_int32_t plain_space(utf8proc_int32_t point, void* /*unused*/) {
    return utf8proc_category(point) == UTF8PROC_CATEGORY_ZS ? ' ' : point;
}

/// Conjoining letters that NFC left alone: RFC 8264 refuses them, a modern syllable is one character by now.
bool is_old_hangul(utf8proc_int32_t point) {
    return (point >= 0x1100 && point <= 0x11ff) || (point >= 0xa960 && point <= 0xa97f) || (point >= 0xd7b0 && point <= 0xd7ff);
}

/// The FreeformClass of RFC 8264: letters, marks, numbers, punctuation, symbols and spaces that can be seen.
bool is_freeform(utf8proc_int32_t point) {
    const auto category = utf8proc_category(point);
    const bool seen = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ZS;
    return seen && !utf8proc_get_property(point)->ignorable && !is_old_hangul(point);
}

} // namespace

std::optional<std::string> opaque_password(std::string_view typed) {
    if (typed.empty()) {
        return std::nullopt;
    }
    utf8proc_uint8_t* made = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    const utf8proc_ssize_t size = utf8proc_map_custom(reinterpret_cast<const utf8proc_uint8_t*>(typed.data()),
                                                      static_cast<utf8proc_ssize_t>(typed.size()), &made, options, plain_space, nullptr);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
    if (size <= 0) {
        return std::nullopt;
    }
    utf8proc_ssize_t at = 0;
    while (at < size) {
        utf8proc_int32_t point = 0;
        const utf8proc_ssize_t taken = utf8proc_iterate(made + at, size - at, &point);
        if (taken <= 0 || !is_freeform(point)) {
            return std::nullopt;
        }
        at += taken;
    }
    return std::string(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
}

} // namespace hameau
