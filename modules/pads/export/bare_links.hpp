// Addresses that stand in a text without being links become links, in what is exported and in what is brought. Pure.
#pragma once

#include <vector>

#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// Marks them, over all stretches of one line together (half of an address may be bold). Code, and what is a link already,
/// stay as they are.
void link_bare_addresses(std::vector<Event>& events);

} // namespace hameau::pads
