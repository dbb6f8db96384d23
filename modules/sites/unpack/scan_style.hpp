// A simple look at a style sheet: the files that a browser loads for it. Called for the styles in a page (scan_html.cpp)
// and for the sheets of the home page when it is weighed (weigh.cpp). One pass, bounded; knows no selectors, so what a
// rule asks for counts whether or not something matches it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/sites/limits.hpp"

namespace hameau::sites {

/// Targets as written: imported sheets, images, and of each font the one form that a browser takes.
std::vector<std::string> scan_style(std::string_view css);

} // namespace hameau::sites
