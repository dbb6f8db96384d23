// Limits of backups and restore. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::backup {

// What is read
/// Faults of a copy that are named; one is enough to refuse it.
inline constexpr std::size_t problems_max = 50;
/// Bytes of the report of the process that reads a copy.
inline constexpr std::size_t report_bytes_max = 64 << 10;
/// Bytes of OWNERS of a copy: a million paths that differ from their folder.
inline constexpr std::size_t owners_bytes_max = 64 << 20;
/// Bytes of LINKS of a copy.
inline constexpr std::size_t links_bytes_max = 64 << 20;
/// Bytes of one path in them.
inline constexpr std::size_t copy_path_bytes_max = 1024;
/// Levels of folders of a copy: more than staging_depth_max, with the folders above.
inline constexpr int give_depth_max = 40;
/// Bytes of STATE/restoring: a few lines.
inline constexpr std::size_t mark_bytes_max = 4096;
/// Bytes of /proc/self/mountinfo.
inline constexpr std::size_t mounts_bytes_max = 4 << 20;
/// Names that are tried for the folder of what was there before.
inline constexpr int slots_max = 10000;
/// Bytes of STATE/modules/uids.
inline constexpr std::size_t uids_bytes_max = 1 << 20;
/// Bytes of a target's credentials: names and keys of a few lines.
inline constexpr std::size_t credentials_bytes_max = 64 << 10;
/// Bytes of a typed or piped key: nine words.
inline constexpr std::size_t key_bytes_max = 1024;
/// Copies of one target that are listed: three a day for nine years.
inline constexpr std::size_t snapshots_max = 10000;
/// Missing files that are named.
inline constexpr std::size_t missing_shown_max = 50;

// restic
/// Bytes of what restic says that are kept: the list of snapshots_max copies.
inline constexpr std::size_t restic_output_bytes_max = 8 << 20;
/// Bytes of its errors that are kept: the last sentences.
inline constexpr std::size_t restic_errors_bytes_max = 16 << 10;
/// Bytes of one line of its progress.
inline constexpr std::size_t restic_line_bytes_max = 64 << 10;

/// How long one call of restic may take: a first copy of 100 GB over 5 Mbit/s.
inline constexpr std::chrono::hours restic_limit_default{48};
/// How long restic or ssh may take to list a target, or to say why it cannot: a person waits.
inline constexpr std::chrono::minutes restic_look_limit{1};

// The copy of one moment
/// Levels of folders of the house's state; Dovecot's deepest has ten.
inline constexpr int staging_depth_max = 32;
/// Times that the copy is made, when a service changed its files meanwhile.
inline constexpr int staging_tries = 3;
/// Bytes of free disk beside the databases' own size: what the house writes meanwhile.
inline constexpr std::uint64_t room_spare_bytes = 64 << 20;

/// Bytes that are copied between two looks whether the disk has room above its floor.
inline constexpr std::uint64_t copy_slice_bytes = std::uint64_t{64} << 20U;

// Turns
/// Bytes of STATE/backup/state: eight targets and their sentences take a few KiB.
inline constexpr std::size_t backup_state_bytes_max = 1 << 20;
/// Seconds between two checks of a target's whole index.
inline constexpr std::int64_t week_s = std::int64_t{7} * 24 * 3600;
/// Seconds by which houses differ, so that a hundred of them do not come to one target at one moment.
inline constexpr std::uint32_t jitter_max_s = 7200;
/// Seconds between two words about how far it is; each writes a file.
inline constexpr std::int64_t progress_every_s = 5;
/// How long a look at a target may take; a copy may take days.
inline constexpr std::chrono::minutes short_limit{10};

} // namespace hameau::backup
