// What came from a target gets its owners, as the words of a stranger: restic's uid wrote all of it, and root walks it.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

/// Gives each file and folder below `folder` the owner and the mode that OWNERS says, else those of its folder (the top: root). A
/// file with several names (Dovecot copies a message by a hard link) is taken when all its names lie in `folder`. Without root
/// (Place::uid 0) the owners stay, and the rest is done all the same.
/// Errors: corrupt ("broken: ...": a device, a link, a file that has a name outside), not_found (this machine has no such user), io.
Status give_tree(const Place& place, const std::string& folder);

} // namespace hameau::backup
