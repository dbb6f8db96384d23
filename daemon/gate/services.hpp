// A request on the services' host: a module's, or a page of the portal.
#pragma once

#include "daemon/gate/router.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// Answers, or says which route has to be asked: a module's answer is waited for.
const GateRoute* serve_services(Visit& visit);
/// Asks the module of that route. Afterwards visit.response may hold a response that is still to be sent.
/// Errors: the request cannot be answered any more.
Task<Status> serve_route(Visit& visit, const GateRoute& route);

} // namespace hameau::gate
