// Small, complete file and socket operations: each handles short counts and EINTR, and says what failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

/// The whole file, refused above limit_bytes (ErrorKind::too_large).
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit_bytes);
/// All that fd still holds, refused above limit_bytes.
Result<std::string> read_all(int fd, std::size_t limit_bytes);
Status write_all(int fd, std::string_view data);
/// Writes beside the target, syncs, renames: a reader sees the old or the new file, whole.
Status write_file_atomically(const std::filesystem::path& path, std::string_view data, mode_t mode = 0600);
/// Makes one folder (parents must exist); an existing one keeps its content and gets the mode.
Status make_folder(const std::filesystem::path& path, mode_t mode);
Status chown_path(const std::filesystem::path& path, uid_t uid, gid_t gid);

/// A Unix stream listener at a path of at most 107 bytes; a stale socket file is removed first.
Result<Fd> listen_unix(const std::string& path, int backlog = 512);
/// A TCP socket that is bound and does not listen. Errors: code address_in_use where somebody listens there already.
Result<Fd> bind_tcp(const std::string& address, std::uint16_t port);
/// A TCP listener; address in dotted or colon form. SO_REUSEADDR, close-on-exec, non-blocking.
Result<Fd> listen_tcp(const std::string& address, std::uint16_t port, int backlog = 1024);
Result<Fd> connect_unix(const std::string& path);
/// Two connected, close-on-exec sockets; type SOCK_SEQPACKET, SOCK_STREAM or SOCK_DGRAM.
Result<std::pair<Fd, Fd>> socket_pair(int type);
/// A sealed memory file with this content, position 0.
Result<Fd> sealed_memory(const char* name, std::string_view content);

struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};
/// Who is at the other end of a Unix socket (SO_PEERCRED).
Result<Peer> peer_of(int fd);

Status set_nonblocking(int fd, bool on);
Status set_close_on_exec(int fd, bool on);

/// n random bytes from the kernel, as lower-case base32 without padding (RFC 4648 alphabet).
std::string random_base32(std::size_t bytes);
/// A new resource id: 128 random bits, 26 characters of [a-z2-7].
inline std::string new_id() { return random_base32(16); }
std::string to_hex(std::span<const unsigned char> bytes);

/// Now, in UTC milliseconds since 1970: what the databases store.
std::int64_t now_ms();
/// 2026-03-12T14:05:09Z
std::string format_utc(std::int64_t ms);

/// The nearest of the known words within two edits (or none): for "did you mean".
std::optional<std::string_view> nearest_word(std::string_view word, std::span<const std::string_view> known);

} // namespace hameau
