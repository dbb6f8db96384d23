// The pictures that a document carries in itself (RFC 2397: <img src="data:image/png;base64,...">, ![](data:...)), as word
// processors and our own exports write them. They are taken out before anybody parses the document: parsers never meet an
// address of megabytes, and each picture takes the way of every other image. Pure; believes nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::pads {

/// What stands in the document instead of a picture that is not kept: no image, so that its description is read.
inline constexpr std::string_view no_inline_image = "data:,";

/// Where the address of one stands.
struct InlineImage {
    std::size_t begin = 0;
    std::size_t size = 0;
};

/// In their order. In HTML: the sources of <img>, outside of comments. In Markdown: those too, and the targets of images and
/// references; nothing in fenced code.
std::vector<InlineImage> find_inline_images(std::string_view document, bool markdown);

/// The picture itself; nothing when the address holds none in base64 that can be read.
std::optional<std::string> read_inline_image(std::string_view address);

/// The document with `addresses`, one for each image, in the images' places.
std::string with_addresses(std::string_view document, const std::vector<InlineImage>& images, const std::vector<std::string>& addresses);

} // namespace hameau::pads
