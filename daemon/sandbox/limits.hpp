// Limits of every helper process in its sandbox (helper_jail.hpp). What depends on the helper comes from its caller.
#pragma once

#include <cstdint>

namespace hameau {

/// Descriptors of a helper: its pipes, its folder, and one file at a time.
inline constexpr std::uint64_t helper_descriptors_max = 64;

} // namespace hameau
