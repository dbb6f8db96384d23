// Reading and writing on a non-blocking descriptor, through OpenSSL where there is TLS.
#include "daemon/gate/channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/post.hpp>
#include <openssl/err.h>

#include "daemon/base/waiting.hpp"
#include "daemon/gate/handshakes.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

constexpr std::size_t record_bytes = 16384;  // one TLS record (RFC 8446 §5.1)

/// One buffer for the whole process: filled and emptied without a wait in between.
std::array<char, record_bytes> shared_buffer;  // NOLINT: one thread

tl::unexpected<Error> closed(std::string_view why) { return fail(ErrorKind::closed, std::string(why)); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// Bytes that the kernel holds because the peer has not taken them.
int queued_in_kernel(int fd) {
    int bytes = 0;
    return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/// Sends both parts with one call as far as they go; false when the peer is gone.
bool send_parts(int fd, std::string_view& first, std::string_view& second, int flags) {
    std::array<iovec, 2> parts{};
    parts[0] = {const_cast<char*>(first.data()), first.size()};
    parts[1] = {const_cast<char*>(second.data()), second.size()};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t n = ::sendmsg(fd, &message, MSG_NOSIGNAL | flags);
    if (n < 0) {
        return would_block();
    }
    const auto sent = static_cast<std::size_t>(n);
    const std::size_t of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
    return true;
}

} // namespace

std::int64_t Deadlines::now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Deadlines::add(Channel* channel) {
    if (channel->watch_index_ == Channel::not_watched) {
        channel->watch_index_ = watched_.size();
        watched_.push_back(channel);
    }
    if (const std::int64_t next = channel->next_deadline_ms(); next != 0) {
        arm(next);
    }
}

void Deadlines::remove(Channel* channel) {
    if (channel->watch_index_ == Channel::not_watched) {
        return;
    }
    Channel* last = watched_.back();
    watched_[channel->watch_index_] = last;
    last->watch_index_ = channel->watch_index_;
    watched_.pop_back();
    channel->watch_index_ = Channel::not_watched;
}

void Deadlines::arm(std::int64_t deadline_ms) {
    const std::int64_t at = std::max(deadline_ms, now_ms() + sweep_interval_ms);
    if (armed_ms_ != 0 && armed_ms_ <= at) {
        return;
    }
    armed_ms_ = at;
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(at)));
    timer_.async_wait([this](boost::system::error_code failed) {
        if (!failed) {
            sweep();
        }
    });
}

