// Copies of several SQLite databases as they all were at one moment, while their writers go on. For backups: what one database
// says of another is then true in the copies too. Called by hameau-provision as root; the writers are other processes.
#pragma once

#include <span>
#include <string>

#include "daemon/base/result.hpp"

namespace hameau {

struct MomentCopy {
    std::string from;  ///< the database, by a path without symbolic links; one that is not there is left out
    std::string to;    ///< a new file, mode 0600: the database alone, without -wal
};

/// Writers wait for some milliseconds, while the moment is marked (200 for each database at most that somebody else holds); the
/// copying itself holds up nobody who writes in WAL mode. Each copy begins with the last commit before the moment. Errors:
/// unavailable (a writer held its database at each of the `tries`, half a second apart), io (a full disk),
/// corrupt. What was copied before an error stays behind.
Status copy_at_one_moment(std::span<const MomentCopy> copies, int tries = 20);

} // namespace hameau
