// A copy of the house at one moment, below STATE/backup/staging, for restic to read. Databases are copied as they all were at that
// moment; files that never change (site blobs, images, messages) are linked, so that they take no room and stay when the house deletes
// them meanwhile; the small rest is copied. Runs as root over folders that other uids write: no symbolic link is ever followed.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

inline constexpr int format_version = 1;
/// Beside the folders of the state, at the top of each backup:
inline constexpr const char* about_file = "ABOUT";    ///< NAME=VALUE: format, time, host, hameau, counts
inline constexpr const char* owners_file = "OWNERS";  ///< OWNER TAB GROUP TAB MODE TAB PATH of whatever differs from its folder
inline constexpr const char* links_file = "LINKS";    ///< TARGET TAB PATH of each symbolic link that leads below its own folder
inline constexpr const char* settings_folder = "settings";  ///< hameau.yaml and modules.d as they stood beside it

struct Staged {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;    ///< of all files: what a restore needs
    std::uint64_t messages = 0;
};

/// What the copies of the databases need on the disk at most.
std::uint64_t room_for_staging(const Place& place);
/// Makes it again. `host`: how the house is called. Errors: too_large (the disk is full), unavailable (a module kept its database
/// locked), io, corrupt. Whatever happened, drop_staging() is called afterwards.
Result<Staged> make_staging(const Place& place, const std::string& host, std::uint64_t floor_bytes = 0);
/// Also what a kill left behind.
void drop_staging(const Place& place);

/// The name of an owner that is the same on every machine: a role of the house ("people"), an external module ("module:NAME"), a
/// user of the distribution ("user:postfix"). And back: errors when this machine has nobody of that name.
std::string owner_name(const Place& place, std::uint32_t id, bool group);
Result<std::uint32_t> owner_id(const Place& place, const std::string& name, bool group);

} // namespace hameau::backup
