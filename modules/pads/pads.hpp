// make_pads: the module as the host starts it.
#pragma once

#include <memory>

#include "daemon/contract/module.hpp"

namespace hameau {

std::unique_ptr<Module> make_pads();

} // namespace hameau
