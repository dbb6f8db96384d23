// Limits of the databases (daemon/store). Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstdint>

namespace hameau {

// Work beside a living service
/// Milliseconds that a statement waits for another process's lock; each of them writes for some milliseconds.
inline constexpr int busy_timeout_ms = 5000;
/// Pages copied at a time before a migration: 1 MiB.
inline constexpr int copy_pages_per_step = 256;
/// Sizes of a database that must be free for the copy of before a migration: the copy, and twice for the migration that rewrites all of it.
inline constexpr std::uint64_t migration_room_sizes = 3;
/// How long the copy of before a migration stays: long enough to find that a new version is no good. What the house erased
/// since then is still in it, so it does not stay as long as a bin.
inline constexpr std::chrono::hours copy_kept{14 * 24};
/// Seconds since 1970 (2026-01-01) before which a clock is not set: a board without a battery starts at any date.
inline constexpr std::int64_t clock_earliest_s = 1'767'225'600;
/// How far ahead of the clock the date of a copy may lie before it says nothing.
inline constexpr std::chrono::hours copy_ahead_max{24};

// All databases at one moment (moment.hpp)
/// Milliseconds that the copy of one database waits for a writer.
inline constexpr int moment_busy_ms = 10000;
/// The locks of the others are held meanwhile, and their services wait for these on their loop.
inline constexpr int moment_locking_ms = 200;
/// Between two tries to lock them all: those who waited have their turn.
inline constexpr std::chrono::milliseconds moment_pause{500};
/// Pages copied at a time: 4 MiB.
inline constexpr int moment_pages_per_step = 1024;

} // namespace hameau
