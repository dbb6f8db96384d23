// Which signs a text may hold on its way in and out. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hameau::pads {

/// The text without signs that some format cannot hold: controls but tab and line end (XML 1.0 §2.2 forbids most, HTML reads
/// others as something else), U+007F to U+009F, U+FFFE and U+FFFF. Vertical tab and form feed are a space, a lone carriage
/// return a line end. Everything else of Unicode stays as it is. `text` is UTF-8.
std::string clean_signs(std::string_view text);

} // namespace hameau::pads
