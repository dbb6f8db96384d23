// What pads says to people, beyond the common catalogue.
#pragma once

#include "modules/support/problem.hpp"

namespace hameau::pads {

extern const Catalogue pads_catalogue;

} // namespace hameau::pads
