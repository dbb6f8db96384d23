// Where an exporter gets the images from that it puts into a document.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hameau::pads {

/// An image as it is put into a document.
struct ImageBytes {
    std::string type;  ///< image/png, image/jpeg, image/webp, image/gif
    std::string bytes;
    std::int64_t width = 0;
    std::int64_t height = 0;
};
/// `size`: its width and height only, no bytes.
enum class ImageUse { page, office, size };
/// The image with this hash in the form that fits; nothing when it is not there or the document is full.
using ImageSource = std::function<std::optional<ImageBytes>(std::string_view hash, ImageUse use)>;

} // namespace hameau::pads
