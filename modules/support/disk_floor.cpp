// Asks the file system of the module's own folder, which is the state's.
#include "modules/support/disk_floor.hpp"

#include "daemon/base/disk.hpp"
#include "modules/support/problem.hpp"

namespace hameau {

bool above_disk_floor(ModuleContext& context, std::uint64_t bytes) {
    const Settings& settings = context.settings();
    const std::uint64_t floor =
        settings.has("house.disk_floor") ? settings.size_bytes("house.disk_floor") : disk_floor_bytes_default;
    return check_disk_floor(context.folder(), floor, bytes).has_value();
}

std::optional<Response> refuse_below_disk_floor(ModuleContext& context, const Request& request, std::uint64_t bytes) {
    if (above_disk_floor(context, bytes)) {
        return std::nullopt;
    }
    return problem(request, 507, "disk_floor");
}

} // namespace hameau
