// Reading the text of a Word document: what stands in a paragraph, for from_word.cpp. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/convert/word_styles.hpp"

namespace hameau::pads {

/// The marks of a run in a paragraph of this style; `link` is the one around it, or nullptr. In rank, each kind once.
std::vector<Mark> word_marks(const RunLook& run, const WordStyle& paragraph, const WordStyles& styles, const Mark* link, bool header);

/// The link of a field code: HYPERLINK "https://..." \l "place" \o "shown" (ECMA-376 part 1 §17.16.5.25); an empty value when
/// it is none, or leads to a place of the same document.
Mark link_of_instruction(std::string_view instruction);

/// A sign of a font of signs (w:sym) as Unicode has it; a box for what this does not know.
std::string word_symbol(std::string_view font, std::string_view hexadecimal);

} // namespace hameau::pads
