// A visitor's connection: hand-shake, one request after the other, the end. What a request names decides who answers.
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/gate/challenge.hpp"
#include "daemon/gate/services.hpp"
#include "daemon/gate/site_pages.hpp"
#include "daemon/gate/visitor.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

/// One buffer for the whole process: what arrives is moved to the connection's own text at once.
std::array<char, piece_bytes> shared_input;  // NOLINT: one thread

enum class Next { request, answered, gone };

/// What is wrong with a head that is not complete yet: 0, 414 or 431.
int early_problem(std::string_view input) {
    if (input.size() > target_bytes_max + 64 && input.find('\n') == std::string_view::npos) {
        return 414;
    }
    return input.size() > head_bytes_max ? 431 : 0;
}

/// An answer to something that is no request.
Task<void> refuse_head(Visitor& visitor, int status) {
    RequestHead nothing;
    std::string input;
    BodyReader body(visitor.channel, input, nothing, visitor.gate.options().body_time);
    Visit visit{visitor.gate, visitor.channel, input, nothing, visitor.address, visitor.scheme(), body};
    visit.services = true;
    visit.keep_alive = false;
    const std::string_view code = status == 414 || status == 431 ? "too_large" : status == 408 ? "timed_out"
                                  : status == 503 ? "full" : "bad_request";
    const Status sent = co_await send_problem(visit, status, code);
    if (sent) {
        co_await drain(visitor.channel);
    }
}

/// Whether plain HTTP sends this visitor to HTTPS (RFC 6797 §7.2).
bool must_redirect(const Visit& visit, const HostChoice& choice) {
    const GateOptions& options = visit.gate.options();
    if (visit.scheme == "https" || options.trial) {
        return false;
    }
    return choice.services || !options.serve_plain;
}

Task<Status> redirect_to_https(Visit& visit) {
    visit.keep_alive = visit.keep_alive && visit.body.finished();
    const std::uint16_t port = visit.gate.options().https_port;
    std::string location = "https://" + visit.head.host + (port == 443 ? "" : ":" + std::to_string(port));
    location += visit.head.path;
    if (visit.head.has_query) {
        location.append("?").append(visit.head.query);
    }
    return send_redirect(visit, 308, std::move(location));
}

Task<Status> serve_request(Visit& visit) {
    const HostChoice choice = choose_host(visit.head.host, visit.gate.options(), visit.gate.sites().map());
    visit.services = choice.services;
    if (!choice.services && choice.site == nullptr) {
        visit.services = true;  // nobody's page: as strict as the house's
        visit.keep_alive = visit.keep_alive && visit.body.finished();
        return send_problem(visit, 421, "no_such_host");
    }
    if (visit.scheme == "http" && visit.head.method == "GET") {
        if (auto answer = challenge_answer(visit.gate.options().challenge_folder, visit.head.path)) {
            visit.keep_alive = visit.keep_alive && visit.body.finished();
            return send_answer(visit, std::move(*answer));
        }
    }
    if (must_redirect(visit, choice)) {
        return redirect_to_https(visit);
    }
    if (choice.services) {
        return serve_services(visit);
    }
    return serve_site(visit, *choice.site);
}

