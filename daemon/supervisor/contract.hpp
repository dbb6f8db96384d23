// What hameaud and its children agree on, from the parent's side: uids, limits, names. See ARCHITECTURE.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>

#include "daemon/contract/role_uids.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

/// Members may connect to the modules' sockets.
inline constexpr gid_t internal_gid = 62000;
/// External modules: who has which is in STATE/modules/uids (uids.hpp).
inline constexpr uid_t external_uid_first = 62100;
inline constexpr uid_t external_uid_last = 62999;

} // namespace hameau::supervisor
