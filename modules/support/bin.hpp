// The bins of the house: what a member removes can be taken back for 30 days, whatever it is (sites, texts, mailboxes).
// Called by the modules that have one. The pages and the texts of the catalogues say the same figure.
#pragma once

#include <cstdint>

#include "modules/support/limits.hpp"

namespace hameau {

} // namespace hameau
