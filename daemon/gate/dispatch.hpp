// Who answers a request: what it names decides, whatever protocol it came by.
#pragma once

#include "daemon/gate/router.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// Answers at once (visit.response), or says which module has to be asked: see serve_route() in services.hpp.
const GateRoute* serve_request(Visit& visit);

} // namespace hameau::gate
