// Content of new pads: templates, and the paragraph that a blank one starts with, as one Yjs v1 update (TipTap node names,
// root fragment "default"). Pure. The only content that the server writes of its own, before anybody is there.
#pragma once

#include <optional>
#include <string_view>

#include "modules/pads/documents/tree_writer.hpp"

namespace hameau::pads {

inline constexpr std::string_view template_names = "minutes|agenda|attendance";

/// The content of a template; nothing for an unknown name. `client` is the Yjs client id that it is written under.
std::optional<Bytes> template_update(std::string_view name, bool english, std::uint64_t client);

/// The Yjs client id under which every blank pad's first paragraph stands: a number like a browser's, nobody's.
inline constexpr std::uint64_t blank_client = 1'763'420'581;

/// One empty paragraph with an empty text node, so that the first letters of two people land in the same place. Always the
/// same bytes: written twice it is there once. web-ui/src/pad/first.ts knows them.
Bytes blank_update();

} // namespace hameau::pads
