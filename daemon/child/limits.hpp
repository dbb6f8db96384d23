// Limits of every process under hameaud. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace hameau {

// A process under hameaud
/// Bytes of the flat settings that hameaud hands over: hameaud makes no more (supervisor/limits.hpp).
inline constexpr std::size_t child_settings_bytes_max = 1 << 20;
/// Hameaud ends a child by force this long after SIGTERM or STOPPING=1 (PolicyLimits::stop_limit). Whatever a child
/// waits for at its end is shorter together.
inline constexpr std::chrono::milliseconds kill_after{6000};

} // namespace hameau
