// A visitor's connection: handshake, one request after the other, the end. What a request names decides who answers.
#include <array>

#include "daemon/base/spawn.hpp"
#include "daemon/gate/dispatch.hpp"
#include "daemon/gate/head_parser.hpp"
#include "daemon/gate/http1.hpp"
#include "daemon/gate/http2_connection.hpp"
#include "daemon/gate/services.hpp"
#include "daemon/gate/visitor.hpp"

namespace hameau::gate {

namespace {

/// One buffer for the whole process: what arrives is moved to the connection's own text at once.
std::array<char, piece_bytes> shared_input;  // NOLINT: one thread

enum class Next { request, answered, gone };

/// The share of one connection in the bytes of unfinished header sections.
class HeadShare {
public:
    explicit HeadShare(Gate& gate) : gate_(gate) {}
    ~HeadShare() { gate_.unfinished_heads_bytes -= bytes_; }
    HeadShare(const HeadShare&) = delete;
    HeadShare& operator=(const HeadShare&) = delete;
    /// False: all connections together hold too much, and this one more than everybody may.
    bool hold(std::size_t bytes) {
        gate_.unfinished_heads_bytes += bytes - bytes_;
        bytes_ = bytes;
        return bytes_ <= head_bytes_always || gate_.unfinished_heads_bytes <= heads_bytes_max;
    }

private:
    Gate& gate_;
    std::size_t bytes_ = 0;
};

/// RFC 9112 §2.2: empty lines before a request are passed over. False: there are too many.
bool skip_blank_lines(std::string& input, std::size_t& skipped, HeadParser& parser) {
    std::size_t size = 0;
    while (input.compare(size, 2, "\r\n") == 0) {
        size += 2;
    }
    if (size > 0) {
        input.erase(0, size);
        skipped += size;
        parser = HeadParser();
    }
    return skipped <= blank_bytes_max;
}

/// A response to something that is no request.
Task<void> refuse_head(Visitor& visitor, int status) {
    RequestHead nothing;
    std::string input;
    BodyReader body(visitor.channel, input, nothing, visitor.gate.options().body_time);
    Http1Exchange exchange(visitor.channel);
    exchange.keep_alive = false;
    Visit visit{visitor.gate, exchange, nothing, visitor.address, visitor.scheme(), body};
    visit.services = true;
    const std::string_view code = status == 414 ? "too_large" : status == 431 ? "head_too_large" : status == 408 ? "timed_out"
                                  : status == 503 ? "full" : "bad_request";
    send_problem(visit, status, code);
    Body response = exchange.take_response(visit);
    const Status sent = co_await visitor.channel.send(std::move(response));
    if (sent) {
        co_await drain(visitor.channel);
    }
}

/// One request whose header section is `text`, as the parser found it. False: the connection ends.
Task<bool> serve_one(Visitor& visitor, std::string text, const HeadParser& parser) {
    Gate& gate = visitor.gate;
    const auto head = parser.finish(text);
    if (!head) {
        co_await refuse_head(visitor, head.error().status);
        co_return false;
    }
    visitor.channel.clear_deadline();
    visitor.channel.set_pauses(gate.options().body_time, gate.options().body_time);
    BodyReader body(visitor.channel, visitor.input, *head, gate.options().body_time);
    Http1Exchange exchange(visitor.channel);
    exchange.keep_alive = head->keep_alive && !gate.stopping();
    Visit visit{gate, exchange, *head, visitor.address, visitor.scheme(), body};
    Status outcome;
    if (const GateRoute* route = serve_request(visit)) {
        outcome = co_await serve_route(visit, *route);
    }
    if (outcome && visit.response.status != 0) {
        Body response = exchange.take_response(visit);
        outcome = co_await visitor.channel.send(std::move(response));
    }
    if (!outcome) {
        co_return false;
    }
    if (visit.upgrade) {
        visitor.upgrade = std::move(visit.upgrade);
        co_return false;
    }
    if (exchange.keep_alive && body.finished() && !gate.stopping()) {
        co_return true;
    }
    // Who asked for the end and said nothing more has sent its last byte.
    const bool said_all = !head->keep_alive && body.finished() && visitor.input.empty() && !visitor.channel.holds_input();
    if (said_all) {
        visitor.channel.finish_writing();
    } else {
        co_await drain(visitor.channel);
    }
    co_return false;
}

/// Reads until a header section is complete; the parser then knows its size.
Task<Next> read_head(Visitor& visitor, HeadParser& parser) {
    Channel& channel = visitor.channel;
    std::string& input = visitor.input;
    HeadShare share(visitor.gate);
    std::size_t skipped = 0;
    bool timed = !input.empty();
    if (timed) {
        channel.set_deadline(visitor.gate.options().header_time);
    }
    for (;;) {
        const bool orderly = skip_blank_lines(input, skipped, parser);
        const auto state = parser.scan(input);
        if (!orderly || state == HeadParser::State::refused) {
            const int status = orderly ? parser.problem().status : 400;
            co_await refuse_head(visitor, status);
            co_return Next::answered;
        }
        if (state == HeadParser::State::complete) {
            co_return Next::request;
        }
        if (!share.hold(input.capacity())) {
            co_await refuse_head(visitor, 503);
            co_return Next::answered;
        }
        Status waited;
        if (channel.turn_spent()) {
            waited = co_await channel.next_turn();
        }
        const long n = waited ? channel.try_read(shared_input) : -1;
        if (n == 0 || n == -2) {
            co_return Next::gone;
        }
        if (n > 0) {
            if (!timed) {
                timed = true;
                channel.set_deadline(visitor.gate.options().header_time);
            }
            input.append(shared_input.data(), static_cast<std::size_t>(n));
            continue;
        }
        if (waited) {
            waited = co_await channel.wait_readable();
        }
        if (!waited) {
            if (waited.error().kind == ErrorKind::timed_out && timed) {
                co_await refuse_head(visitor, 408);
            }
            co_return Next::gone;
        }
    }
}

/// The next request of this connection. False: the connection ends.
Task<bool> serve_next(Visitor& visitor) {
    HeadParser parser;
    const Next next = co_await read_head(visitor, parser);
    if (next != Next::request) {
        co_return false;
    }
    visitor.set_state(false, true);
    std::string text = std::exchange(visitor.input, std::string());
    if (const std::size_t size = parser.size(); text.size() > size) {
        visitor.input.assign(text, size);
        text.resize(size);
    }
    const bool open = co_await serve_one(visitor, std::move(text), parser);
    visitor.channel.set_deadline(visitor.gate.options().idle_time);
    co_return open;
}

/// The handshake. False: there is nobody to serve.
Task<bool> begin(Visitor& visitor) {
    visitor.channel.set_deadline(visitor.gate.options().header_time);
    if (visitor.tls) {
        const std::uint64_t key = ConnectionLimits::key_of(visitor.address);
        const Status accepted = co_await visitor.channel.accept_tls(visitor.gate.tls().context(), visitor.gate.handshakes(), key,
                                                                     visitor.gate.options().http2 && visitor.admitted);
        if (!accepted) {
            co_return false;
        }
    }
    if (!visitor.admitted) {
        co_await refuse_head(visitor, 503);
    }
    co_return visitor.admitted;
}

/// Answers what has come, then waits for more without a coroutine.
Task<void> serve(std::unique_ptr<Visitor> visitor, bool begun) {
    bool open = begun;
    if (!begun) {
        open = co_await begin(*visitor);
    }
    if (open && !begun && visitor->channel.speaks_http2()) {
        Http2Connection::start(std::move(visitor));
        co_return;
    }
    // Who has just come is answered even while the gate stops: the first request is on its way.
    while (open && (!visitor->input.empty() || visitor->channel.holds_input() || begun)) {
        begun = false;
        open = co_await serve_next(*visitor);
        visitor->served = true;
        visitor->channel.count_request();
        if (open && visitor->channel.turn_spent()) {
            const Status turn = co_await visitor->channel.next_turn();
            open = turn.has_value();
        }
    }
    if (visitor->upgrade) {
        auto upgrade = std::move(visitor->upgrade);
        Tunnel::start(std::move(visitor), std::move(upgrade));
    } else if (open && !(visitor->served && visitor->gate.stopping())) {
        Visitor::park(std::move(visitor));
    }
}

/// The end of a response that the client did not take at once, then whatever comes.
Task<void> send_rest(std::unique_ptr<Visitor> visitor, Body rest) {
    visitor->channel.clear_deadline();
    const Status sent = co_await visitor->channel.send(std::move(rest));
    if (sent) {
        visitor->set_state(false, false);
        visitor->channel.set_deadline(visitor->gate.options().idle_time);
        co_await serve(std::move(visitor), true);
    }
}

void start_serving(std::unique_ptr<Visitor> visitor, bool begun) {
    Gate& gate = visitor->gate;
    spawn(gate.io(), serve(std::move(visitor), begun), gate.journal(), "connection");
}

/// A whole request in one piece, without a body, whose response is at hand: most of them. Nothing here waits, so it needs
/// no coroutine and no memory of the connection's own. False: the piece is to be read by serve() in its place; nothing was
/// sent. Otherwise `rest` is what the client did not take at once.
bool answer_at_once(Visitor& visitor, std::string_view piece, bool& open, Body& rest) {
    static HeadParser parser;  // one thread
    parser.reset();
    Gate& gate = visitor.gate;
    if (parser.scan(piece) != HeadParser::State::complete || parser.size() != piece.size()) {
        return false;
    }
    const auto head = parser.finish(piece);
    if (!head || head->has_body() || !head->keep_alive || gate.stopping()) {
        return false;
    }
    std::string nothing;
    BodyReader body(visitor.channel, nothing, *head, gate.options().body_time);
    Http1Exchange exchange(visitor.channel);
    Visit visit{gate, exchange, *head, visitor.address, visitor.scheme(), body};
    if (serve_request(visit) != nullptr) {
        return false;
    }
    rest = exchange.take_response(visit);
    visitor.channel.set_pauses(gate.options().body_time, gate.options().body_time);
    const auto sent = visitor.channel.try_send(rest);
    open = sent.has_value();
    return true;
}

/// The next request has begun to arrive.
void go_on(std::unique_ptr<Visitor> visitor) {
    Channel& channel = visitor->channel;
    for (;;) {
        const long n = channel.try_read(shared_input);
        if (n == 0 || n == -2) {
            return;
        }
        if (n == -1) {
            Visitor::park(std::move(visitor));
            return;
        }
        const std::string_view piece(shared_input.data(), static_cast<std::size_t>(n));
        bool open = true;
        Body rest;
        if (!answer_at_once(*visitor, piece, open, rest)) {
            visitor->input.assign(piece);
            start_serving(std::move(visitor), true);
            return;
        }
        if (!open) {
            return;
        }
        visitor->served = true;
        channel.count_request();
        if (!rest.empty() || channel.blocked()) {
            Gate& gate = visitor->gate;
            visitor->set_state(false, true);
            spawn(gate.io(), send_rest(std::move(visitor), std::move(rest)), gate.journal(), "response");
            return;
        }
        channel.set_deadline(visitor->gate.options().idle_time);
        if (!channel.holds_input() || channel.turn_spent()) {
            Visitor::park(std::move(visitor));
            return;
        }
    }
}

} // namespace

Visitor::Visitor(Gate& at, Fd socket, const Address& from, bool over_tls, bool let_in) :
    gate(at), channel(std::move(socket), at.deadlines()), address(from), tls(over_tls), admitted(let_in),
    place(at.enter(channel)) {
    gate.refusing += admitted ? 0 : 1;
}

Visitor::~Visitor() {
    if (!admitted) {
        --gate.refusing;
    } else if (share == nullptr) {
        gate.limits().leave(address);
    }
    gate.leave(place);
}

Http2Share::~Http2Share() {
    gate_.extra_answers -= extra_;
    gate_.limits().leave(address_);
}

void Http2Share::count() {
    const std::size_t all = calling_ + unsent_;
    const std::size_t extra = all > 1 ? all - 1 : 0;
    gate_.extra_answers += extra - extra_;
    extra_ = extra;
}

void Visitor::park(std::unique_ptr<Visitor> visitor) {
    Visitor* parked = visitor.release();  // comes back in on_wait_end
    parked->set_state(parked->served, false);
    parked->channel.call_when(Channel::WaitType::wait_read, *parked);
}

void Visitor::on_wait_end(Channel&, bool, Status status) {
    std::unique_ptr<Visitor> self(this);
    if (status) {
        go_on(std::move(self));
    }
}

void serve_visitor(Gate& gate, Fd socket, Address address, bool tls, bool admitted) {
    start_serving(std::make_unique<Visitor>(gate, std::move(socket), address, tls, admitted), false);
}

} // namespace hameau::gate
