// Which file a folder shows at its own address, and what is wrong with a site that has no home page. Called by Finisher.
// Pure: reads lists of names, opens nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/sites/report.hpp"

namespace hameau::sites {

/// "index.htm", "Index.HTML", "default.htm": a name by which other servers know the page of a folder. In any case.
bool is_index_name(std::string_view name);

/// For each folder without an index.html that has a page under another of those names: that page's path, and the path
/// "FOLDER/index.html" by which the gate finds it. In order of path.
std::vector<std::pair<std::string, std::string>> index_pages(const std::vector<DeployEntry>& files);

/// Why a visitor of the root would see nothing, as a remark with the nearest repair:
///   home_missing             no page is in the archive at all
///   home_document            the archive is an office document or a book (.docx, .odt, .epub) under another name
///   home_program             the home page is a program (index.php) that would have to run
///   home_folder    PATH      the home page lies in that folder
///   home_name      PATH      the only page of the root, under a name of its own
///   home_unnamed             there are pages, none of them is the first
/// Nothing where there is a home page, or where a rule of _redirects answers for it. `files`: sorted by path.
std::optional<Remark> doubt_about_home(const std::vector<DeployEntry>& files, const std::vector<RedirectRule>& redirects);

} // namespace hameau::sites
