// The names of images, as they stand in the text of a pad: /api/v1/pads/PAD/images/HASH. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hameau::pads {

inline constexpr std::size_t image_hash_size = 64;

/// 64 lower-case hexadecimal digits.
inline bool is_image_hash(std::string_view text) {
    return text.size() == image_hash_size && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

/// Calls visit(hash) for each address ".../images/HASH" in the text (the bytes of an update, say).
template <class Visit>
void each_image_hash(std::string_view text, Visit&& visit) {
    constexpr std::string_view before = "/images/";
    for (std::size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
        const std::string_view hash = text.substr(at + before.size(), image_hash_size);
        if (is_image_hash(hash)) {
            visit(hash);
        }
    }
}

/// The hash in an address of ours, or nothing.
inline std::string_view image_hash_of(std::string_view address) {
    std::string_view found;
    if (address.starts_with("/api/v1/pads/")) {
        each_image_hash(address, [&found](std::string_view hash) { found = hash; });
    }
    return found;
}

} // namespace hameau::pads
