// The bounds of the gate's process: what one client, one address and all of them together may take of it. Every number
// has its unit and its reason; tests/unit/gate and tests/peers/gate reach each of them. Settings (gate.limits.*) hold
// what a house may want to change. No code here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::gate {

// --- The header section of a request -------------------------------------------------------------------------------
/// Bytes. Browsers send 1 to 4 KiB; 8 KiB of cookies and a long path still fit.
inline constexpr std::size_t head_bytes_max = 32768;
/// Bytes of the request target: the longest that browsers and proxies agree on.
inline constexpr std::size_t target_bytes_max = 8192;
/// Header fields of one request; browsers send about 20.
inline constexpr std::size_t fields_max = 100;
/// Bytes of empty lines before a request line (RFC 9112 §2.2 asks for one; more is a client that plays for time).
inline constexpr std::size_t blank_bytes_max = 64;
/// Bytes of the header section of a module's response.
inline constexpr std::size_t response_head_bytes_max = 65536;
/// Bytes of unfinished header sections that all connections may hold together. One address reaches 3 MiB (100 x 32 KiB).
inline constexpr std::size_t heads_bytes_max = std::size_t{16} << 20;
/// A connection may always hold this much of a header section, also when heads_bytes_max is used up.
inline constexpr std::size_t head_bytes_always = 4096;

// --- Processor time ------------------------------------------------------------------------------------------------
/// What one connection may do before every other connection has its turn: then it posts itself to the end of the event
/// loop's queue. About 0.3 ms of processor time at most.
struct Turn {
    unsigned reads = 64;                        ///< successful reads; a TLS record may carry one byte
    std::size_t in_bytes = std::size_t{64} << 10;
    std::size_t out_bytes = std::size_t{128} << 10;
    unsigned requests = 8;                      ///< pipelined requests; each costs up to 0.1 ms
};
/// TLS handshakes in one round of the event loop, for all addresses in turn: each costs 0.1 to 1 ms of signing.
inline constexpr unsigned handshakes_per_round = 8;
/// Channels that go on in one round of the Poller before timers, new connections and posted turns do: 10 ms at most.
inline constexpr std::size_t events_per_round = 32;
/// New connections accepted in one round.
inline constexpr int accepts_per_round = 64;

// --- TLS records -----------------------------------------------------------------------------------------------------
/// Bytes of plaintext of one record (RFC 8446 §5.1).
inline constexpr std::size_t record_bytes = 16384;
/// Bytes of plaintext that one system call hands to the kernel; the buffer for their ciphertext has room for two records
/// more (5 + 1 + 16 bytes around each, RFC 8446 §5.2).
inline constexpr std::size_t batch_bytes = 4 * record_bytes;

/// Bytes of ciphertext that the kernel refused, of one connection: a batch with its room, twice. More: it is disconnected.
inline constexpr std::size_t rest_bytes_max = 2 * (batch_bytes + 2 * record_bytes);

