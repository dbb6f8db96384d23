// Channel: one byte stream of the gate (a visitor's TCP connection, with or without TLS, or a module's Unix socket).
// Raw descriptors with async_wait and SSL_set_fd: an idle TLS connection holds no buffers (gate-notes: 12.7 KiB).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/ssl.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::gate {

template <class T>
using Task = boost::asio::awaitable<T>;

class Channel;

/// Ends waits that last too long. One coarse timer for all, which runs only while somebody has a deadline.
class Deadlines {
public:
    explicit Deadlines(boost::asio::io_context& io) : timer_(io) {}
    void add(Channel* channel);
    void remove(Channel* channel);
    /// Milliseconds of the monotonic clock.
    static std::int64_t now_ms();

private:
    void arm();
    void sweep();

    boost::asio::steady_timer timer_;
    std::set<Channel*> waiting_;
    bool armed_ = false;
};

class Channel {
public:
    Channel(boost::asio::io_context& io, Fd socket, Deadlines& deadlines);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// TLS as the server, with this context. Errors: closed, timed_out, invalid (the peer's fault).
    Task<Status> accept_tls(SSL_CTX* context);
    bool is_tls() const { return ssl_ != nullptr; }

    /// Returns when a read would give something, the end included. No buffer is held meanwhile.
    Task<Status> wait_readable();
    /// At most buffer.size() bytes; 0 at the end. Errors: closed, timed_out.
    Task<Result<std::size_t>> read_some(std::span<char> buffer);
    /// Both texts, whole. They must live until it returns.
    Task<Status> write(std::string_view first, std::string_view second);
    Task<Status> write(std::string_view text);
    Task<Status> send_file(int file, std::uint64_t offset, std::uint64_t size_bytes);

    /// Reads now without waiting: the number of bytes, 0 at the end, -1 when nothing is there, -2 when it is broken.
    long try_read(std::span<char> buffer);
    /// Writes what goes now; the number of bytes (0: it would block), or -2 when it is broken.
    long try_write(std::string_view text);

    /// From now on a wait ends with timed_out after this time; the time does not begin again by itself.
    void set_deadline(std::chrono::milliseconds after);
    void clear_deadline();
    /// For the pauses within bodies: each wait for the peer may take this long.
    void set_pause(std::chrono::milliseconds pause) { pause_ = pause; }
    /// Ends the stream from elsewhere: every wait returns `closed`.
    void end();
    /// Says that nothing more will be written (FIN, or TLS close_notify).
    void finish_writing();
    bool ended() const { return ended_; }
    int fd() const { return fd_; }

private:
    friend class Deadlines;
    Task<Status> wait(boost::asio::posix::descriptor_base::wait_type what);
    Status wait_outcome(const boost::system::error_code& failed) const;
    Task<Status> write_tls(std::string_view text);

    Deadlines& deadlines_;
    boost::asio::posix::stream_descriptor descriptor_;
    int fd_;
    SSL* ssl_ = nullptr;
    std::int64_t deadline_ms_ = 0;  ///< 0: none
    std::chrono::milliseconds pause_{30000};
    bool expired_ = false;
    bool ended_ = false;
    bool tls_broken_ = false;
};

} // namespace hameau::gate
