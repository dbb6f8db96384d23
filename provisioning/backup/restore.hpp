// `hameau restore`: a whole house from a backup, on a machine where none runs. What came from the target is put beside the state
// first, looked at as the words of a stranger, given its owners by name, and only then moved into place.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

inline constexpr const char* restoring_mark = "restoring";  ///< STATE/restoring: the move began and did not end. hameaud does not start

struct RestoreWish {
    std::string target;
    std::string at;            ///< the newest backup not after this time; empty: the newest
    std::string key;           ///< the words; empty: the key of this state folder
    std::string credentials;   ///< a file; empty: that of this state folder
    bool replace = false;      ///< a house that is there is put aside, into STATE/before-restore-SECONDS
    bool incomplete = false;   ///< what can be had is taken, although something is missing
};

/// Says what it does and what it found, a line each, on standard output: "backup SECONDS ID", "missing WHAT", "count NAME NUMBER",
/// "settings PATH", "aside PATH", "done". Errors: conflict (a house runs there or has data, or a part is a mount point), not_found,
/// denied (wrong key), too_large (no room), corrupt (not whole: the "missing" lines say what), unavailable: nothing of the state was
/// changed. An error in the middle of the moving ("cut: ...") or a kill leaves STATE/restoring, and the same call again finishes it.
Status restore_house(const Place& place, const RestoreWish& wish);

} // namespace hameau::backup