// --- HTTP/2 --------------------------------------------------------------------------------------------------------
/// Requests of one connection at a time; browsers open a few dozen.
inline constexpr std::uint32_t streams_max = 100;
/// Bytes of header sections of all open requests of one connection; more are refused and may be sent again (REFUSED_STREAM).
/// 100 requests of a browser have 60 KiB.
inline constexpr std::size_t streams_heads_bytes_max = 128 << 10;
/// Bytes of the fields of one request, trailers too, beyond which they are no longer looked at and the stream is reset; up to
/// here whoever sends more than head_bytes_max is told (431). One byte may stand for a field of 4 KB (RFC 7541 §7.3).
inline constexpr std::size_t decoded_bytes_max = 2 * head_bytes_max;
/// What such a reset counts among idle_frames: each costs up to 1 ms.
inline constexpr int large_head_frames = 16;
/// Requests that were answered before their body had come, of one connection: the oldest of more is reset (NO_ERROR).
inline constexpr std::size_t lingering_max = 8;
/// Bytes of such a body that are thrown away before its stream is reset. A client that is cut while it sends may not see the
/// response (curl 7.88); most such bodies are small, or stop at the window.
inline constexpr std::size_t lingering_bytes_max = 16 << 10;
/// CONTINUATION frames of one header section. A browser keeps 180 cookies of 4 KiB for a host (a site on the domain above ours can set
/// them): its request is decoded to the end, and it is told to come by HTTP/1.1, whose 431 takes them away.
inline constexpr std::size_t continuations_max = 64;
/// Requests of one connection that modules answer at a time, and responses that wait for its client: the others wait for
/// their turn. Each holds a descriptor, and up to 128 KiB.
inline constexpr std::size_t answers_max = 16;
/// The same over all connections, beyond one for each, which counts as a connection of HTTP/1.1 does.
inline constexpr std::size_t extra_answers_max = 512;
/// At most this part of the system's descriptors.
inline constexpr std::size_t extra_answers_share = 8;
/// Bytes of a body that may arrive while its request waits for its turn (RFC 9113 §6.9.2): what a form of the portal sends.
inline constexpr std::int32_t waiting_window_bytes = 4096;
/// The same once a module reads it.
inline constexpr std::int32_t upload_window_bytes = 65535;
/// Bytes of all bodies of a connection that nobody has read yet. Requests that wait can never use it up: 84 of them, and what
/// a client may send before it has seen SETTINGS (65,535), leave 64 KiB to those that are read.
inline constexpr std::int32_t connection_window_bytes = static_cast<std::int32_t>(streams_max) * waiting_window_bytes + upload_window_bytes;
/// More for the connection, and for the upload, while that has one of the wide windows: 256 KiB in 50 ms are 5 MB/s.
inline constexpr std::int32_t wide_window_bytes = 256 << 10;
/// Connections that may have a wide window at a time: 8 MiB.
inline constexpr unsigned wide_windows_max = 32;
/// What a client may send that moves nothing (PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA, CONTINUATION, WINDOW_UPDATE
/// that answers no DATA), and what makes us reset a stream: at once, and each second. Beyond it: GOAWAY 11.
inline constexpr std::int64_t idle_frames_burst = 512;
inline constexpr std::int64_t idle_frames_per_second = 32;
/// Bytes of a frame's header (RFC 9113 §4.1).
inline constexpr std::size_t frame_header_bytes = 9;
/// With less room in a record the next DATA frame begins a new one: a frame of a few bytes costs as much as a full one.
inline constexpr std::size_t data_frame_bytes_min = 1024;
/// Bytes of the place for libnghttp2's frame buffer (16394 in 1.52 and 1.64), whole pages, and what is worth such a place.
inline constexpr std::size_t frame_slot_bytes = 20480;
inline constexpr std::size_t frame_slot_bytes_min = 16384;
/// Places, in address space only: 80 MiB. Further sessions use the heap.
inline constexpr std::size_t frame_slots_max = 4096;
/// WINDOW_UPDATE frames that one DATA frame allows: one for the stream, one for the connection.
inline constexpr int window_updates_per_data = 2;
/// Bytes of a streamed response that wait for the client, beyond which its module is not read.
inline constexpr std::size_t stream_output_bytes_max = 16384;

// --- Memory --------------------------------------------------------------------------------------------------------
/// Bytes that the kernel queues of a connection before it says that there is no room (TCP_NOTSENT_LOWAT). Without it a
/// client that reads nothing holds 4 MB of kernel memory.
inline constexpr int unsent_bytes_max = 128 << 10;
/// Bytes of one piece on its way between client and module; a connection holds at most two.
inline constexpr std::size_t piece_bytes = 16384;
/// Bytes of manifests of sites in memory (a site of 200 files has 30 KB). The one that was not asked for longest makes
/// room. Above sites::manifest_bytes_max, so that one site of the largest size does not push itself out.
inline constexpr std::size_t manifests_bytes_max = std::size_t{64} << 20;
/// Manifests in memory.
inline constexpr std::size_t manifests_max = 512;
/// TLS contexts of sites' certificates, about 30 KiB each.
inline constexpr std::size_t tls_contexts_max = 2000;

// --- TLS -----------------------------------------------------------------------------------------------------------
/// After this time tickets are sealed with a new key; they open for as long again (RFC 5077 §5.5 asks for a rotation).
inline constexpr std::chrono::hours ticket_key_life{12};

// --- File descriptors ----------------------------------------------------------------------------------------------
/// Descriptors that the gate keeps for itself: listeners, epoll, control, folders, files being read.
inline constexpr std::size_t descriptors_reserved = 64;
/// Descriptors of one connection: the client's socket, and a module's socket or a file.
inline constexpr std::size_t descriptors_per_connection = 2;
/// How long no connection is accepted once the system has no descriptor left.
inline constexpr std::chrono::milliseconds exhausted_pause{200};
/// The journal says so at most once in this time.
inline constexpr std::chrono::seconds exhausted_journal_interval{60};
/// Connections over the limits that are told so (503) at a time; further ones are closed at once.
inline constexpr std::size_t refusing_max = 32;

