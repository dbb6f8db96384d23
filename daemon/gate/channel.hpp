// Channel: one byte stream of the gate (a visitor's TCP connection, with or without TLS, or a module's Unix socket).
// Raw descriptors and a Poller: an idle TLS connection holds OpenSSL's 14 KiB and no buffers. Records are encrypted into
// one batch of the process and handed to the kernel together; only what it refuses is kept with the connection.
// One coroutine (or Waiter) may read while another one writes; never two of the same kind.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/ssl.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/gate/body.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/poller.hpp"

namespace hameau::gate {

template <class T>
using Task = boost::asio::awaitable<T>;

class Channel;

/// What the waits of all channels share: the Poller, and what ends those that last too long. One timer for all, set to the nearest deadline (whole seconds); none while nobody
/// has a deadline.
class Deadlines {
public:
    explicit Deadlines(boost::asio::io_context& io) : timer_(io), poller_(io) {}
    /// Watches the channel until it is removed; again whenever its deadline changes.
    void add(Channel* channel);
    void remove(Channel* channel);
    /// Milliseconds of the monotonic clock.
    static std::int64_t now_ms();
    Poller& poller() { return poller_; }

private:
    void arm(std::int64_t deadline_ms);
    void sweep();

    boost::asio::steady_timer timer_;
    std::vector<Channel*> watched_;
    std::int64_t armed_ms_ = 0;  ///< when the timer fires; 0: it does not run
    Poller poller_;
};

class Channel {
public:
    using WaitType = boost::asio::posix::descriptor_base::wait_type;

    /// Somebody who waits without a coroutine: what may last (an idle connection, a tunnel) holds no frames meanwhile.
    class Waiter {
    public:
        /// The wait that was begun by call_when is over; `reading` says which. Errors: closed, timed_out.
        /// The channel may be destroyed from here.
        virtual void on_wait_end(Channel& channel, bool reading, Status status) = 0;
        /// The channel is destroyed in the middle of the wait (at the end of the process: see call_when).
        virtual void on_abandoned() {}

    protected:
        ~Waiter() = default;
    };

    Channel(Fd socket, Deadlines& deadlines);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// TLS as the server, with this context; waits for its place among the handshakes of all. `http2`: whether that is
    /// offered by ALPN. Errors: closed, timed_out, invalid (the peer's fault).
    Task<Status> accept_tls(SSL_CTX* context, class Handshakes& handshakes, std::uint64_t address_key, bool http2);
    bool is_tls() const { return ssl_ != nullptr; }
    /// Whether HTTP/2 was agreed on by ALPN (RFC 9113 §3.2).
    bool speaks_http2() const;

    /// Returns when a read would give something, the end included. No buffer is held meanwhile.
    Task<Status> wait_readable();
    /// Calls the waiter once, from the event loop and never from within, when a read (or write) would go on.
    /// Channel and waiter must live until then: whoever wants to be rid of them calls end() first.
    void call_when(WaitType what, Waiter& waiter);
    /// Whether bytes that came already wait within TLS: the socket would say nothing of them.
    bool holds_input() const;
    /// Whether this connection has done what it may before the others have their turn. Every waiting read and write
    /// looks by itself; whoever loops over try_read() asks, and awaits next_turn().
    bool turn_spent() const { return left_.reads == 0 || left_.in_bytes == 0 || left_.out_bytes == 0 || left_.requests == 0; }
    /// Whether it has written what it may in this turn.
    bool output_spent() const { return left_.out_bytes == 0; }
    /// Goes to the end of the event loop's queue. Errors: closed, timed_out.
    Task<Status> next_turn();
    /// What next_turn() does for whoever posts itself.
    void begin_turn() { left_ = Turn{}; }
    /// One more of the requests of this turn.
    void count_request() { left_.requests -= left_.requests > 0 ? 1 : 0; }
    /// At most buffer.size() bytes; 0 at the end. Errors: closed, timed_out.
    Task<Result<std::size_t>> read_some(std::span<char> buffer);
    /// Both texts, whole. They must live until it returns.
    Task<Status> write(std::string_view first, std::string_view second);
    Task<Status> write(std::string_view text);
    /// Writes the body as far as it goes now; true once the kernel has all of it. Errors: closed.
    Result<bool> try_send(Body& body);
    /// The whole body.
    Task<Status> send(Body body);

