// What a browser has to fetch to show one page of a site: the page, its scripts and sheets, what the sheets ask for, its
// pictures in their heaviest form. Files of the site only; what scripts load later is not known. Called by finish.cpp for
// the home page. Reads through the functions that it is given and writes nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "modules/sites/limits.hpp"
#include "modules/sites/report.hpp"
#include "modules/sites/unpack/scan_html.hpp"

namespace hameau::sites {

struct SiteFiles {
    std::function<const DeployEntry*(const std::string& path)> find;  ///< nullptr: not in this site
    std::function<std::string(const DeployEntry&)> read;              ///< as uploaded; empty when it cannot be read
};

/// The bytes that a browser gets of a file: its smallest form.
std::uint64_t wire_bytes(const DeployEntry& file);
HomeWeight weigh_page(const DeployEntry& page, const PageFacts& facts, const SiteFiles& files);

} // namespace hameau::sites