void Deadlines::sweep() {
    armed_ms_ = 0;
    const std::int64_t now = now_ms();
    std::int64_t next = 0;
    for (Channel* channel : watched_) {
        if (channel->expire(now)) {
            continue;
        }
        const std::int64_t deadline = channel->next_deadline_ms();
        next = deadline != 0 && (next == 0 || deadline < next) ? deadline : next;
    }
    if (next != 0) {
        arm(next);
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

std::int64_t Channel::next_deadline_ms() const {
    std::int64_t next = 0;
    for (const Side* side : {&reading_, &writing_}) {
        if (side->waiting && !side->expired) {
            for (const std::int64_t at : {side->deadline_ms, limit_ms_}) {
                next = at != 0 && (next == 0 || at < next) ? at : next;
            }
        }
    }
    return next;
}

bool Channel::expire(std::int64_t now_ms) {
    bool any = false;
    for (Side* side : {&reading_, &writing_}) {
        const bool over = limit_ms_ != 0 && limit_ms_ <= now_ms;
        const bool paused = side->deadline_ms != 0 && side->deadline_ms <= now_ms;
        if (side->waiting && !side->expired && (over || (paused && !makes_progress(*side, now_ms)))) {
            side->expired = true;
            any = true;
        }
    }
    if (any) {
        cancel_waits();
    }
    return any;
}

bool Channel::makes_progress(Side& side, std::int64_t now_ms) const {
    if (&side != &writing_) {
        return false;
    }
    const int queued = queued_in_kernel(fd_);
    const std::int64_t taken = side.queued_bytes - queued;
    if (taken <= 0 || taken * 1000 < (now_ms - side.began_ms) * bytes_per_second_min) {
        return false;
    }
    side.queued_bytes = queued;
    side.began_ms = now_ms;
    side.deadline_ms = now_ms + side.pause.count();
    return true;
}

void Channel::cancel_waits() {
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
}

void Channel::set_deadline(std::chrono::milliseconds after) {
    limit_ms_ = Deadlines::now_ms() + after.count();
    if (reading_.waiting || writing_.waiting) {
        deadlines_.add(this);
    }
}

void Channel::clear_deadline() { limit_ms_ = 0; }

void Channel::end() {
    if (!ended_) {
        ended_ = true;
        ::shutdown(fd_, SHUT_RDWR);
        cancel_waits();
    }
}

void Channel::interrupt_reading(bool on) {
    interrupted_ = on;
    if (on && reading_.waiting) {
        cancel_waits();
    }
}

void Channel::finish_writing() {
    if (ssl_ != nullptr && !tls_broken_ && !ended_ && SSL_is_init_finished(ssl_) == 1) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
    }
    ::shutdown(fd_, SHUT_WR);
}

Status Channel::outcome_of(const Side& side) const {
    if (ended_ || (&side == &reading_ && interrupted_)) {
        return closed("ended");
    }
    return side.expired ? Status(fail(ErrorKind::timed_out, "it took too long")) : Status{};
}

bool Channel::holds_input() const { return ssl_ != nullptr && !drained_ && SSL_has_pending(ssl_) == 1; }

void Channel::begin_wait(Side& side) {
    const std::int64_t now = Deadlines::now_ms();
    side.expired = limit_ms_ != 0 && limit_ms_ <= now;
    side.deadline_ms = limit_ms_ == 0 && side.pause.count() > 0 ? now + side.pause.count() : 0;
    side.began_ms = now;
    side.queued_bytes = &side == &writing_ ? queued_in_kernel(fd_) : 0;
}

void Channel::start_waiting(Side& side) {
    side.waiting = true;
    deadlines_.add(this);
}

std::optional<Status> Channel::end_wait(Side& side, const boost::system::error_code& failed) {
    side.waiting = false;
    left_ = Turn{};
    if (!reading_.waiting && !writing_.waiting) {
        deadlines_.remove(this);
    }
    Status outcome = outcome_of(side);
    // Cancelling reaches both directions: the one that was not meant waits again.
    if (failed == asio::error::operation_aborted && outcome) {
        return std::nullopt;
    }
    if (failed && outcome) {
        return Status(fail(ErrorKind::closed, failed.message()));
    }
    return outcome;
}

Task<Status> Channel::wait(WaitType what) {
    Side& side = side_of(what);
    begin_wait(side);
    Status outcome = outcome_of(side);
    if (!outcome || (what == WaitType::wait_read && holds_input())) {
        co_return outcome;
    }
    for (;;) {
        start_waiting(side);
        auto waited = co_await descriptor_.async_wait(what, hameau::wait);
        const boost::system::error_code failed = std::get<0>(waited);
        if (auto ended = end_wait(side, failed)) {
            co_return *ended;
        }
    }
}

/// The end of a wait without a coroutine.
struct Channel::Resume {
    Channel* channel;
    Waiter* waiter;
    WaitType what;

    void operator()(const boost::system::error_code& failed) const {
        Side& side = channel->side_of(what);
        if (auto ended = channel->end_wait(side, failed)) {
            waiter->on_wait_end(*channel, what == WaitType::wait_read, std::move(*ended));
            return;
        }
        channel->start_waiting(side);
        channel->descriptor_.async_wait(what, *this);
    }
};

void Channel::call_when(WaitType what, Waiter& waiter) {
    Side& side = side_of(what);
    begin_wait(side);
    start_waiting(side);
    const Resume resume{this, &waiter, what};
    if (!outcome_of(side) || (what == WaitType::wait_read && holds_input())) {
        asio::post(descriptor_.get_executor(), [resume] { resume({}); });
        return;
    }
    descriptor_.async_wait(what, resume);
}

Task<Status> Channel::accept_tls(SSL_CTX* context, Handshakes& handshakes, std::uint64_t address_key) {
    // No memory and no processor time for TLS before the client has said something.
    const Status greeted = co_await wait(WaitType::wait_read);
    if (!greeted) {
        co_return greeted;
    }
    co_await handshakes.enter(address_key);
    if (ended_) {
        co_return closed("ended");
    }
    ssl_ = SSL_new(context);
    if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) {
        co_return fail(ErrorKind::io, "no memory for TLS");
    }
    for (;;) {
        ERR_clear_error();
        const int done = SSL_accept(ssl_);
        if (done == 1) {
            drained_ = false;
            co_return Status{};
        }
        const int why = SSL_get_error(ssl_, done);
        if (why == SSL_ERROR_WANT_READ) {
            const Status waited = co_await wait(WaitType::wait_read);
            if (!waited) {
                co_return waited;
            }
        } else if (why == SSL_ERROR_WANT_WRITE) {
            const Status waited = co_await wait(WaitType::wait_write);
            if (!waited) {
                co_return waited;
            }
        } else {
            tls_broken_ = true;
            co_return fail(ErrorKind::invalid, "the TLS handshake failed");
        }
    }
}

