// The styles of an OpenDocument Text: those that every document has, by the names that office programs know as their own
// ("Heading 1", "Quotations"), and the look of marked text. Pure.
#pragma once

#include <optional>
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
std::string odf_paragraph_style(std::string_view name, Align align, bool from_right = false);
/// A colour as #rrggbb; empty when it is none that office programs know.
std::string office_colour(std::string_view value);
/// The first of the fonts that it names; the office program finds another where that is not there.
std::string office_font(std::string_view names);
/// A size as CSS writes it. Nothing when it begins with no number.
struct FontSize {
    double number = 0;
    std::string_view unit;  ///< a view of what was given
};
std::optional<FontSize> font_size_of(std::string_view size);
/// The page's room for text, in centimetres.
inline constexpr double odf_room_cm = 17;
/// A length of so many CSS pixels, 96 of which are an inch: "2.54cm".
std::string odf_centimetres(double pixels);

/// The styles `name`, a table, and `name`.1, `name`.2, ... , its columns, as wide as they say (CSS pixels, 0: a part of what
/// the others leave of the page). What is wider than the page becomes as wide as the page.
std::string odf_table_styles(const std::string& name, const std::vector<std::int64_t>& widths);
/// The look of a stretch of text as attributes of style:text-properties; links are no style.
std::string odf_text_properties(const std::vector<Mark>& marks);

} // namespace hameau::pads
