// An image's container, read whole and written again without what it says about its maker: EXIF, GPS, XMP, comments, other
// pictures behind it. Pixels are not touched. Stripping what is stripped changes nothing. Pure; every byte is hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau::pads {

enum class ImageType : std::uint8_t { png, jpeg, webp, gif };

struct Stripped {
    ImageType type = ImageType::png;
    std::uint32_t width = 0;
    std::uint32_t height = 0;  ///< as stored, before turning
    int orientation = 1;       ///< as in EXIF: 1 to 8
    bool animated = false;
    std::string bytes;
};

std::string_view media_type(ImageType type);

/// Errors: invalid with a code as its message: image_unknown, image_damaged, image_too_many_pixels.
Result<Stripped> strip_image(std::string_view bytes);

} // namespace hameau::pads
