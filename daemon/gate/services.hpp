// A request on the services' host: a module's, or a page of the portal.
#pragma once

#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// Errors: the connection is to be closed.
Task<Status> serve_services(Visit& visit);

} // namespace hameau::gate
