// Http2Session: the protocol of one HTTP/2 connection (RFC 9113), by libnghttp2: frames to requests, responses to frames.
// It knows no socket, no clock of its own and no coroutine: http2_connection.cpp gives it bytes and takes records, and a
// fuzzer does the same (tests/fuzz/gate/http2_fuzz.cpp). What a client may ask of it that moves nothing is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <nghttp2/nghttp2.h>

#include "daemon/gate/body.hpp"
#include "daemon/gate/http2_head.hpp"

namespace hameau::gate {

class Http2Session;

/// One request and its response. Shared by the session and by whoever answers; once `closed` nothing is sent any more.
struct Http2Stream {
    /// Somebody who waits for the body of the request, or for room for the response.
    class Watcher {
    public:
        virtual void on_stream_change() = 0;

    protected:
        ~Watcher() = default;
    };

    Http2Session* session = nullptr;  ///< null once closed
    std::int32_t id = 0;
    Http2Head fields;
    RequestHead head;   ///< once the request is handed over; its texts lie in `fields`
    int refused = 0;    ///< a status above 0: `head` is no request, answer with this
    bool ended = false;   ///< the body of the request is complete
    bool discard = false; ///< nobody reads the body any more
    bool closed = false;
    bool started = false; ///< the response has begun
    std::int32_t window = 0;        ///< what widen() asked for; 0: waiting_window_bytes
    std::size_t decoded_bytes = 0;  ///< of all fields that came, trailers too
    std::string input;    ///< bytes of the body that were not read yet
    std::size_t input_at = 0;
    Body out;
    bool out_last = false;
    std::uint64_t sent_bytes = 0;    ///< of the response's body
    std::uint64_t judged_bytes = 0;  ///< the same when end_slow() looked last
    bool deferred = false;  ///< nghttp2 waits for more of `out`
    Watcher* watcher = nullptr;

    std::size_t unread() const { return input.size() - input_at; }
};
using Http2StreamPtr = std::shared_ptr<Http2Stream>;

/// Counts what moves nothing: a bucket that fills again with time.
class IdleFrames {
public:
    /// False: too many. `now_ms` of a monotonic clock.
    bool spend(std::int64_t now_ms);

private:
    std::int64_t left_ms_ = idle_frames_burst * 1000;  ///< thousandths of a frame
    std::int64_t last_ms_ = 0;
};

class Http2Session {
public:
    class Owner {
    public:
        /// A request whose header section is complete; the body may still come. Called from receive(): it must not be
        /// answered from within.
        virtual void on_request(Http2StreamPtr stream) = 0;
        /// That stream is closed: if its turn has not come, nothing of it is to be kept.
        virtual void on_closed(const Http2Stream& stream) = 0;
        /// send() has something to do. Called from outside of receive() and send() too.
        virtual void on_output() = 0;
        /// Whether nothing more is to be written now.
        virtual bool is_full() = 0;
        /// At most one TLS record of plaintext. False: the connection is broken.
        virtual bool put_record(std::string_view text) = 0;
        virtual std::int64_t now_ms() = 0;

    protected:
        ~Owner() = default;
    };

    explicit Http2Session(Owner& owner);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    /// Bytes from the client. False: what comes is no HTTP/2; send() may still have a GOAWAY.
    bool receive(std::string_view bytes);
    /// Writes frames until there is nothing or the owner is full. False: the connection is broken.
    bool send();

    /// The header section; `lines` are "Name: value\r\n". `last`: `body` is all of it. `is_head`: no body is sent.
    void respond(Http2Stream& stream, int status, std::string_view lines, std::optional<std::uint64_t> length, Body body, bool last);
    /// 100 (Continue).
    void proceed(Http2Stream& stream);
    /// More of the body.
    void add(Http2Stream& stream, std::string_view data, bool last);
    void reset(Http2Stream& stream, std::uint32_t code);
    /// Takes bytes of the request's body: the client may send as many again.
    std::size_t read(Http2Stream& stream, std::span<char> buffer);
    /// Nobody reads the body any more.
    void discard(Http2Stream& stream);
    /// The module reads now: a window of upload_window_bytes for this stream. `wide`: of wide_window_bytes, for the
    /// connection too.
    void widen(Http2Stream& stream, bool wide);
    /// The connection's window is connection_window_bytes again.
    void narrow();
    /// No further requests; those that are open are answered.
    void go_away();
    /// Every stream is closed, as for its watcher; nothing is sent any more.
    void detach();

    std::size_t streams() const { return streams_.size(); }
    /// Whether frames wait that are not held up by the client's windows.
    bool wants_send() const { return nghttp2_session_want_write(session_) != 0; }
    /// The protocol has come to its end: the connection may be closed once everything is written.
    bool is_over() const { return broken_ || (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0); }
    /// The client broke the rules, or asked for too much that moves nothing.
    bool is_terminated() const { return terminated_ || broken_; }
    /// Responses that have bytes which were not sent.
    std::size_t unsent() const;
    /// Resets the responses that wait for the client and of which it took less than that since the last call. False: there is
    /// nothing else on this connection.
    bool end_slow(std::uint64_t bytes);
    /// Their count begins anew.
    void judge_anew();
    /// Bytes of responses' bodies that were sent.
    std::uint64_t sent_bytes() const { return sent_bytes_; }
    /// Bytes of a header section that has not come whole; 0: there is none.
    std::size_t unfinished_head_bytes() const;

private:
    struct Callbacks;
    friend struct Callbacks;
    void spend(int frames = 1);
    void seal();
    /// RFC 9113 §6.9.2: the windows of open streams shrink with the client's ACK, those that were widened too.
    void settings_taken();
    void close_stream(std::int32_t id);
    /// The response is complete and the request is not: the stream is closed for us, and reset only when its client goes on for long.
    void linger(std::int32_t id);
    void end_lingering(std::int32_t id);
    /// Bytes of a body that nobody reads.
    void throw_away(std::int32_t id, std::size_t size);
    static void notify(Http2Stream& stream);
    Http2Stream* find(std::int32_t id) const;
    void take_head(Http2Stream& stream, bool ends);

    Owner& owner_;
    nghttp2_session* session_ = nullptr;
    std::unordered_map<std::int32_t, Http2StreamPtr> streams_;
    std::size_t heads_bytes_ = 0;  ///< of all open streams
    std::map<std::int32_t, std::size_t> lingering_;  ///< stream, bytes that came since
    std::int32_t unfinished_ = 0;  ///< the stream whose header section comes; 0: none
    IdleFrames idle_frames_;
    int window_updates_ = 16;      ///< that answer DATA frames, or begin the connection
    std::size_t record_used_ = 0;
    std::uint64_t sent_bytes_ = 0;
    bool terminated_ = false;
    bool broken_ = false;
};

} // namespace hameau::gate
