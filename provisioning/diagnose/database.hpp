// The databases of the modules. A module that was broken into chooses their bytes, and its folder's links: whoever opens one has that
// module's uid, and sees nothing but its folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

struct DatabasePlace {
    std::string state;  ///< the state folder, absolute
    std::string name;   ///< below it: MODULE/PATH
    bool root = false;  ///< we are root, and each module has a uid of its own
};

/// Opened read only. A page that cannot be read is the one row "damaged". Nothing: it is not there, or refuses.
std::optional<std::vector<Row>> ask_database(const DatabasePlace& place, const std::string& sql);
/// What is committed goes into the database, the journal is emptied (sqlite.org/wal.html). Errors: unavailable.
Status empty_journal(const DatabasePlace& place);

} // namespace hameau::diagnose
