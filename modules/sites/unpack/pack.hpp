// The other way: a list of files and their blobs -> a ZIP or tar.gz on a pipe (download of the live version, export).
#pragma once

#include <string_view>

#include "daemon/base/result.hpp"
#include "modules/sites/limits.hpp"

namespace hameau::sites {

enum class PackForm { zip, tar_gz };

/// `list`: lines PATH TAB HASH TAB SIZE TAB MTIME_MS, as ReportLine writes fields; blobs below `folder` as ab/HASH.
/// Errors: invalid for a bad list, io.
Status pack(std::string_view list, int folder, int output, PackForm form);

} // namespace hameau::sites
