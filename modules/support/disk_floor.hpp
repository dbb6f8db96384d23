// The floor of free disk (daemon/base/disk.hpp) as a module asks it: before an upload, an import, an image, a new row of
// history is accepted. Mail delivery never calls this. The state's disk and the setting house.disk_floor are found here.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/contract/module.hpp"

namespace hameau {

/// Whether `bytes` more may be written without touching what is kept for mail. One statfs call: cheap, but not for
/// each keystroke.
bool above_disk_floor(ModuleContext& context, std::uint64_t bytes);

/// The refusal (507, code "disk_floor") when `bytes` more do not fit above the floor; nothing when they do.
std::optional<Response> refuse_below_disk_floor(ModuleContext& context, const Request& request, std::uint64_t bytes);

} // namespace hameau
