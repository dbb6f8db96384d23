// Limits of hameau-admin, which answers `hameau` at the admin's socket. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <sys/types.h>

namespace hameau {

// The process
/// How long nobody asks before it ends; it starts within milliseconds.
inline constexpr std::chrono::seconds admin_idle_stop{30};

// What is read and shown
/// Bytes at the end of one log that `hameau logs` reads: some hundred lines.
inline constexpr std::size_t log_tail_bytes = 65536;
/// Bytes read at a time from that end backwards: one page of the file system.
inline constexpr off_t log_part_bytes = 4096;
/// Logs shown in one response: more than a house has services.
inline constexpr std::size_t logs_shown_max = 64;
/// Bytes of a request that hameau-admin reads itself: a name or a few targets.
inline constexpr std::size_t admin_body_bytes_max = 4096;
/// Bytes of a wish of the diagnosis: the names of all checks fit.
inline constexpr std::size_t diagnosis_body_bytes_max = 4096;

// Calls that are passed on to a module
/// Bytes of one piece on its way; a call holds one in each direction.
inline constexpr std::size_t forward_slice_bytes = 16384;
/// How long either side may be silent between two pieces; a slow card needs seconds.
inline constexpr std::chrono::seconds forward_step_deadline{120};
/// How long a module may think after it has the whole request: a deploy of the largest size is unpacked meanwhile.
inline constexpr std::chrono::seconds forward_response_deadline{900};

} // namespace hameau
