// What hameau-convert says on its standard output: one line, then bytes. Read by the pads module, which believes no number
// in it that it has not checked against what came.
//
//   image TYPE WIDTH HEIGHT BYTES WEBP_BYTES\n  then the image without metadata, then its WebP (0: none, show the image)
//   update BYTES TITLE_BYTES LINKS\n            then one Yjs v1 update, then the title that the document gives itself; LINKS:
//                                               how many led where none may lead, so that their words stand alone
//   refused CODE\n
#pragma once

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

struct ConvertedText {
    std::string update;
    std::string title;
    std::uint64_t refused_links = 0;
};

/// A refusal is an Error of kind invalid whose message is the code. Errors: corrupt when it is no response.
Result<ConvertedImage> read_image_answer(std::string_view answer);
Result<ConvertedText> read_text_answer(std::string_view answer);

} // namespace hameau::pads