long Channel::try_read(std::span<char> buffer) {
    if (ended_ || interrupted_) {
        return -2;
    }
    if (ssl_ == nullptr) {
        const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (n >= 0) {
            count_read(static_cast<std::size_t>(n));
            return n;
        }
        return would_block() ? -1 : -2;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_read_ex(ssl_, buffer.data(), buffer.size(), &n) == 1) {
        drained_ = false;
        count_read(n);
        return static_cast<long>(n);
    }
    drained_ = true;
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
    text = text.substr(0, Turn{}.out_bytes);
    if (ssl_ == nullptr) {
        const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            count_written(static_cast<std::size_t>(n));
            return n;
        }
        return would_block() ? 0 : -2;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_write_ex(ssl_, text.data(), text.size(), &n) == 1) {
        count_written(n);
        return static_cast<long>(n);
    }
    switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    default: tls_broken_ = true; return -2;
    }
}

void Channel::count_read(std::size_t bytes) {
    left_.reads -= left_.reads > 0 ? 1 : 0;
    left_.in_bytes -= std::min(bytes, left_.in_bytes);
}

void Channel::count_written(std::size_t bytes) { left_.out_bytes -= std::min(bytes, left_.out_bytes); }

Task<Status> Channel::next_turn() {
    co_await asio::post(descriptor_.get_executor(), hameau::wait);
    left_ = Turn{};
    if (ended_) {
        co_return closed("ended");
    }
    // A peer that always has something to say never lets us wait: its deadline is looked at here.
    if (limit_ms_ != 0 && limit_ms_ <= Deadlines::now_ms()) {
        co_return fail(ErrorKind::timed_out, "it took too long");
    }
    co_return Status{};
}

Task<Status> Channel::wait_readable() { return wait(WaitType::wait_read); }

Task<Result<std::size_t>> Channel::read_some(std::span<char> buffer) {
    for (;;) {
        if (turn_spent()) {
            const Status turn = co_await next_turn();
            if (!turn) {
                co_return fail(turn.error());
            }
        }
        const long n = try_read(buffer);
        if (n >= 0) {
            co_return static_cast<std::size_t>(n);
        }
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        const Status waited = co_await wait(WaitType::wait_read);
        if (!waited) {
            co_return fail(waited.error());
        }
    }
}

