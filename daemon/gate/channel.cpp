// Reading and writing on a non-blocking descriptor, through OpenSSL where there is TLS.
#include "daemon/gate/channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <openssl/err.h>

#include "daemon/base/waiting.hpp"
#include "daemon/gate/handshakes.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

/// Buffers for the whole process: filled and emptied without a wait in between.
std::array<char, batch_bytes> shared_buffer;                // NOLINT: one thread
std::array<char, batch_bytes + 2 * record_bytes> batch;     // NOLINT: one thread
std::size_t batch_used = 0;                                 // NOLINT: one thread

tl::unexpected<Error> closed(std::string_view why) { return fail(ErrorKind::closed, std::string(why)); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

} // namespace

Channel::Channel(Fd socket, Deadlines& deadlines)
    : deadlines_(deadlines), poller_(deadlines.poller()), socket_(std::move(socket)), fd_(socket_.get()) {
    ended_ = !poller_.add(fd_, this);
}

Channel::~Channel() {
    for (Side* side : {&reading_, &writing_}) {
        if (side->waiter != nullptr && !side->posted) {
            poller_.uncount_wait();
            std::exchange(side->waiter, nullptr)->on_abandoned();
        }
    }
    poller_.forget(this);
    deadlines_.remove(this);
    SSL_free(ssl_);
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
        cancel_wait(reading_);
        cancel_wait(writing_);
    }
}

void Channel::finish_writing() {
    if (ssl_ != nullptr && !tls_broken_ && !ended_ && SSL_is_init_finished(ssl_) == 1) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        flush();
    }
    ::shutdown(fd_, SHUT_WR);
}

bool Channel::holds_input() const { return ssl_ != nullptr && !drained_ && SSL_has_pending(ssl_) == 1; }

long Channel::receive(char* data, std::size_t size) {
    const ssize_t n = ::recv(fd_, data, size, 0);
    // Less than was asked for: there was no more, and what comes now the Poller tells (epoll(7), edge-triggered streams).
    if ((n > 0 && static_cast<std::size_t>(n) < size && !hung_up_) || (n < 0 && errno != EINTR && would_block())) {
        readable_ = false;
    }
    return n;
}

int Channel::give_ciphertext(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const long n = static_cast<Channel*>(BIO_get_data(bio))->receive(data, static_cast<std::size_t>(size));
    if (n == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);  // OpenSSL asks for it before it takes the end for one (BIO_CTRL_EOF)
    } else if (n < 0 && would_block()) {
        BIO_set_retry_read(bio);
    }
    return static_cast<int>(n);
}

/// A BIO whose writes are never refused: they go into the batch, or behind what the kernel has refused.
int Channel::take_ciphertext(BIO* bio, const char* data, int size) {
    auto* self = static_cast<Channel*>(BIO_get_data(bio));
    const std::string_view text(data, static_cast<std::size_t>(size));
    if (self->blocked() || batch_used + text.size() > batch.size()) {
        self->flush();
    }
    if (self->blocked() || text.size() > batch.size()) {
        // Reading answers an update of keys (RFC 8446 §4.6.3): a client that asks for them and takes nothing must not fill memory.
        self->tls_broken_ = self->tls_broken_ || self->rest_.size() + text.size() > rest_bytes_max;
        if (!self->tls_broken_) {
            self->rest_.append(text);
        }
    } else {
        std::memcpy(batch.data() + batch_used, text.data(), text.size());
        batch_used += text.size();
    }
    return size;
}

BIO_METHOD* Channel::batch_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "batch");
        BIO_meth_set_write(made, take_ciphertext);
        BIO_meth_set_read(made, give_ciphertext);
        BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) -> long {
            return command == BIO_CTRL_FLUSH || (command == BIO_CTRL_EOF && BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0) ? 1 : 0;
        });
        BIO_meth_set_create(made, [](BIO* bio) {
            BIO_set_init(bio, 1);
            return 1;
        });
        return made;
    }();
    return method;
}

bool Channel::flush() {
    const bool from_rest = blocked();
    const std::string_view text = from_rest ? std::string_view(rest_).substr(rest_at_) : std::string_view(batch.data(), batch_used);
    if (text.empty()) {
        return !tls_broken_;
    }
    const ssize_t n = ended_ ? -1 : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    const std::size_t sent = n > 0 ? static_cast<std::size_t>(n) : 0;
    tls_broken_ = tls_broken_ || (n < 0 && (ended_ || !would_block()));
    if (from_rest) {
        rest_at_ += sent;
        if (rest_at_ == rest_.size() || tls_broken_) {
            rest_ = std::string();
            rest_at_ = 0;
        }
        return !tls_broken_;
    }
    if (sent < text.size() && !tls_broken_) {
        rest_.assign(text.substr(sent));
    }
    batch_used = 0;
    return !tls_broken_;
}

bool Channel::speaks_http2() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    if (ssl_ != nullptr) {
        SSL_get0_alpn_selected(ssl_, &name, &size);
    }
    return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

