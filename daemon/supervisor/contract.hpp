// What hameaud and its children agree on, from the parent's side: uids, limits, names. See ARCHITECTURE.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>

#include "daemon/contract/role_uids.hpp"

namespace hameau::supervisor {

/// How long the gate may take until it serves a new version of a site; a restart of the gate fits.
inline constexpr std::chrono::milliseconds serve_wait{5000};
/// Versions that are waited for at a time; each upload waits for one.
inline constexpr std::size_t serve_queries_max = 64;

/// Members may connect to the modules' sockets.
inline constexpr gid_t internal_gid = 62000;
/// External modules: who has which is in STATE/modules/uids (uids.hpp).
inline constexpr uid_t external_uid_first = 62100;
inline constexpr uid_t external_uid_last = 62999;

inline constexpr std::size_t settings_bytes_max = 1 << 20;
inline constexpr std::size_t provision_queue_max = 64;
inline constexpr std::chrono::milliseconds usage_wait{400};
inline constexpr std::chrono::seconds provision_limit{55};
/// A turn over the certificates that are due: ten orders of two minutes at most, and the look-ups before them.
inline constexpr std::chrono::minutes certificates_limit{25};
/// A turn of backups: the first one over a slow line takes days. hameau-provision ends what is silent for two hours.
inline constexpr std::chrono::hours backup_limit{24 * 7};
/// How long hameau-check may take: hameaud waits for it at a start and at a reload. It has 10 s of processor itself.
inline constexpr std::chrono::seconds check_limit{20};
/// Questions about the state of all processes that wait at once; each asks every child.
inline constexpr std::size_t status_queries_max = 8;

} // namespace hameau::supervisor
