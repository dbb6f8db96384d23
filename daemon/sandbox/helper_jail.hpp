// The sandbox of a helper (hameau-unpack, hameau-convert): limits of memory, time and file size; no new rights; one
// folder or none, and one to read from or none; a short list of system calls without sockets and without programs.
#pragma once

#include <cstdint>

#include "daemon/base/result.hpp"

namespace hameau {

struct JailLimits {
    std::uint64_t memory_bytes = std::uint64_t{768} << 20;
    std::uint64_t file_bytes = std::uint64_t{1} << 32;
    std::uint64_t cpu_seconds = 900;
};

/// After this the process can read and write what it has open and below `folder` (-1: nothing), can read files below `readable`
/// (-1: nothing), and nothing else. Errors: unavailable, where not even the limits could be set.
Status enter_jail(int folder, const JailLimits& limits, int readable = -1);

} // namespace hameau
