// hameau-admin: what the command `hameau` talks to. Checks who connects (SO_PEERCRED, group hameau), forwards API
// calls to the modules with the house's admin rights, and passes on what hameaud alone knows.
// The gate cannot reach this socket.
#pragma once

#include <memory>

#include "daemon/contract/module.hpp"

namespace hameau {

extern const Manifest admin_manifest;
std::unique_ptr<Module> make_admin();

} // namespace hameau