    /// Reads now without waiting: the number of bytes, 0 at the end, -1 when nothing is there, -2 when it is broken.
    long try_read(std::span<char> buffer);
    /// Writes what goes now; the number of bytes (0: it would block), or -2 when it is broken. What was taken may still
    /// wait here as ciphertext: see blocked().
    long try_write(std::string_view text);
    /// Whether the kernel has not taken all ciphertext yet. Then a wait for room and a try_write() (of nothing, too) go on.
    bool blocked() const { return rest_at_ < rest_.size(); }
    /// TLS: `text`, at most one record, is encrypted into the batch of this turn. False: the connection is broken.
    bool put_record(std::string_view text);
    /// Hands the batch to the kernel: one system call for up to four records. False: the connection is broken.
    bool flush();

    /// All waits end with timed_out at that time from now, however many there are, until it is cleared.
    void set_deadline(std::chrono::milliseconds after);
    void clear_deadline();
    /// Where no deadline is set, each wait for the peer may take this long; 0: for ever. A wait for room goes on while
    /// the peer takes at least bytes_per_second_min of what is queued: a slow line is no silent one.
    void set_pauses(std::chrono::milliseconds reading, std::chrono::milliseconds writing) {
        reading_.pause = reading;
        writing_.pause = writing;
    }
    /// Ends the stream from elsewhere: every wait returns `closed`.
    void end();
    /// Reads return `closed` until it is switched off again; what is being written goes on.
    void interrupt_reading(bool on);
    /// Says that nothing more will be written (FIN, or TLS close_notify).
    void finish_writing();
    bool ended() const { return ended_; }
    int fd() const { return fd_; }

private:
    friend class Deadlines;
    friend class Poller;
    /// One of the two directions, as far as somebody waits for it.
    struct Side {
        Waiter* waiter = nullptr;
        bool posted = false;   ///< the waiter goes on, by the event loop's queue
        bool waiting = false;
        bool expired = false;
        std::int64_t deadline_ms = 0;  ///< 0: none
        std::chrono::milliseconds pause{30000};
        std::int64_t began_ms = 0;   ///< of the pause that deadline_ms ends
        int queued_bytes = 0;        ///< in the kernel at began_ms (writing only)
    };
    Task<Status> wait(WaitType what);
    void begin_wait(Side& side);
    /// The second half of call_when: behind begin_wait.
    void park(WaitType what, Waiter& waiter);
    Status end_wait(Side& side);
    void resume(Side& side);
    void post_resume(Side& side);
    void cancel_wait(Side& side);
    /// What the Poller tells; the channel may be destroyed from there.
    void on_readable(std::uint32_t events);
    void on_writable(std::uint32_t events);
    Side& side_of(WaitType what) { return what == WaitType::wait_read ? reading_ : writing_; }
    Status outcome_of(const Side& side) const;
    Task<Status> write_rest(std::string_view text);
    Task<Status> wait_for_room();
    long try_write_plain(std::string_view text, bool more_follows);
    long try_send_file(int file, std::uint64_t offset, std::uint64_t size_bytes);
    static int take_ciphertext(BIO* bio, const char* data, int size);
    static int give_ciphertext(BIO* bio, char* data, int size);
    /// recv(2), which tells whether there may be more.
    long receive(char* data, std::size_t size);
    static BIO_METHOD* batch_method();
    std::int64_t next_deadline_ms() const;
    bool expire(std::int64_t now_ms);
    void count_read(std::size_t bytes);
    void count_written(std::size_t bytes);
    /// Whether the peer took bytes_per_second_min since the wait began, although there is no room yet.
    bool makes_progress(Side& side, std::int64_t now_ms) const;

    Deadlines& deadlines_;
    Poller& poller_;
    Fd socket_;
    int fd_;
    SSL* ssl_ = nullptr;
    std::size_t watch_index_ = not_watched;
    std::int64_t limit_ms_ = 0;  ///< of set_deadline; 0: none
    Side reading_;
    Side writing_;
    bool readable_ = false;         ///< the kernel may have input: the Poller said so, and no read has found the end of it
    bool hung_up_ = false;          ///< the peer has ended its direction: a read always tells something
    bool watches_writing_ = false;  ///< the Poller tells of room
    bool ended_ = false;
    bool interrupted_ = false;
    bool tls_broken_ = false;
    Turn left_;            ///< of the present turn; a wait begins a new one
    std::string rest_;          ///< ciphertext that the kernel refused
    std::size_t rest_at_ = 0;   ///< what of it the kernel has taken since
    bool drained_ = true;  ///< the last read found nothing more, or there was none since the last wait

    static constexpr std::size_t not_watched = static_cast<std::size_t>(-1);
};

} // namespace hameau::gate
