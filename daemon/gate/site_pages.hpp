// A request on a site's host.
#pragma once

#include "daemon/contract/hosts_map.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// Answers, always.
void serve_site(Visit& visit, const sites::HostLine& line);

} // namespace hameau::gate
