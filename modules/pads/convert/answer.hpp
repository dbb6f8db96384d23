// What hameau-convert says on its standard output: one line, then bytes. Read by the pads module, which believes no number
// in it that it has not checked against what came.
//
//   image TYPE WIDTH HEIGHT BYTES WEBP_BYTES\n  then the image without metadata, then its WebP (0: none, show the image)
//   update BYTES TITLE_BYTES LINKS COMMENTS DELETIONS DRAWINGS EDGES\n
//                                               then one Yjs v1 update, then the title that the document gives itself; LINKS:
//                                               how many led where none may lead, so that their words stand alone; behind it
//                                               what a Word document holds that no pad can (LeftOut)
//   pictures BYTES\n                           then the pictures of a Word document, a line each, as data: addresses (RFC 2397)
//   refused CODE\n
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

struct ConvertedImage {
    std::string type;  ///< image/png, image/jpeg, image/webp, image/gif
    std::uint32_t width = 0;
    std::uint32_t height = 0;  ///< as shown: turned, scaled
    std::string image;
    std::string webp;
};

/// What of a Word document does not come into a pad, counted: people are told.
enum class LeftOutKind : std::uint8_t { comments, deletions, drawings, page_edges, hidden };
inline constexpr std::size_t left_out_kinds = 5;
using LeftOut = std::array<std::uint64_t, left_out_kinds>;

struct ConvertedText {
    std::string update;
    std::string title;
    std::uint64_t refused_links = 0;
    LeftOut left_out{};
};

/// A refusal is an Error of kind invalid whose message is the code. Errors: corrupt when it is no response.
Result<ConvertedImage> read_image_answer(std::string_view answer);
Result<ConvertedText> read_text_answer(std::string_view answer);
/// The lines. Errors as above.
Result<std::string> read_pictures_answer(std::string_view answer);

} // namespace hameau::pads
