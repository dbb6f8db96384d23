// Limits of hameau-convert, which reads one image or document that anybody may have made. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::pads {

// The process
/// Bytes of address space: an image of image_pixels_max with four bytes a pixel, and what it is turned into.
inline constexpr std::uint64_t convert_memory_bytes_max = std::uint64_t{512} << 20;
/// Seconds of processor: below the 90 s that pads waits (pads/limits.hpp, conversion_deadline).
inline constexpr std::uint64_t convert_cpu_seconds_max = 60;

// Images
/// The longer side of what is shown.
inline constexpr std::uint32_t image_side_max = 1600;
/// The height of what is more than image_long_ratio times as tall as wide: a picture of a whole page stays legible; WebP takes
/// 16,383.
inline constexpr std::uint32_t image_long_side_max = 12'000;
inline constexpr double image_long_ratio = 2.5;
/// No camera of our people makes more; an image bomb does.
inline constexpr std::uint64_t image_pixels_max = 64'000'000;
/// Bytes of the line that says what follows: numbers and a media type.
inline constexpr std::size_t convert_line_bytes_max = 200;

// Documents
/// Levels of a document: the editor's deepest list has a dozen.
inline constexpr std::size_t document_depth_max = 60;
/// Pieces of a document: what is beyond is left out and said.
inline constexpr std::size_t document_events_max = 500'000;
/// Bytes of what a Markdown file says of itself before its text: a dozen lines.
inline constexpr std::size_t front_matter_bytes_max = 16 << 10;
/// Tags of HTML that are open in Markdown at a time.
inline constexpr std::size_t markdown_tags_max = 60;

// Word documents
/// Parts of a package: a picture each, and two dozen more.
inline constexpr std::size_t word_parts_max = 10'000;
/// Bytes of one part in XML, unpacked: 1,000 pages as Word writes them take 20 MB.
inline constexpr std::size_t word_part_bytes_max = 32 << 20;
/// Pictures, unpacked, in bytes: all of them together may be so many times as large as the archive; what is kept is packed already.
inline constexpr std::size_t word_pictures_ratio = 8;
/// And in all, unpacked: with the archive they stay within conversions_bytes_max. Of more than import_images_max none is kept. The others are said.
inline constexpr std::size_t word_pictures_bytes_max = 28 << 20;
inline constexpr std::size_t word_pictures_max = 200;
/// Styles, lists and relationships of one document.
inline constexpr std::size_t word_styles_max = 10'000;
inline constexpr std::size_t word_lists_max = 50'000;
inline constexpr std::size_t word_relations_max = 50'000;
/// Styles that a style is based on, one on another: Word's own go to four. A circle ends here.
inline constexpr int word_style_chain_max = 20;
/// Levels of a list (ECMA-376 part 1 §17.9.3).
inline constexpr std::int64_t word_levels = 9;
/// Numbers in its XML: sizes and places; sums of several still fit into 64 bits.
inline constexpr std::int64_t word_number_max = std::int64_t{1} << 31;
/// Fields in fields, text boxes in text boxes: people write two.
inline constexpr std::size_t word_nested_max = 20;
/// Rows or columns of one cell: the editor's own bound.
inline constexpr std::int64_t word_span_max = 100;
/// CSS pixels of a picture as it is shown: the editor's own bound.
inline constexpr std::int64_t word_pixels_max = 10'000;
/// Half points of letters: a poster's.
inline constexpr std::int64_t word_half_points_max = 800;
/// Headers and footers that are looked into for words: three for each of a few sections.
inline constexpr std::size_t word_edges_max = 20;
/// Bytes of what a field says of itself: an address.
inline constexpr std::size_t word_instruction_bytes_max = 8 << 10;

} // namespace hameau::pads
