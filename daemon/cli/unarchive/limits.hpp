// Limits of hameau-unarchive. What an archive may hold comes from its caller (daemon/cli/limits.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::unarchive {

// One archive
/// Bytes read at a time; one piece is in memory.
inline constexpr std::size_t read_bytes = 65536;
/// Seconds of processor: 1 TB of zstd on a slow core. It ends an archive made to take for ever.
inline constexpr std::uint64_t cpu_seconds_max = std::uint64_t{4} * 3600;

} // namespace hameau::unarchive
