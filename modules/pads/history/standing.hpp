// What of an earlier moment need not be copied, because it stands: as another unit (docs/pads-format.md, Moves) at the place where it stood, or
// at the beginning of its word, from which it stood torn at that moment.
#pragma once

#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/history/ways.hpp"

namespace hameau::pads {

inline constexpr std::string_view lines_root = "default";

/// `then` with other units in the place of some, for the sequence of the pad's lines alone (attributes are not looked at). Read in its
/// order, it is the same text; words that stood torn are whole. Parts the items of `now` where it ends and begins, like now.snapshot().
crdt::Snapshot standing_moment(crdt::Integrator& now, const crdt::Snapshot& then, Ways& ways);

} // namespace hameau::pads
