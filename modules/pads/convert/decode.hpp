// Pixels of an image, shrunk while they are decoded, by libjpeg-turbo, libpng and libwebp. Only hameau-convert links this.
#pragma once

#include <string>

#include "modules/pads/convert/box_scaler.hpp"
#include "modules/pads/convert/strip.hpp"

namespace hameau::pads {

struct Decoded {
    Picture picture;
    std::string colours;  ///< an ICC profile for it, or empty
    bool drawn = false;   ///< few colours (a palette): better kept without loss
};

/// Not for animated images. Errors: invalid, image_damaged.
Result<Decoded> decode_image(const Stripped& image, std::uint32_t side_max);

/// The longer side of what is shown of an image of this size.
std::uint32_t shown_side_max(std::uint32_t width, std::uint32_t height);

/// A WebP file. Errors: unavailable when the encoder gives up.
Result<std::string> encode_webp(const Decoded& decoded);

} // namespace hameau::pads
