// people: who lives in the house. It alone owns accounts, roles and sessions.
#pragma once

#include <memory>

#include "daemon/contract/module.hpp"

namespace hameau {

std::unique_ptr<Module> make_people();

} // namespace hameau
