// Export as a Word document (.docx): Office Open XML, ECMA-376 part 1, transitional. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "modules/pads/export/content.hpp"
#include "modules/pads/export/image_source.hpp"

namespace hameau::pads {

/// The whole file. `title` is what the document says of itself (docProps/core.xml).
std::string render_docx(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images = {});

} // namespace hameau::pads
