// Restoring: the change that makes a pad what it was at a moment, as an update like a member's: what came since is
// deleted, what went since is written again as copies in its old place, the rest is not touched. Pure; never a rewrite.
#pragma once

#include <optional>

#include "modules/pads/crdt/integrator.hpp"

namespace hameau::pads {

using crdt::Bytes;

/// A line of the pad by its marker; none: the first line, which has no marker.
struct OneLine {
    std::optional<crdt::Id> marker;
};

/// `now` was built from updates that were never collected, `then` by now.snapshot(); its items are parted further, what it says stays. Nothing when it is like that already.
/// `client` is one that the pad does not know. Content that the history never had (a client collected it before it came
/// here) stays lost.
/// With `only`, nothing but this line comes back: what went of it, in its old place. What came into it since goes, as far as something of it
/// stands and no new line was begun there; where nothing of it stands, the new words stay with a break between. (Of the first line the
/// kind of block stays.)
std::optional<Bytes> restoring_update(crdt::Integrator& now, const crdt::Snapshot& then, std::uint64_t client, const OneLine* only = nullptr);

} // namespace hameau::pads
