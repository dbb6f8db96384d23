// Paths of requests: decoding and patterns. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau {

/// Percent-decoded and dot-free. Errors: invalid for bad escapes, NUL, "..", "//" or a path without "/".
Result<std::string> normalise_path(std::string_view raw);
/// Percent-decoding ("+" is a space in queries). Empty optional for a bad escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Matches a manifest pattern; fills {x}. See daemon/contract/manifest.hpp.
bool match_pattern(std::string_view pattern, std::string_view path,
                   std::map<std::string, std::string, std::less<>>* parameters);

} // namespace hameau
