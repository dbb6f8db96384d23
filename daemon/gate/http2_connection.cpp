// One turn: read, serve, write, then wait for what is missing.
#include "daemon/gate/http2_connection.hpp"

#include <array>
#include <functional>

#include <boost/asio/post.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/gate/dispatch.hpp"
#include "daemon/gate/http1.hpp"
#include "daemon/gate/http2_exchange.hpp"
#include "daemon/gate/services.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

/// One buffer for the whole process: the session takes what arrives at once.
std::array<char, piece_bytes> http2_input;  // NOLINT: one thread

/// For requests that are answered at once: nobody reads their body, nothing is sent piece by piece.
class NoExchange final : public Exchange, public BodySource {
public:
    Task<Result<std::size_t>> read(std::span<char>) override { co_return std::size_t{0}; }
    bool finished() const override { return true; }
    Task<Status> proceed() override { co_return Status{}; }
    void start(Visit&, int, std::string, std::optional<std::uint64_t>) override {}
    Task<Status> write(std::string_view, bool) override { co_return fail(ErrorKind::invalid, "answered at once"); }
    void interrupt_body(bool) override {}
    Channel* tunnel() override { return nullptr; }
    Task<Status> upgrade(std::string) override { co_return fail(ErrorKind::invalid, "answered at once"); }
};

std::string_view code_of(int status) { return status == 414 ? "too_large" : status == 431 ? "head_too_large" : "bad_request"; }

} // namespace

void Http2Connection::start(std::unique_ptr<Visitor> visitor) {
    auto* connection = new Http2Connection(std::move(visitor));  // until die()
    connection->on_turn();
}

Http2Connection::Http2Connection(std::unique_ptr<Visitor> visitor) :
    gate_(visitor->gate), visitor_(std::move(visitor)), session_(*this),
    self_(std::make_shared<Http2Connection*>(this)), share_(std::make_shared<Http2Share>(gate_, visitor_->address)), idle_since_ms_(Deadlines::now_ms()) {
    visitor_->share = share_;
    visitor_->place->http2 = this;
    channel().set_pauses(gate_.options().body_time, gate_.options().body_time);
}

Http2Connection::~Http2Connection() {
    gate_.unfinished_heads_bytes -= held_head_bytes_;
    gate_.wide_windows -= wide_ ? 1 : 0;
    share_->set_unsent(0);
}

bool Http2Connection::may_answer(std::size_t mine) const {
    // The more a connection has, the more must be free: the second of one goes before the 16th of another.
    const std::size_t share = gate_.options().extra_answers * (2 * answers_max - mine) / (2 * answers_max);
    return mine == 0 || (mine < answers_max && gate_.extra_answers < share);
}

void Http2Connection::on_request(Http2StreamPtr stream) { requests_.push_back(std::move(stream)); }

void Http2Connection::on_closed(const Http2Stream& stream) {
    std::erase_if(requests_, [&stream](const Http2StreamPtr& one) { return one.get() == &stream; });
    std::erase_if(calls_, [&stream](const Call& one) { return one.exchange->stream().get() == &stream; });
}

void Http2Connection::on_output() {
    if (!in_turn_) {
        post();
    }
}

void Http2Connection::post() {
    if (!posted_ && !dead_) {
        posted_ = true;
        asio::post(gate_.io(), [this] {
            posted_ = false;
            if (dead_ || finishing_) {
                leave_if_possible();
                return;
            }
            channel().begin_turn();
            on_turn();
        });
    }
}

void Http2Connection::on_wait_end(Channel&, bool reading, Status status) {
    (reading ? reading_ : writing_) = false;
    if (dead_ || finishing_) {
        leave_if_possible();
    } else if (status) {
        on_turn();
    } else if (status.error().kind == ErrorKind::timed_out) {
        on_timeout(reading);
    } else {
        die();
    }
}

void Http2Connection::on_turn() {
    in_turn_ = true;
    bool open = channel().blocked() || read_input();
    if (open) {
        serve_waiting();
        open = channel().try_write({}) != -2;
        session_.send();  // when it breaks it is over
        open = channel().flush() && open;
        share_->set_unsent(session_.unsent());
    }
    in_turn_ = false;
    if (!open) {
        die();
    } else if (session_.is_over() || (gate_.stopping() && visitor_->served && session_.streams() == 0 && !session_.wants_send())) {
        if (!channel().blocked()) {
            finish();
        } else {
            arm();
        }
    } else if (!holds_head() || !keeps_pace(Deadlines::now_ms())) {
        die();
    } else {
        set_deadline();
        arm();
    }
}