// --- Modules -------------------------------------------------------------------------------------------------------
/// How long a module may think once it has the whole request: a big site is unpacked meanwhile.
inline constexpr std::chrono::minutes answer_time{5};

// --- Slow clients --------------------------------------------------------------------------------------------------
/// Bytes per second, of a request body as of a response: who is slower over a whole pause (gate.limits.body_time) is
/// disconnected. A line of 2 kbit/s still passes, and there is no limit on the whole duration.
inline constexpr std::int64_t bytes_per_second_min = 256;
/// Bytes read and thrown away of a request that was answered before it was read whole, so that the response arrives.
inline constexpr std::size_t drain_bytes_max = 4 << 20;
inline constexpr std::chrono::seconds drain_deadline{2};

// --- The end of the process ----------------------------------------------------------------------------------------
/// How long requests that are being answered are waited for; below kill_after of hameaud.
inline constexpr std::chrono::seconds stop_deadline{4};
/// How long a connection that has just come may take to send its first request meanwhile.
inline constexpr std::chrono::milliseconds first_request_time{1500};

// --- Files that sites write -------------------------------------------------------------------------------------------
/// Bytes of one file that is kept in memory: pages, styles and icons fit, photographs do not.
inline constexpr std::size_t cached_file_bytes_max = 65536;
/// Bytes of all files that are kept: the pages that a village reads in one day.
inline constexpr std::size_t cache_bytes_max = 4 << 20;
/// Ranges of one request that are served; a player asks for one.
inline constexpr std::size_t ranges_max = 8;
/// Bytes of the token of an ACME challenge (RFC 8555 §8.3); authorities use 43.
inline constexpr std::size_t challenge_token_bytes_max = 256;
/// Bytes of a challenge's file: the token and the key's thumbprint.
inline constexpr std::size_t challenge_bytes_max = 4096;

// --- Sessions ---------------------------------------------------------------------------------------------------------
/// Bytes of each text that people says of a session: a name of 200 characters is the longest.
inline constexpr std::size_t session_text_bytes_max = 1024;
/// How long people is not asked again; a session that ends is told at once beside this.
inline constexpr std::chrono::milliseconds session_kept{30000};
/// Sessions in memory, about 1 KiB each; the oldest goes first.
inline constexpr std::size_t sessions_kept_max = 4096;
/// Bytes of a session's cookie that is worth a question to people; a real one has 52.
inline constexpr std::size_t session_token_bytes_max = 256;
/// Bytes of one line in the stream of ended sessions: a session's id.
inline constexpr std::size_t revocation_line_bytes_max = 256;
/// How long the stream of ended sessions may take to open: people may have to start.
inline constexpr std::chrono::seconds revocation_open_deadline{10};
/// Below people's 40 s of quiet: while members write together the stream is renewed before people ends it.
inline constexpr std::chrono::seconds stream_renewal{30};

// --- Modules: calls of the gate itself --------------------------------------------------------------------------------
/// Between two tries while a module's queue of connections is full.
inline constexpr std::chrono::milliseconds full_pause{50};
/// Tries: 3 s in all, in which a module that starts gets to its queue.
inline constexpr int full_attempts = 60;
/// How long such a call may take: a module that sleeps starts meanwhile.
inline constexpr std::chrono::seconds call_deadline{15};
/// Bytes of the response: one session, or a list of those that go on.
inline constexpr std::size_t call_response_bytes_max = 1 << 20;

// --- Chunked bodies (RFC 9112 §7.1) -----------------------------------------------------------------------------------
/// Bytes of the line with a chunk's size, its extensions included: nobody sends any.
inline constexpr std::uint32_t chunk_line_bytes_max = 4096;
/// Bytes of one chunk: sums of them stay far from the end of 64 bits.
inline constexpr std::uint64_t chunk_bytes_max = std::uint64_t{1} << 48;

// --- Time -------------------------------------------------------------------------------------------------------------
/// Milliseconds between two looks at which connections are over their time: one timer for all of them.
inline constexpr std::int64_t sweep_interval_ms = 1000;
/// Seconds of silence before the kernel asks whether a peer is still there (TCP keep-alive). No process wakes for it.
inline constexpr int keep_idle_seconds = 120;
/// Bytes of free memory at the end of the heap that go back to the system.
inline constexpr int trim_threshold_bytes = 256 << 10;

} // namespace hameau::gate
