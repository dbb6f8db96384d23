// The admin's call about the diagnosis. It asks hameaud and no module: it works when the modules do not.
#pragma once

#include "daemon/contract/module.hpp"

namespace hameau {

/// /admin/diagnosis?language=: GET what the last run found; POST {"only"?: [ID], "repair"?: ID, "yes"?: bool} a run now.
Task<Response> answer_diagnosis(ModuleContext& context, Request& request);

} // namespace hameau
