// Carrying a pad of format 1 (a tree as y-prosemirror wrote it) over into lines (docs/pads-format.md). Pure. Used when such a
// pad is opened, and when a moment of that time is restored.
#pragma once

#include <optional>

#include "modules/pads/lines/line_writer.hpp"
#include "modules/pads/lines/lines.hpp"

namespace hameau::pads {

/// One update that deletes what the root shows and writes the same as lines. Always the same bytes for the same document: done
/// twice, because a crash lost the first one, it is there once. (Not after a power cut that also took edits from before it: the
/// document is another one then, and what both changes wrote stands there twice.) Nothing when the pad is no tree, or would be larger than
/// `bytes_max` as lines, or has more than `mark_bytes_max` bytes of marks, those of all its runs one after the other: then its tree stays and is shown as it is.
std::optional<Bytes> carrying_update(const crdt::Integrator& now, std::size_t bytes_max, std::size_t mark_bytes_max);

} // namespace hameau::pads
