// sites: uploads become immutable versions of web sites; hosts.map tells the gate which one each host shows.
#pragma once

#include <memory>

#include "daemon/contract/module.hpp"

namespace hameau {

/// The module, for the host (daemon/host). Its manifest is `sites_manifest` (manifest.cpp).
std::unique_ptr<Module> make_sites();

} // namespace hameau
