// Templates of new pads: prepared content as one Yjs v1 update (TipTap node names, root fragment "default"). Pure.
// The only content that the server ever writes, and only before anybody is there.
#pragma once

#include <optional>
#include <string_view>

#include "modules/pads/tree_writer.hpp"

namespace hameau::pads {

inline constexpr std::string_view template_names = "minutes|agenda|attendance";

/// The content of a template; nothing for an unknown name. `client` is the Yjs client id that it is written under.
std::optional<Bytes> template_update(std::string_view name, bool english, std::uint64_t client);

} // namespace hameau::pads
