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

} // namespace hameau::pads
