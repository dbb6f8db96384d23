// merge_updates: several small updates as one, for relaying what one event-loop turn received. Bytes only, no document.
#pragma once

#include <optional>

#include "modules/pads/room/protocol.hpp"

namespace hameau::pads {

/// One v1 update equal to `updates` applied in order; nothing when they do not simply join (gaps, overlaps, too many
/// blocks): then send them one by one. Every update must have been validated.
std::optional<Bytes> merge_updates(std::span<const View> updates);

} // namespace hameau::pads