Task<Status> Channel::accept_tls(SSL_CTX* context, Handshakes& handshakes, std::uint64_t address_key, bool http2) {
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
    BIO* both = BIO_new(batch_method());
    if (ssl_ == nullptr || both == nullptr) {
        BIO_free(both);
        co_return fail(ErrorKind::io, "no memory for TLS");
    }
    BIO_set_data(both, this);
    SSL_set_bio(ssl_, both, both);
    SSL_set_app_data(ssl_, http2 ? this : nullptr);  // for the choice by ALPN
    for (;;) {
        ERR_clear_error();
        const int done = SSL_accept(ssl_);
        const int why = SSL_get_error(ssl_, done);
        flush();
        while (blocked() && !tls_broken_) {
            const Status room = co_await wait_for_room();
            if (!room) {
                co_return room;
            }
            flush();
        }
        if (done == 1) {
            drained_ = false;
            co_return Status{};
        }
        if (why == SSL_ERROR_WANT_READ && !tls_broken_) {
            const Status waited = co_await wait(WaitType::wait_read);
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
        const long n = receive(buffer.data(), buffer.size());
        if (n >= 0) {
            count_read(static_cast<std::size_t>(n));
            return n;
        }
        return would_block() ? -1 : -2;
    }
    ERR_clear_error();
    std::size_t n = 0;
    const int got = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &n);
    if (batch_used > 0) {
        flush();  // reading may have to say something: an update of keys, an alert
    }
    if (tls_broken_) {
        return -2;
    }
    if (got == 1) {
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

long Channel::try_write_plain(std::string_view text, bool more_follows) {
    const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
    if (n >= 0) {
        count_written(static_cast<std::size_t>(n));
        return n;
    }
    return would_block() ? 0 : -2;
}

bool Channel::put_record(std::string_view text) {
    ERR_clear_error();
    std::size_t n = 0;
    while (!text.empty() && !tls_broken_) {
        if (SSL_write_ex(ssl_, text.data(), text.size(), &n) != 1) {
            tls_broken_ = true;
            break;
        }
        count_written(n);
        text.remove_prefix(n);
    }
    return !tls_broken_;
}

long Channel::try_write(std::string_view text) {
    if (ended_) {
        return -2;
    }
    text = text.substr(0, Turn{}.out_bytes);
    if (ssl_ == nullptr) {
        return text.empty() ? 0 : try_write_plain(text, false);
    }
    if (tls_broken_ || (blocked() && !flush())) {
        return -2;
    }
    if (blocked() || text.empty()) {
        return 0;
    }
    text = text.substr(0, batch_bytes);
    return put_record(text) && flush() ? static_cast<long>(text.size()) : -2;
}

long Channel::try_send_file(int file, std::uint64_t offset, std::uint64_t size_bytes) {
    auto at = static_cast<off_t>(offset);
    const ssize_t n = ended_ ? -2 : ::sendfile(fd_, file, &at, std::min<std::uint64_t>(size_bytes, Turn{}.out_bytes));
    if (n > 0) {
        count_written(static_cast<std::size_t>(n));
        return n;
    }
    return n == -1 && would_block() ? 0 : -2;  // 0: the file is shorter than it was
}

Result<bool> Channel::try_send(Body& body) {
    while (!body.empty() && !turn_spent()) {
        const Body::Piece& piece = body.front();
        long n = 0;
        if (ssl_ == nullptr && piece.file != nullptr) {
            n = try_send_file(piece.file->get(), piece.offset, piece.size);
        } else if (piece.file == nullptr && (ssl_ == nullptr || body.is_last_piece())) {
            // Without TLS a header section waits in the kernel for what follows it (MSG_MORE): one segment for a small file.
            n = ssl_ == nullptr ? (ended_ ? -2 : try_write_plain(piece.bytes, !body.is_last_piece())) : try_write(piece.bytes);
        } else if (blocked()) {
            n = try_write({});
        } else {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(body.size(), shared_buffer.size()));
            const bool copied = body.copy(std::span(shared_buffer).first(size));
            n = copied ? try_write({shared_buffer.data(), size}) : -2;
        }
        if (n == -2) {
            return fail(ErrorKind::closed, "the file or the peer has gone");
        }
        if (n == 0) {
            return false;
        }
        body.consume(static_cast<std::uint64_t>(n));
    }
    if (blocked() && !flush()) {
        return fail(ErrorKind::closed, "the peer has gone");
    }
    return body.empty() && !blocked();
}

void Channel::count_read(std::size_t bytes) {
    left_.reads -= left_.reads > 0 ? 1 : 0;
    left_.in_bytes -= std::min(bytes, left_.in_bytes);
}

void Channel::count_written(std::size_t bytes) { left_.out_bytes -= std::min(bytes, left_.out_bytes); }

Task<Status> Channel::next_turn() {
    co_await asio::post(poller_.io(), hameau::wait);
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

Task<Status> Channel::wait_for_room() { return wait(WaitType::wait_write); }

Task<Status> Channel::write_rest(std::string_view text) {
    while (!text.empty() || blocked()) {
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
        text.remove_prefix(static_cast<std::size_t>(n));
        if (n > 0 || (text.empty() && !blocked())) {
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
    if (first.size() + second.size() <= shared_buffer.size() && !blocked() && !turn_spent()) {
        // One record, one system call. What does not go at once moves to memory of its own: others use the buffer.
        std::memcpy(shared_buffer.data(), first.data(), first.size());
        std::memcpy(shared_buffer.data() + first.size(), second.data(), second.size());
        const std::string_view whole(shared_buffer.data(), first.size() + second.size());
        const long n = try_write(whole);
        if (n == -2) {
            co_return closed("the peer has gone");
        }
        const std::string rest(whole.substr(static_cast<std::size_t>(n)));
        co_return co_await write_rest(rest);
    }
    Status head = co_await write_rest(first);
    if (!head) {
        co_return head;
    }
    co_return co_await write_rest(second);
}

Task<Status> Channel::write(std::string_view text) { return write_rest(text); }

Task<Status> Channel::send(Body body) {
    for (;;) {
        const auto sent = try_send(body);
        if (!sent) {
            co_return fail(sent.error());
        }
        if (*sent) {
            co_return Status{};
        }
        Status waited;
        if (turn_spent()) {
            waited = co_await next_turn();
        } else {
            waited = co_await wait(WaitType::wait_write);
        }
        if (!waited) {
            co_return waited;
        }
    }
}

} // namespace hameau::gate
