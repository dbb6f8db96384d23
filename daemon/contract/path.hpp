// Paths of requests: normal form, and the patterns of routes. Called by the gate, the host, the admin process and the
// routers of modules, so that all agree on what a pattern matches. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "daemon/base/text.hpp"

namespace hameau {

/// Percent-decoded and dot-free. Errors: invalid for bad escapes, NUL, "..", "//" or a path without "/".
Result<std::string> normalise_path(std::string_view raw);

/// Matches a route's pattern and fills {x}: how many of its segments are literal, or -1 when it does not match. A last
/// "/*" stands for the folder itself and everything below. See daemon/contract/manifest.hpp.
int match_route(std::string_view pattern, std::string_view path,
                std::map<std::string, std::string, std::less<>>* parameters);
inline bool match_pattern(std::string_view pattern, std::string_view path,
                          std::map<std::string, std::string, std::less<>>* parameters) {
    return match_route(pattern, path, parameters) >= 0;
}

} // namespace hameau
