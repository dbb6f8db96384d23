// The floor of free disk: the last free bytes of the state's file system are kept for mail delivery, because a mail that
// is refused for a full disk is lost to its reader, while an upload can be sent again.
// Called by sites, pads and people before they accept a large write (modules/support/disk_floor.hpp says it in HTTP), and by
// hameau-provision for what members send. Mail that arrives never asks. Nothing here writes.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

struct DiskSpace {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;  ///< for processes without privileges: root's reserve is not in it
    std::uint64_t total_inodes = 0;  ///< 0: the file system has no table of them
    std::uint64_t free_inodes = 0;
};

/// The file system that holds `folder`. Errors: io, not_found.
Result<DiskSpace> disk_space(const std::string& folder);

/// What may still be written before the floor is reached. `floor_bytes`: the setting house.disk_floor; 0 switches it off.
std::uint64_t room_above_floor(const DiskSpace& space, std::uint64_t floor_bytes);

/// The floor on this disk.
std::uint64_t floor_on(const DiskSpace& space, std::uint64_t floor_bytes);

/// Ok when `wanted_bytes` more fit above the floor. Errors: too_large, with both numbers in the sentence. A file system
/// that cannot be asked refuses nothing: the write itself will say what is wrong.
Status check_disk_floor(const std::string& folder, std::uint64_t floor_bytes, std::uint64_t wanted_bytes);

} // namespace hameau