bool Http2Connection::read_input() {
    while (!channel().turn_spent() && !session_.is_terminated()) {
        const long n = channel().try_read(http2_input);
        if (n == -1) {
            return true;
        }
        if (n <= 0) {
            return false;
        }
        if (!session_.receive({http2_input.data(), static_cast<std::size_t>(n)})) {
            return true;  // what nghttp2 has to say about it goes out
        }
    }
    return true;
}

void Http2Connection::serve_waiting() {
    while (!requests_.empty() && !channel().turn_spent() && may_answer(session_.unsent())) {
        const Http2StreamPtr stream = std::move(requests_.front());
        requests_.pop_front();
        channel().count_request();
        visitor_->served = true;
        idle_since_ms_ = 0;  // it may be answered, and idle again, when this turn ends
        serve(stream);
    }
}

void Http2Connection::serve(const Http2StreamPtr& stream) {
    NoExchange none;
    Visit visit{gate_, none, stream->head, visitor_->address, "https", none};
    const GateRoute* route = nullptr;
    if (stream->refused != 0) {
        visit.services = true;
        send_problem(visit, stream->refused, code_of(stream->refused));
    } else {
        route = serve_request(visit);
    }
    if (route == nullptr) {
        session_.discard(*stream);
        send_response(*stream, visit);
        return;
    }
    auto exchange = std::make_shared<Http2Exchange>(gate_, self_, stream, visitor_->address);
    if (may_answer(share_->calling())) {
        call_module(std::move(exchange), *route);
    } else {
        calls_.push_back({std::move(exchange), route});
    }
}

namespace {

/// One of the calls that Http2Share counts, from here to the end of the coroutine, whatever ends it.
class CountedCall {
public:
    explicit CountedCall(std::shared_ptr<Http2Share> share) : share_(std::move(share)) { share_->call_begins(); }
    ~CountedCall() { end(); }
    CountedCall(CountedCall&& other) noexcept : share_(std::move(other.share_)) {}
    CountedCall& operator=(CountedCall&&) = delete;
    void end() {
        if (share_ != nullptr) {
            share_->call_ended();
            share_ = nullptr;
        }
    }

private:
    std::shared_ptr<Http2Share> share_;
};

/// Outlives the connection when the client goes.
Task<void> answer(std::shared_ptr<Http2Exchange> exchange, CountedCall counted, const GateRoute& route, Gate& gate,
                  std::function<void(Http2Connection&)> ended) {
    const Http2StreamPtr stream = exchange->stream();
    Visit visit{gate, *exchange, stream->head, exchange->address(), "https", *exchange};
    visit.services = true;
    const Status outcome = co_await serve_route(visit, route);
    exchange->finish(visit, outcome);
    counted.end();
    if (exchange->connection() != nullptr) {
        ended(*exchange->connection());
    }
}

} // namespace

void Http2Connection::call_module(std::shared_ptr<Http2Exchange> exchange, const GateRoute& route) {
    CountedCall counted(share_);
    spawn(gate_.io(), answer(std::move(exchange), std::move(counted), route, gate_, [](Http2Connection& self) { self.call_ended(); }),
          gate_.journal(), "request");
}

void Http2Connection::call_ended() {
    while (!calls_.empty() && may_answer(share_->calling())) {
        Call next = std::move(calls_.front());
        calls_.pop_front();
        call_module(std::move(next.exchange), *next.route);
    }
    if (wide_ && share_->calling() == 0) {
        wide_ = false;  // others wait for one
        --gate_.wide_windows;
        session_.narrow();
    }
}

void Http2Connection::wide_window(Http2Stream& stream) {
    const bool first = !wide_ && gate_.wide_windows < wide_windows_max;
    gate_.wide_windows += first ? 1 : 0;
    wide_ = wide_ || first;
    session_.widen(stream, wide_);
}

