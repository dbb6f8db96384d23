// Reading and writing on a non-blocking descriptor, through OpenSSL where there is TLS.
#include "daemon/gate/channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

constexpr auto wait_here = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds sweep_interval{1};
constexpr std::size_t record_bytes = 16384;  // one TLS record (RFC 8446 §5.1)
constexpr std::size_t sendfile_slice_bytes = 1 << 20;

/// One buffer for the whole process: filled and emptied without a wait in between.
std::array<char, record_bytes> shared_buffer;  // NOLINT: one thread

tl::unexpected<Error> closed(std::string_view why) { return fail(ErrorKind::closed, std::string(why)); }

} // namespace

std::int64_t Deadlines::now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Deadlines::add(Channel* channel) {
    waiting_.insert(channel);
    arm();
}

void Deadlines::remove(Channel* channel) { waiting_.erase(channel); }

void Deadlines::arm() {
    if (armed_ || waiting_.empty()) {
        return;
    }
    armed_ = true;
    timer_.expires_after(sweep_interval);
    timer_.async_wait([this](boost::system::error_code failed) {
        armed_ = false;
        if (!failed) {
            sweep();
            arm();
        }
    });
}

void Deadlines::sweep() {
    const std::int64_t now = now_ms();
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        Channel* channel = *at;
        if (channel->deadline_ms_ != 0 && channel->deadline_ms_ <= now) {
            at = waiting_.erase(at);
            channel->expired_ = true;
            boost::system::error_code ignored;
            channel->descriptor_.cancel(ignored);
        } else {
            ++at;
        }
    }
}

Channel::Channel(asio::io_context& io, Fd socket, Deadlines& deadlines)
    : deadlines_(deadlines), descriptor_(io), fd_(socket.get()) {
    descriptor_.assign(socket.release());
}

Channel::~Channel() {
    deadlines_.remove(this);
    SSL_free(ssl_);
}

void Channel::set_deadline(std::chrono::milliseconds after) {
    deadline_ms_ = Deadlines::now_ms() + after.count();
    expired_ = false;
    deadlines_.add(this);
}

void Channel::clear_deadline() {
    deadline_ms_ = 0;
    deadlines_.remove(this);
}

void Channel::end() {
    ended_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
}

void Channel::finish_writing() {
    if (ssl_ != nullptr && !tls_broken_ && SSL_is_init_finished(ssl_) == 1) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
    }
    ::shutdown(fd_, SHUT_WR);
}

Status Channel::wait_outcome(const boost::system::error_code& failed) const {
    if (ended_) {
        return closed("ended");
    }
    if (expired_) {
        return fail(ErrorKind::timed_out, "it took too long");
    }
    return failed ? Status(fail(ErrorKind::closed, failed.message())) : Status{};
}

Task<Status> Channel::wait(asio::posix::descriptor_base::wait_type what) {
    if (ended_ || expired_) {
        const boost::system::error_code none;
        co_return wait_outcome(none);
    }
    const bool own_deadline = deadline_ms_ == 0 && pause_.count() > 0;
    if (own_deadline) {
        set_deadline(pause_);
    }
    auto waited = co_await descriptor_.async_wait(what, wait_here);
    const boost::system::error_code failed = std::get<0>(waited);
    if (own_deadline) {
        clear_deadline();
    }
    co_return wait_outcome(failed);
}

Task<Status> Channel::accept_tls(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) {
        co_return fail(ErrorKind::io, "no memory for TLS");
    }
    for (;;) {
        ERR_clear_error();
        const int done = SSL_accept(ssl_);
        if (done == 1) {
            co_return Status{};
        }
        const int why = SSL_get_error(ssl_, done);
        if (why == SSL_ERROR_WANT_READ) {
            const Status waited = co_await wait(asio::posix::descriptor_base::wait_read);
            if (!waited) {
                co_return waited;
            }
        } else if (why == SSL_ERROR_WANT_WRITE) {
            const Status waited = co_await wait(asio::posix::descriptor_base::wait_write);
            if (!waited) {
                co_return waited;
            }
        } else {
            tls_broken_ = true;
            co_return fail(ErrorKind::invalid, "the TLS hand-shake failed");
        }
    }
}

long Channel::try_read(std::span<char> buffer) {
    if (ended_) {
        return -2;
    }
    if (ssl_ == nullptr) {
        const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (n >= 0) {
            return n;
        }
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : -2;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_read_ex(ssl_, buffer.data(), buffer.size(), &n) == 1) {
        return static_cast<long>(n);
    }
    switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: tls_broken_ = true; return -2;
    }
}