Task<Status> Channel::write_rest(std::string_view text) {
    while (!text.empty()) {
        if (turn_spent()) {
            Status turn = co_await next_turn();
            if (!turn) {
                co_return turn;
            }
        }
        const long n = try_write(text);
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        if (n > 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        Status waited = co_await wait(WaitType::wait_write);
        if (!waited) {
            co_return waited;
        }
    }
    co_return Status{};
}

Task<Status> Channel::write(std::string_view first, std::string_view second) {
    if (ssl_ != nullptr && !second.empty() && first.size() < shared_buffer.size()) {
        // The header section and the beginning of the body are one record. What does not go at once moves to memory of its own: others
        // use the buffer.
        const std::size_t taken = std::min(second.size(), shared_buffer.size() - first.size());
        std::memcpy(shared_buffer.data(), first.data(), first.size());
        std::memcpy(shared_buffer.data() + first.size(), second.data(), taken);
        const std::string_view whole(shared_buffer.data(), first.size() + taken);
        const long n = try_write(whole);
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        if (static_cast<std::size_t>(n) < whole.size()) {
            const std::string rest(whole.substr(static_cast<std::size_t>(n)));
            Status written = co_await write_rest(rest);
            if (!written) {
                co_return written;
            }
        }
        second.remove_prefix(taken);
        if (second.empty()) {
            co_return Status{};
        }
        co_return co_await write_rest(second);
    }
    if (ssl_ != nullptr || second.empty()) {
        Status head = co_await write_rest(first);
        if (!head || second.empty()) {
            co_return head;
        }
        co_return co_await write_rest(second);
    }
    for (;;) {
        const std::size_t before = first.size() + second.size();
        if (ended_ || !send_parts(fd_, first, second, 0)) {
            co_return closed("the peer has gone");
        }
        const std::size_t after = first.size() + second.size();
        count_written(before - after);
        if (after == 0) {
            co_return Status{};
        }
        Status waited = co_await wait(WaitType::wait_write);
        if (!waited) {
            co_return waited;
        }
    }
}

Task<Status> Channel::write(std::string_view text) { return write_rest(text); }

Task<Status> Channel::send_file_plain(int file, std::uint64_t offset, std::uint64_t size_bytes) {
    auto at = static_cast<off_t>(offset);
    while (size_bytes > 0) {
        if (turn_spent()) {
            Status turn = co_await next_turn();
            if (!turn) {
                co_return turn;
            }
        }
        const ssize_t n = ended_ ? -2 : ::sendfile(fd_, file, &at, std::min<std::uint64_t>(size_bytes, Turn{}.out_bytes));
        if (n > 0) {
            size_bytes -= static_cast<std::uint64_t>(n);
            count_written(static_cast<std::size_t>(n));
            continue;
        }
        if (n != -1 || !would_block()) {
            co_return closed("the file or the peer has gone");
        }
        Status waited = co_await wait(WaitType::wait_write);
        if (!waited) {
            co_return waited;
        }
    }
    co_return Status{};
}

Task<Status> Channel::send_file(std::string_view head, int file, std::uint64_t offset, std::uint64_t size_bytes) {
    if (ssl_ == nullptr) {
        std::string_view nothing;
        // The header section waits in the kernel for the file's first bytes (MSG_MORE): one segment for a small file.
        if (ended_ || !send_parts(fd_, head, nothing, MSG_MORE)) {
            co_return closed("the peer has gone");
        }
    }
    Status sent = co_await write_rest(head);
    if (!sent) {
        co_return sent;
    }
    if (ssl_ == nullptr) {
        co_return co_await send_file_plain(file, offset, size_bytes);
    }
    while (size_bytes > 0) {
        if (turn_spent()) {
            sent = co_await next_turn();
            if (!sent) {
                co_return sent;
            }
        }
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, shared_buffer.size()));
        const ssize_t n = ::pread(file, shared_buffer.data(), wanted, static_cast<off_t>(offset));
        if (n <= 0) {
            co_return closed("the file is shorter than it was");
        }
        const std::string_view piece(shared_buffer.data(), static_cast<std::size_t>(n));
        const long written = try_write(piece);
        if (written == -2) {
            co_return closed("the peer has gone");
        }
        if (written < n) {
            const std::string rest(piece.substr(static_cast<std::size_t>(written)));
            sent = co_await write_rest(rest);
            if (!sent) {
                co_return sent;
            }
        }
        offset += static_cast<std::uint64_t>(n);
        size_bytes -= static_cast<std::uint64_t>(n);
    }
    co_return Status{};
}

} // namespace hameau::gate
