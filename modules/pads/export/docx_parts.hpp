// The parts of a Word document that are the same in each, or hold lists only: styles, numbering, relationships. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// Twentieths of a point: what A4 has between margins of 2 cm.
inline constexpr std::int64_t docx_room_twips = 9638;
/// Indent of one level of a list.
inline constexpr std::int64_t docx_indent_twips = 360;
/// Levels that Word numbers (ECMA-376 part 1 §17.9.6); deeper items stand on the last.
inline constexpr std::size_t docx_levels = 9;

/// A list of the document: its own numbers (w:num), begun at `start` on `level`.
struct DocxList {
    Block block = Block::bullet_list;
    std::string type;  ///< how an ordered list counts
    std::size_t level = 0;
    std::int64_t start = 1;
};

/// A file or an address that the text names.
struct DocxRelation {
    std::string target;
    bool image = false;
};

/// Relationship ids of the fixed parts come first.
inline constexpr std::size_t docx_first_relation = 3;

std::string docx_styles(bool english);
/// w:num ids count from 1, in the order of `lists`.
std::string docx_numbering(const std::vector<DocxList>& lists);
std::string docx_relations(const std::vector<DocxRelation>& relations);
/// `image_types`: endings of the pictures in it, such as "png".
std::string docx_content_types(const std::vector<std::string>& image_types);
std::string docx_properties(std::string_view title);
/// The look of marked text as the content of w:rPr; a link is none.
std::string docx_run_properties(const std::vector<Mark>& marks, bool from_right);

extern const std::string_view docx_xml_head;
extern const std::string_view docx_package_relations;

} // namespace hameau::pads
