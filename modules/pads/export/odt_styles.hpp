// The styles of an OpenDocument Text: those that every document has, by the names that office programs know as their own
// ("Heading 1", "Quotations"), and the look of marked text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// Namespaces and version of a root element.
extern const std::string_view odf_namespaces;
/// The fonts that styles name.
extern const std::string_view odf_fonts;

/// The whole styles.xml.
std::string odf_styles(bool english);
/// The style of a paragraph; its name in the file.
std::string odf_paragraph_style(std::string_view name, Align align);
/// The look of a stretch of text as attributes of style:text-properties; links are no style.
std::string odf_text_properties(const std::vector<Mark>& marks);

} // namespace hameau::pads
