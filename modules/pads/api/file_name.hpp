// The name under which a browser keeps a file of ours. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hameau::pads {

/// A value of Content-Disposition (RFC 6266 §4.1): the title as the name of a file, with accents and every script in
/// "filename*" (RFC 8187), and in "filename" as much of it as ASCII letters can say, or `otherwise`. Signs that some system
/// refuses in a name (/ \ : * ? " < > | and controls) are blanks; at most file_name_characters_max characters of the title.
std::string attachment_named(std::string_view title, std::string_view otherwise, std::string_view extension);

} // namespace hameau::pads
