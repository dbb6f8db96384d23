// Word documents (.docx, ECMA-376 part 1) as content for a pad. Pictures are read in two passes: the first says which there are,
// the pads module takes each through hameau-convert like every image, the second is told their addresses.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/export/content.hpp"

namespace hameau::pads {

struct WordDocument {
    std::vector<Event> events;
    std::string title;
    std::vector<std::string> pictures;  ///< names of parts, in the order of their first place in the text
    LeftOut left_out{};
};

/// `addresses`: of the pictures, in their order; a picture without one is replaced by its description.
/// Errors: invalid, document_damaged (no Word document, or not whole) or document_too_rich.
Result<WordDocument> read_word(std::string_view archive, const std::vector<std::string>& addresses);

/// Each picture as a line "data:application/octet-stream;base64,..."; "data:," for one that is too large to be one. Errors as above.
Result<std::string> word_pictures(std::string_view archive);

} // namespace hameau::pads
