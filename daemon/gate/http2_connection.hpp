// Http2Connection: the socket side of an HTTP/2 connection: reads and writes within a turn, serves requests one after the
// other, ends who is idle or too slow. No coroutine belongs to it; one runs for each request that a module answers.
#pragma once

#include <deque>
#include <memory>

#include "daemon/gate/http2_session.hpp"
#include "daemon/gate/visitor.hpp"

namespace hameau::gate {

class Http2Exchange;

/// Owns itself and the visitor until the connection has ended.
class Http2Connection final : Channel::Waiter, Http2Session::Owner {
public:
    /// After the handshake, once ALPN has chosen it.
    static void start(std::unique_ptr<Visitor> visitor);
    /// The gate stops: what is open is answered, nothing more is taken (RFC 9113 §6.8). Never ends from within.
    void go_away();

private:
    friend class Http2Exchange;
    explicit Http2Connection(std::unique_ptr<Visitor> visitor);
    ~Http2Connection();
    Http2Connection(const Http2Connection&) = delete;
    Http2Connection& operator=(const Http2Connection&) = delete;

    void on_wait_end(Channel& channel, bool reading, Status status) override;
    void on_request(Http2StreamPtr stream) override;
    void on_closed(const Http2Stream& stream) override;
    void on_output() override;
    bool is_full() override { return channel().blocked() || channel().output_spent(); }
    bool put_record(std::string_view text) override { return channel().put_record(text); }
    std::int64_t now_ms() override { return Deadlines::now_ms(); }

    Channel& channel() { return visitor_->channel; }
    void post();
    void on_turn();
    /// False: the client has gone.
    bool read_input();
    void serve_waiting();
    void serve(const Http2StreamPtr& stream);
    void call_module(std::shared_ptr<Http2Exchange> exchange, const GateRoute& route);
    void call_ended();
    void wide_window(Http2Stream& stream);
    /// Whether one more answer may begin beside `mine` of its kind.
    bool may_answer(std::size_t mine) const;
    /// What is to be waited for next.
    void arm();
    void set_deadline();
    bool holds_head();
    /// Whether the client took at least bytes_per_second_min of what waits for it. Else those responses are reset, and
    /// false: there was nothing else.
    bool keeps_pace(std::int64_t now_ms);
    void on_timeout(bool reading);
    /// Nothing more is read or written; deletes this once nobody calls back any more.
    void die();
    /// The same after the client has read what was written last.
    void finish();
    void leave_if_possible();
    static Task<void> drain_and_leave(std::unique_ptr<Visitor> visitor);

    Gate& gate_;
    std::unique_ptr<Visitor> visitor_;
    Http2Session session_;
    std::shared_ptr<Http2Connection*> self_;  ///< for coroutines that may outlive the connection
    std::shared_ptr<Http2Share> share_;
    std::deque<Http2StreamPtr> requests_;  ///< whose turn has not come
    struct Call {
        std::shared_ptr<Http2Exchange> exchange;
        const GateRoute* route;
    };
    std::deque<Call> calls_;  ///< that wait for a place among answers_max
    std::size_t held_head_bytes_ = 0;  ///< our share of Gate::unfinished_heads_bytes
    std::int64_t idle_since_ms_ = 0;
    std::int64_t head_since_ms_ = 0;   ///< 0: no header section is incomplete
    std::int64_t pace_since_ms_ = 0;   ///< 0: nothing waits for the client's window
    std::uint64_t pace_bytes_ = 0;
    bool wide_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool posted_ = false;
    bool in_turn_ = false;
    bool dead_ = false;
    bool finishing_ = false;
};

} // namespace hameau::gate
