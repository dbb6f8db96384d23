// Content of new pads: templates, and what a blank one starts with, as one Yjs v1 update in the form of docs/pads-format.md.
// Pure. The only content that the server writes of its own, before anybody is there.
#pragma once

#include <optional>
#include <string_view>

#include "modules/pads/lines/line_writer.hpp"

namespace hameau::pads {

inline constexpr std::string_view template_names = "minutes|agenda|attendance";

/// The content of a template; nothing for an unknown name. `client` is the Yjs client id that it is written under.
std::optional<Bytes> template_update(std::string_view name, bool english, std::uint64_t client);

/// The number of the format on the root, whose empty line takes the first letters of everybody. Always the same bytes: written
/// twice it is there once. web-ui/src/pad/first.ts knows them.
Bytes blank_update();

} // namespace hameau::pads
