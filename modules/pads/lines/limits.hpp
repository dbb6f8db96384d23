// Limits of what is read of a line's attributes, which any page with the right to write may send. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::pads {

/// CSS pixels of a column; the editor's width_max.
inline constexpr std::int64_t column_width_max = 2000;
/// Names of a path that are read; a person's deepest list has a dozen.
inline constexpr std::size_t path_names_max = 64;
/// Digits of a number that is written as text: a client's clock or a date in seconds.
inline constexpr std::size_t number_digits_max = 10;
/// Levels of arrays within an attribute: attributes are shallow, what is deeper was not written by an editor.
inline constexpr int value_depth_max = 4;
/// Bytes of a list of fonts: an office document names four.
inline constexpr std::size_t font_names_bytes_max = 200;
/// Bytes of an address, as a document keeps it: the editor's and the exporter's bound.
inline constexpr std::size_t address_bytes_max = 4096;
/// Bytes of the name of a machine in an address (RFC 1035 §2.3.4), with room for a port and a user in front.
inline constexpr std::size_t host_name_bytes_max = 320;

} // namespace hameau::pads
