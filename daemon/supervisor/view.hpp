// A private view of the file system for a trial whose folders lie below a closed one (a checkout in /root)
// or have a name that the engines cannot take.
#pragma once

#include "daemon/base/result.hpp"
#include "daemon/supervisor/services.hpp"

namespace hameau::supervisor {

/// Whether other users can walk to the folder; errors name the part of the path that is closed.
Status check_reachable(const std::string& folder);

/// Whether the engines take the path: they split settings at blanks, and name Unix sockets by whole paths of at most
/// 107 characters.
bool suits_engines(const std::string& folder);

/// In a mount namespace of this process and its children, the state and the programs appear below /mnt, and `place`
/// is changed to those names. Nothing changes for the rest of the machine.
/// Errors: denied when the system does not allow mounts (a container).
Status open_private_view(Place& place);

} // namespace hameau::supervisor
