// What of a pad's values may stand in a document: addresses, colours, fonts, sizes. For readers, exports and imports. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hameau::pads {

/// http, https, mailto, tel, or relative; nothing else ever reaches a document.
bool is_safe_address(std::string_view address);
/// "#rgb", "#rrggbb" or a plain colour word.
bool is_safe_colour(std::string_view colour);
/// A colour as documents and editors write it ("rgb(1, 2, 3)" too) as a safe one; empty when it is none, or no colour of its
/// own ("inherit", "transparent").
std::string safe_colour(std::string_view text);
/// "Georgia", "\"Times New Roman\", serif": names of letters, digits, blanks and hyphens, in quotes or not.
bool is_safe_font(std::string_view names);
/// A number and px, pt, em, rem or %.
bool is_safe_size(std::string_view size);
/// One of the ways in which an ordered list may count, or empty.
std::string_view safe_list_type(std::string_view type);

} // namespace hameau::pads
