// Limits of exports. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::pads {

// One document
/// Of one document while it is exported: 200 pages of rich text take 5 MB.
inline constexpr std::size_t export_event_bytes_max = 128 << 20;
/// Bytes of the editor's own JSON of one document, in memory while it is exported.
inline constexpr std::size_t prosemirror_bytes_max = 256 << 20;
/// Styles of one OpenDocument file: each mixture of marks is one. Further ones look like the nearest.
inline constexpr std::size_t odt_styles_max = 500;
/// Beyond so many columns places are not counted: what one row says of 100 others would grow without measure.
inline constexpr std::int64_t grid_columns_max = 100;
/// Rounds in which marks of one line are tried until they read back; each reads the line.
inline constexpr int markdown_rounds_max = 8;
/// Characters of a title in the name of a file: four bytes each stay below the 255 bytes that a file system takes.
inline constexpr std::size_t file_name_characters_max = 60;

} // namespace hameau::pads