bool Http2Connection::holds_head() {
    const std::size_t bytes = session_.unfinished_head_bytes();
    gate_.unfinished_heads_bytes += bytes - held_head_bytes_;
    held_head_bytes_ = bytes;
    head_since_ms_ = bytes == 0 ? 0 : head_since_ms_ == 0 ? Deadlines::now_ms() : head_since_ms_;
    return bytes <= head_bytes_always || gate_.unfinished_heads_bytes <= heads_bytes_max;
}

bool Http2Connection::keeps_pace(std::int64_t now) {
    const bool waits = !channel().blocked() && !session_.wants_send() && session_.unsent() > 0;
    const std::int64_t taken = static_cast<std::int64_t>(session_.sent_bytes() - pace_bytes_);
    if (waits && pace_since_ms_ != 0) {
        if (now - pace_since_ms_ < gate_.options().body_time.count()) {
            return true;
        }
        const std::int64_t least = (now - pace_since_ms_) * bytes_per_second_min / 1000;
        if (taken < least && !session_.end_slow(static_cast<std::uint64_t>(least))) {
            return false;
        }
    }
    session_.judge_anew();
    pace_since_ms_ = waits ? now : 0;
    pace_bytes_ = session_.sent_bytes();
    return true;
}

void Http2Connection::set_deadline() {
    const bool idle = session_.streams() == 0;
    visitor_->set_state(idle && visitor_->served, !idle);
    const std::int64_t now = Deadlines::now_ms();
    if (head_since_ms_ != 0) {
        const std::int64_t left = head_since_ms_ + gate_.options().header_time.count() - now;
        channel().set_deadline(std::chrono::milliseconds(left));
    } else if (idle) {
        idle_since_ms_ = idle_since_ms_ == 0 ? now : idle_since_ms_;
        const auto time = visitor_->served ? gate_.options().idle_time : gate_.options().header_time;
        channel().set_deadline(std::chrono::milliseconds(idle_since_ms_ + time.count() - now));
    } else {
        idle_since_ms_ = 0;
        channel().clear_deadline();
    }
}

void Http2Connection::arm() {
    // A turn that was spent may have left input in the kernel: its next wait would tell.
    const bool more = (!requests_.empty() && may_answer(session_.unsent())) || session_.wants_send() || (channel().turn_spent() && channel().holds_input());
    if (!channel().blocked() && more) {
        post();
        return;
    }
    if (channel().blocked()) {
        if (!writing_) {
            writing_ = true;
            channel().call_when(Channel::WaitType::wait_write, *this);
        }
    } else if (!reading_) {
        reading_ = true;
        channel().call_when(Channel::WaitType::wait_read, *this);
    }
}

void Http2Connection::on_timeout(bool reading) {
    const bool idle = session_.streams() == 0 || head_since_ms_ != 0;
    if (!reading || !keeps_pace(Deadlines::now_ms())) {
        die();
    } else if (idle) {
        in_turn_ = true;
        session_.go_away();
        session_.send();
        channel().flush();
        in_turn_ = false;
        finish();
    } else {
        arm();  // a module thinks, or the client takes what is there
    }
}

void Http2Connection::go_away() {
    session_.go_away();  // sent in a turn of its own
}

void Http2Connection::die() {
    if (dead_) {
        return;
    }
    dead_ = true;
    requests_.clear();
    calls_.clear();
    *self_ = nullptr;
    session_.detach();
    visitor_->place->http2 = nullptr;
    channel().end();
    leave_if_possible();
}

void Http2Connection::finish() {
    if (finishing_ || dead_) {
        return;
    }
    finishing_ = true;
    requests_.clear();
    calls_.clear();
    *self_ = nullptr;
    session_.detach();
    visitor_->place->http2 = nullptr;
    channel().interrupt_reading(true);  // a wait that is open comes back
    leave_if_possible();
}

void Http2Connection::leave_if_possible() {
    if (reading_ || writing_ || posted_ || in_turn_) {
        return;
    }
    if (finishing_ && !dead_) {
        spawn(gate_.io(), drain_and_leave(std::move(visitor_)), gate_.journal(), "last bytes");
    }
    delete this;
}

Task<void> Http2Connection::drain_and_leave(std::unique_ptr<Visitor> visitor) { co_await drain(visitor->channel); }

} // namespace hameau::gate
