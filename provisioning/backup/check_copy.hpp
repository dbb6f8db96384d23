// Whether a copy of the house is whole: what was staged, restored for a drill, or is about to become the house. Reads what others
// wrote (SQLite files, manifests), so it runs in a child under the uid of the backups that can read nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

enum class CheckDepth {
    names,  ///< whether the files are there that the databases name
    full,   ///< every page of the databases, the content of every blob by its hash, what one database says of another, the counts
};

struct CopyReport {
    std::vector<std::string> problems;             ///< one line each, at most 50
    std::map<std::string, std::uint64_t> counts;   ///< people, associations, mailboxes, messages, sites, pads, images
};

/// Errors: io, timed_out; a copy that is not whole is no error.
Result<CopyReport> check_apart(const Place& place, const std::string& folder, CheckDepth depth);

/// The same in this process.
CopyReport check_copy(const std::string& folder, CheckDepth depth);

} // namespace hameau::backup
