// Free space by statvfs(3).
#include "daemon/base/disk.hpp"

#include <algorithm>
#include <sys/statvfs.h>

namespace hameau {

namespace {
std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }
} // namespace

Result<DiskSpace> disk_space(const std::string& folder) {
    struct statvfs facts {};
    if (::statvfs(folder.c_str(), &facts) != 0) {
        return fail_errno(folder);
    }
    return DiskSpace{std::uint64_t{facts.f_blocks} * facts.f_frsize, std::uint64_t{facts.f_bavail} * facts.f_frsize, facts.f_files, facts.f_favail};
}

std::uint64_t floor_on(const DiskSpace& space, std::uint64_t floor_bytes) {
    return std::min(floor_bytes, space.total_bytes / disk_floor_part_of_disk);
}

std::uint64_t room_above_floor(const DiskSpace& space, std::uint64_t floor_bytes) {
    const std::uint64_t floor = floor_on(space, floor_bytes);
    return space.free_bytes > floor ? space.free_bytes - floor : 0;
}

Status check_disk_floor(const std::string& folder, std::uint64_t floor_bytes, std::uint64_t wanted_bytes) {
    const auto space = disk_space(folder);
    if (!space) {
        return {};
    }
    // btrfs and others without a table of inodes say 0.
    if (floor_bytes > 0 && space->total_inodes > 0 && space->free_inodes < space->total_inodes / inodes_part_kept) {
        return fail(ErrorKind::too_large, "the server's disk takes almost no more files: " + std::to_string(space->free_inodes) + " of " +
                                              std::to_string(space->total_inodes) + " are left, and the last of them are kept for mail");
    }
    const std::uint64_t room = room_above_floor(*space, floor_bytes);
    if (wanted_bytes <= room && room > 0) {
        return {};
    }
    return fail(ErrorKind::too_large, "the server's disk is almost full: " + mebibytes(space->free_bytes) +
                                          " are free, and the last of them are kept for mail");
}

} // namespace hameau