long Channel::try_write(std::string_view text) {
    if (ended_) {
        return -2;
    }
    if (ssl_ == nullptr) {
        const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            return n;
        }
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -2;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_write_ex(ssl_, text.data(), text.size(), &n) == 1) {
        return static_cast<long>(n);
    }
    switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    default: tls_broken_ = true; return -2;
    }
}

Task<Status> Channel::wait_readable() {
    if (ssl_ != nullptr && SSL_pending(ssl_) > 0) {
        co_return Status{};
    }
    co_return co_await wait(asio::posix::descriptor_base::wait_read);
}

Task<Result<std::size_t>> Channel::read_some(std::span<char> buffer) {
    for (;;) {
        const long n = try_read(buffer);
        if (n >= 0) {
            co_return static_cast<std::size_t>(n);
        }
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        const Status waited = co_await wait(asio::posix::descriptor_base::wait_read);
        if (!waited) {
            co_return fail(waited.error());
        }
    }
}

Task<Status> Channel::write_tls(std::string_view text) {
    while (!text.empty()) {
        const long n = try_write(text);
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        if (n > 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        const Status waited = co_await wait(asio::posix::descriptor_base::wait_write);
        if (!waited) {
            co_return waited;
        }
    }
    co_return Status{};
}

Task<Status> Channel::write(std::string_view first, std::string_view second) {
    if (ssl_ != nullptr) {
        if (first.size() + second.size() <= shared_buffer.size()) {
            // One record for head and body. What does not go at once moves to memory of its own: others use the buffer.
            std::memcpy(shared_buffer.data(), first.data(), first.size());
            if (!second.empty()) {
                std::memcpy(shared_buffer.data() + first.size(), second.data(), second.size());
            }
            const std::string_view whole(shared_buffer.data(), first.size() + second.size());
            const long n = try_write(whole);
            if (n == static_cast<long>(whole.size())) {
                co_return Status{};
            }
            if (n == -2) {
                co_return closed("the peer has gone");
            }
            const std::string rest(whole.substr(static_cast<std::size_t>(n)));
            co_return co_await write_tls(rest);
        }
        const Status head = co_await write_tls(first);
        if (!head) {
            co_return head;
        }
        co_return co_await write_tls(second);
    }
    while (!first.empty() || !second.empty()) {
        std::array<iovec, 2> parts{};
        parts[0] = {const_cast<char*>(first.data()), first.size()};
        parts[1] = {const_cast<char*>(second.data()), second.size()};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t n = ended_ ? -1 : ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        if (n < 0 && (ended_ || (errno != EAGAIN && errno != EINTR))) {
            co_return closed("the peer has gone");
        }
        if (n < 0) {
            const Status waited = co_await wait(asio::posix::descriptor_base::wait_write);
            if (!waited) {
                co_return waited;
            }
            continue;
        }
        const auto sent = static_cast<std::size_t>(n);
        const std::size_t of_first = std::min(sent, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(sent - of_first);
    }
    co_return Status{};
}

Task<Status> Channel::write(std::string_view text) {
    const std::string_view nothing;
    co_return co_await write(text, nothing);
}

Task<Status> Channel::send_file(int file, std::uint64_t offset, std::uint64_t size_bytes) {
    auto at = static_cast<off_t>(offset);
    while (size_bytes > 0) {
        if (ssl_ == nullptr) {
            const ssize_t n = ::sendfile(fd_, file, &at, std::min<std::uint64_t>(size_bytes, sendfile_slice_bytes));
            if (n > 0) {
                size_bytes -= static_cast<std::uint64_t>(n);
                continue;
            }
            if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                co_return closed("the file or the peer has gone");
            }
            const Status waited = co_await wait(asio::posix::descriptor_base::wait_write);
            if (!waited) {
                co_return waited;
            }
            continue;
        }
        const ssize_t n = ::pread(file, shared_buffer.data(), std::min<std::uint64_t>(size_bytes, shared_buffer.size()), at);
        if (n <= 0) {
            co_return closed("the file is shorter than it was");
        }
        const std::string_view piece(shared_buffer.data(), static_cast<std::size_t>(n));
        const long sent = try_write(piece);
        if (sent == -2) {
            co_return closed("the peer has gone");
        }
        if (sent < n) {
            const std::string rest(piece.substr(static_cast<std::size_t>(sent)));
            const Status written = co_await write_tls(rest);
            if (!written) {
                co_return written;
            }
        }
        at += n;
        size_bytes -= static_cast<std::uint64_t>(n);
    }
    co_return Status{};
}

} // namespace hameau::gate
