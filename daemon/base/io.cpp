// Files and sockets, whole or an Error.
#include "daemon/base/io.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <ctime>

#include "daemon/base/secret.hpp"

namespace hameau {

tl::unexpected<Error> fail_errno(std::string_view what) {
    const std::error_code code(errno, std::system_category());
    const auto kind = code == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::io;
    return fail(kind, std::string(what) + ": " + code.message(), code);
}

void wipe(void* data, std::size_t size_bytes) { explicit_bzero(data, size_bytes); }

Result<std::string> read_all(int fd, std::size_t limit_bytes) {
    std::string out;
    char buffer[16384];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno("reading");
        }
        if (n == 0) {
            return out;
        }
        if (out.size() + static_cast<std::size_t>(n) > limit_bytes) {
            return fail(ErrorKind::too_large, "more than " + std::to_string(limit_bytes) + " bytes");
        }
        out.append(buffer, static_cast<std::size_t>(n));
    }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit_bytes) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        return fail_errno(path.string());
    }
    auto text = read_all(fd.get(), limit_bytes);
    if (!text) {
        return fail(std::move(text.error()).during(path.string()));
    }
    return text;
}

Status write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t n = ::write(fd, data.data(), data.size());
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno("writing");
        }
        data.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view data, mode_t mode) {
    const std::string fresh = path.string() + ".new-" + random_base32(5);
    Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) {
        return fail_errno(fresh);
    }
    auto written = write_all(fd.get(), data);
    if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0)) {
        written = fail_errno(fresh);
    }
    if (written && ::rename(fresh.c_str(), path.c_str()) != 0) {
        written = fail_errno(path.string());
    }
    if (!written) {
        ::unlink(fresh.c_str());
        return written;
    }
    const Fd folder(::open(path.has_parent_path() ? path.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) {
        ::fsync(folder.get());
    }
    return {};
}

Status make_folder(const std::filesystem::path& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        return fail_errno(path.string());
    }
    if (::chmod(path.c_str(), mode) != 0) {
        return fail_errno(path.string());
    }
    return {};
}

Status chown_path(const std::filesystem::path& path, uid_t uid, gid_t gid) {
    if (::lchown(path.c_str(), uid, gid) != 0) {
        return fail_errno(path.string());
    }
    return {};
}

namespace {
Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(ErrorKind::invalid, path + ": a socket path holds at most 107 bytes");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}
} // namespace

Result<Fd> listen_unix(const std::string& path, int backlog) {
    auto address = unix_address(path);
    if (!address) {
        return fail(std::move(address.error()));
    }
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return fail_errno("socket");
    }
    ::unlink(path.c_str());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        ::listen(fd.get(), backlog) != 0) {
        return fail_errno(path);
    }
    return fd;
}

Result<Fd> bind_tcp(const std::string& address, std::uint16_t port) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    int family = AF_INET;
    if (address.find(':') != std::string::npos) {
        auto& six = reinterpret_cast<sockaddr_in6&>(storage);
        family = AF_INET6;
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        size = sizeof six;
        if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) != 1) {
            return fail(ErrorKind::invalid, "not an address: " + address);
        }
    } else {
        auto& four = reinterpret_cast<sockaddr_in&>(storage);
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        size = sizeof four;
        if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) != 1) {
            return fail(ErrorKind::invalid, "not an address: " + address);
        }
    }
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return fail_errno("socket");
    }
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) {
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
        return fail_errno(address + " port " + std::to_string(port));
    }
    return fd;
}

Result<Fd> listen_tcp(const std::string& address, std::uint16_t port, int backlog) {
    auto fd = bind_tcp(address, port);
    if (fd && ::listen(fd->get(), backlog) != 0) {
        return fail_errno(address + " port " + std::to_string(port));
    }
    return fd;
}

Result<Fd> connect_unix(const std::string& path) {
    auto address = unix_address(path);
    if (!address) {
        return fail(std::move(address.error()));
    }
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) {
        return fail_errno("socket");
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        return fail_errno(path);
    }
    return fd;
}

Result<std::pair<Fd, Fd>> socket_pair(int type) {
    int fds[2];
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) {
        return fail_errno("socketpair");
    }
    return std::pair<Fd, Fd>(Fd(fds[0]), Fd(fds[1]));
}

Result<Fd> sealed_memory(const char* name, std::string_view content) {
    Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) {
        return fail_errno("memfd_create");
    }
    if (auto written = write_all(fd.get(), content); !written) {
        return fail(std::move(written.error()));
    }
    ::lseek(fd.get(), 0, SEEK_SET);
    ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

Result<Peer> peer_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return fail_errno("SO_PEERCRED");
    }
    return Peer{credentials.pid, credentials.uid, credentials.gid};
}

Status set_nonblocking(int fd, bool on) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) != 0) {
        return fail_errno("fcntl");
    }
    return {};
}

Status set_close_on_exec(int fd, bool on) {
    if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) != 0) {
        return fail_errno("fcntl");
    }
    return {};
}

std::string random_base32(std::size_t bytes) {
    std::string raw(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const ssize_t n = ::getrandom(raw.data() + have, bytes - have, 0);
        if (n > 0) {
            have += static_cast<std::size_t>(n);
        }
    }
    static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : raw) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 5) {
            held -= 5;
            out += alphabet[(bits >> held) & 31];
        }
    }
    if (held > 0) {
        out += alphabet[(bits << (5 - held)) & 31];
    }
    return out;
}

std::string to_hex(std::span<const unsigned char> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string format_utc(std::int64_t ms) {
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::optional<std::string_view> nearest_word(std::string_view word, std::span<const std::string_view> known) {
    std::optional<std::string_view> best;
    std::size_t best_distance = 3;
    std::vector<std::size_t> row(word.size() + 1);
    for (const std::string_view candidate : known) {
        for (std::size_t i = 0; i <= word.size(); ++i) {
            row[i] = i;
        }
        for (std::size_t j = 1; j <= candidate.size(); ++j) {
            std::size_t diagonal = row[0];
            row[0] = j;
            for (std::size_t i = 1; i <= word.size(); ++i) {
                const std::size_t above = row[i];
                const std::size_t replaced = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
                row[i] = std::min({above + 1, row[i - 1] + 1, replaced});
                diagonal = above;
            }
        }
        const std::size_t distance = row[word.size()];
        if (distance < best_distance && distance < std::max<std::size_t>(2, candidate.size())) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

} // namespace hameau
