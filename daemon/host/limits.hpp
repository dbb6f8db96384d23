// Limits of the process of a module (daemon/host). Each has its unit and its reason. The gate is stricter; these hold what
// comes by another way.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau {

/// How often a process that is in use for weeks looks for copies of before a migration that are too old.
inline constexpr std::chrono::hours copies_looked_at_every{24};

// Requests and responses, per process
/// Bytes of a header section: above the gate's 32 KiB, with the fields that the gate adds.
inline constexpr std::size_t head_bytes_max = 65536;
/// Connections: above what the gate opens by its own limit. Each holds a descriptor.
inline constexpr std::size_t connections_max = 4096;
/// How long no connection is accepted once the system has no descriptor left.
inline constexpr std::chrono::milliseconds accept_pause{200};
/// How long a header section may take: the gate sends it whole.
inline constexpr std::chrono::seconds head_deadline{10};
/// How long a body may be silent: the gate ends a slow client before.
inline constexpr std::chrono::seconds body_deadline{60};
/// How long a reader may take nothing of a response; not how long the response may take.
inline constexpr std::chrono::seconds write_deadline{60};
/// Bytes of a file that are read and sent at a time; one slice a connection.
inline constexpr std::size_t file_slice_bytes = 65536;
/// Bytes of a body that is copied behind its header section, so that both go out in one packet.
inline constexpr std::size_t joined_bytes_max = 65536;
/// Bytes read and thrown away of a request that was answered before it was read whole.
inline constexpr std::size_t drain_bytes_max = 1 << 20;
/// How long that may take.
inline constexpr std::chrono::seconds drain_deadline{2};
/// Bytes of a call between services that has no other bound: a few names.
inline constexpr std::size_t internal_body_bytes_max = 65536;

// WebSockets
/// Bytes of one message, when the module says nothing else.
inline constexpr std::size_t websocket_message_bytes_default = 16 << 20;
/// Bytes read at a time; one buffer for all connections of the process.
inline constexpr std::size_t websocket_read_bytes = 65536;
/// Reads of one connection before the others have their turn.
inline constexpr int reads_in_turn_max = 16;
/// Messages that one system call sends together; more would win nothing.
inline constexpr std::size_t gathered_max = 16;
/// What goes out in one piece when nothing waits before it.
inline constexpr std::size_t small_message_bytes_max = 4096;
/// How long the other side may take to answer a close frame (RFC 6455 §7.1.1).
inline constexpr std::chrono::seconds close_deadline{5};

// Calls to other services
/// Bytes of a response that is held in memory.
inline constexpr std::size_t call_bytes_max = 1 << 20;
/// How long a call may take: a service that sleeps starts meanwhile.
inline constexpr std::chrono::seconds call_deadline{15};
/// How long the other process may be silent before its next piece.
inline constexpr std::chrono::seconds stream_step_deadline{120};
/// Bytes of one piece of a body on its way.
inline constexpr std::size_t call_slice_bytes = 65536;
/// How long a verb of hameau-provision may take: above hameaud's own limit (supervisor/limits.hpp, provision_limit).
inline constexpr std::chrono::seconds provision_deadline{60};
/// How long hameaud may take to say how its processes are: it asks each of them.
inline constexpr std::chrono::seconds status_deadline{5};

// The start and the end of the process
/// What an old SD card reads at least, with other processes at it.
inline constexpr std::uint64_t slow_disk_bytes_per_second = 1 << 20;
/// Seconds that a start may take whatever the size of its database.
inline constexpr std::uint64_t slow_start_seconds_min = 30;
/// How long requests that are being answered are waited for at the end.
inline constexpr std::chrono::milliseconds quiet_deadline{3000};
/// How long the whole end may take, with what the module writes out.
inline constexpr std::chrono::milliseconds stop_deadline{5500};

} // namespace hameau