/// One request whose head is complete in `text`. False: the connection ends.
Task<bool> serve_one(Visitor& visitor, std::string text) {
    Gate& gate = visitor.gate;
    const auto head = parse_request_head(text);
    if (!head) {
        co_await refuse_head(visitor, head.error().status);
        co_return false;
    }
    visitor.channel.clear_deadline();
    visitor.channel.set_pauses(gate.options().body_time, gate.options().body_time);
    BodyReader body(visitor.channel, visitor.input, *head, gate.options().body_time);
    Visit visit{gate, visitor.channel, visitor.input, *head, visitor.address, visitor.scheme(), body};
    visit.keep_alive = head->keep_alive && !gate.stopping();
    const Status outcome = co_await serve_request(visit);
    if (!outcome) {
        co_return false;
    }
    if (visit.upgrade) {
        visitor.upgrade = std::move(visit.upgrade);
        co_return false;
    }
    if (visit.keep_alive && body.finished() && !gate.stopping()) {
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

/// Reads until a head is complete; `size` is its length.
Task<Next> read_head(Visitor& visitor, std::size_t& size) {
    std::string& input = visitor.input;
    for (;;) {
        // RFC 9112 §2.2: an empty line before a request is passed over.
        while (input.starts_with("\r\n")) {
            input.erase(0, 2);
        }
        const auto end = find_head_end(input);
        const int problem = end && *end <= head_bytes_max ? 0 : early_problem(input);
        if (problem != 0) {
            co_await refuse_head(visitor, problem);
            co_return Next::answered;
        }
        if (end) {
            size = *end;
            co_return Next::request;
        }
        const long n = visitor.channel.try_read(shared_input);
        if (n == 0 || n == -2) {
            co_return Next::gone;
        }
        if (n > 0) {
            if (input.empty()) {
                visitor.channel.set_deadline(visitor.gate.options().header_time);
            }
            input.append(shared_input.data(), static_cast<std::size_t>(n));
            continue;
        }
        const Status waited = co_await visitor.channel.wait_readable();
        if (!waited) {
            const bool late = waited.error().kind == ErrorKind::timed_out && !input.empty();
            if (late) {
                co_await refuse_head(visitor, 408);
            }
            co_return Next::gone;
        }
    }
}

/// The next request of this connection. False: the connection ends.
Task<bool> serve_next(Visitor& visitor) {
    std::size_t size = 0;
    const Next next = co_await read_head(visitor, size);
    if (next != Next::request) {
        co_return false;
    }
    visitor.set_state(false, true);
    std::string text = std::exchange(visitor.input, std::string());
    if (text.size() > size) {
        visitor.input.assign(text, size);
        text.resize(size);
    }
    const bool open = co_await serve_one(visitor, std::move(text));
    visitor.channel.set_deadline(visitor.gate.options().idle_time);
    co_return open;
}

/// The hand-shake. False: there is nobody to serve.
Task<bool> begin(Visitor& visitor) {
    visitor.channel.set_deadline(visitor.gate.options().header_time);
    if (visitor.tls) {
        const Status accepted = co_await visitor.channel.accept_tls(visitor.gate.tls().context());
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
    // Who has just come is answered even while the gate stops: the first request is on its way.
    while (open && (!visitor->input.empty() || visitor->channel.holds_input() || begun)) {
        begun = false;
        open = co_await serve_next(*visitor);
        visitor->served = true;
    }
    if (visitor->upgrade) {
        auto upgrade = std::move(visitor->upgrade);
        Tunnel::start(std::move(visitor), std::move(upgrade));
    } else if (open && !(visitor->served && visitor->gate.stopping())) {
        Visitor::park(std::move(visitor));
    }
}

void spawn(std::unique_ptr<Visitor> visitor, bool begun) {
    auto& io = visitor->gate.io();
    auto serving = serve(std::move(visitor), begun);
    asio::co_spawn(io, std::move(serving), asio::detached);
}

} // namespace

Visitor::Visitor(Gate& at, Fd socket, const Address& from, bool over_tls, bool let_in) :
    gate(at), channel(at.io(), std::move(socket), at.deadlines()), address(from), tls(over_tls), admitted(let_in),
    place(at.enter(channel)) {
    gate.refusing += admitted ? 0 : 1;
}

Visitor::~Visitor() {
    if (admitted) {
        gate.limits().leave(address);
    } else {
        --gate.refusing;
    }
    gate.leave(place);
}

void Visitor::park(std::unique_ptr<Visitor> visitor) {
    Visitor* parked = visitor.release();  // comes back in on_wait_end
    parked->set_state(parked->served, false);
    parked->channel.call_when(Channel::WaitType::wait_read, *parked);
}

void Visitor::on_wait_end(Channel&, bool, Status status) {
    std::unique_ptr<Visitor> self(this);
    if (status) {
        spawn(std::move(self), true);
    }
}

void serve_visitor(Gate& gate, Fd socket, Address address, bool tls, bool admitted) {
    spawn(std::make_unique<Visitor>(gate, std::move(socket), address, tls, admitted), false);
}

} // namespace hameau::gate
