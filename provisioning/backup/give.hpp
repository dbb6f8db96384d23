// What came from a target gets its owners, as the words of a stranger: restic's uid wrote all of it, and root walks it.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

enum class GiveMode {
    give,
    look,  ///< a drill: says what would be refused, changes nothing
};

/// Gives each file and folder below `folder` the owner and the mode that OWNERS says, else those of its folder (the top: root). A
/// file with several names (Dovecot copies a message by a hard link) is taken when all its names lie in `folder`. Without root
/// (Place::uid 0) the owners stay, and the rest is done all the same. At last the links of LINKS are made.
/// Errors: corrupt ("broken: ...": a device, a link, a file that has a name outside), not_found (this machine has no such user), io.
Status give_tree(const Place& place, const std::string& folder, GiveMode mode = GiveMode::give);

/// A path of names alone, below the folder where it begins: "sieve/mien.sieve". At most 1024 bytes, no control characters.
bool is_plain_path(std::string_view path);

} // namespace hameau::backup
