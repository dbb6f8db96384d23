// Limits of daemon/base. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau {

// Messages between hameaud and its children (message.hpp)
/// Bytes of one message: the state of every process, with room to spare.
inline constexpr std::size_t message_bytes_max = 65536;
/// Fields of one message: a few for each process of a house.
inline constexpr std::size_t message_fields_max = 512;

// The disk
/// The default of the setting house.disk_floor, used where a caller has no settings.
inline constexpr std::uint64_t disk_floor_bytes_default = std::uint64_t{512} << 20;
/// On a small disk the floor is at most this part of it: a card of 4 GB must not be useless.
inline constexpr std::uint64_t disk_floor_part_of_disk = 20;
/// Of the inodes of a file system this part is kept for mail in the same way: each message is a file.
inline constexpr std::uint64_t inodes_part_kept = 20;

// Backups
/// Places that one house saves itself to; each costs a turn every night.
inline constexpr std::size_t backup_targets_max = 8;
/// Bytes of the address of one: a user, a host and a path.
inline constexpr std::size_t backup_target_bytes_max = 200;

// Texts
/// Bytes of a domain as it is typed: 253 characters of UTF-8 and some more.
inline constexpr std::size_t domain_typed_bytes_max = 1024;
/// Bytes of one value in the journal: a line stays readable, and a visitor cannot fill the log with one request.
inline constexpr std::size_t journal_value_bytes_max = 300;
/// Bytes of the name of a time zone; the longest of tzdata has 32.
inline constexpr std::size_t time_zone_name_bytes_max = 64;

// Descriptors
/// Descriptors from this number on are out of the way of those that a child is given; no child gets so many.
inline constexpr int lifted_descriptor_min = 200;
/// Addresses of this computer that are shown to the admin: more is a list that nobody reads.
inline constexpr std::size_t local_addresses_max = 8;

} // namespace hameau
