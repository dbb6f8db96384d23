// A visitor's connection: hand-shake, one request after the other, the end. What a request names decides who answers.
#include <array>

#include "daemon/gate/gate.hpp"
#include "daemon/gate/services.hpp"
#include "daemon/gate/site_pages.hpp"

namespace hameau::gate {

namespace {

/// One buffer for the whole process: what arrives is moved to the connection's own text at once.
std::array<char, piece_bytes> shared_input;  // NOLINT: one thread

/// Counts the connection while it is open.
class Presence {
public:
    Presence(Gate& gate, Channel& channel, const Address& address, bool admitted) :
        gate_(gate), address_(address), admitted_(admitted), place_(gate.enter(channel)) {
        gate_.refusing += admitted_ ? 0 : 1;
    }
    ~Presence() {
        if (admitted_) {
            gate_.limits().leave(address_);
        } else {
            --gate_.refusing;
        }
        gate_.leave(place_);
    }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    void set_idle(bool idle) { place_->idle = idle; }

private:
    Gate& gate_;
    Address address_;
    bool admitted_;
    Gate::Place place_;
};

enum class Next { request, answered, gone };

/// What is wrong with a head that is not complete yet: 0, 414 or 431.
int early_problem(std::string_view input) {
    if (input.size() > target_bytes_max + 64 && input.find('\n') == std::string_view::npos) {
        return 414;
    }
    return input.size() > head_bytes_max ? 431 : 0;
}

/// An answer to something that is no request.
Task<void> refuse_head(Gate& gate, Channel& channel, const Address& address, std::string_view scheme, int status) {
    RequestHead nothing;
    std::string input;
    BodyReader body(channel, input, nothing, gate.options().body_time);
    Visit visit{gate, channel, input, nothing, address, scheme, body};
    visit.services = true;
    visit.keep_alive = false;
    const std::string_view code = status == 414 || status == 431 ? "too_large" : status == 408 ? "timed_out"
                                  : status == 503 ? "full" : "bad_request";
    const Status sent = co_await send_problem(visit, status, code);
    if (sent) {
        co_await drain(channel);
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
    co_return co_await send_redirect(visit, 308, std::move(location));
}

Task<Status> serve_request(Visit& visit) {
    const HostChoice choice = choose_host(visit.head.host, visit.gate.options(), visit.gate.sites().map());
    visit.services = choice.services;
    if (!choice.services && choice.site == nullptr) {
        visit.services = true;  // nobody's page: as strict as the house's
        visit.keep_alive = visit.keep_alive && visit.body.finished();
        co_return co_await send_problem(visit, 421, "no_such_host");
    }
    if (must_redirect(visit, choice)) {
        co_return co_await redirect_to_https(visit);
    }
    if (choice.services) {
        co_return co_await serve_services(visit);
    }
    const sites::HostLine line = *choice.site;  // the map may be replaced while the answer is on its way
    co_return co_await serve_site(visit, line);
}

/// One request whose head is complete in `text`. False: the connection ends.
Task<bool> serve_one(Gate& gate, Channel& channel, std::string& input, std::string text, const Address& address,
                     std::string_view scheme) {
    const auto head = parse_request_head(text);
    if (!head) {
        co_await refuse_head(gate, channel, address, scheme, head.error().status);
        co_return false;
    }
    channel.clear_deadline();
    channel.set_pauses(gate.options().body_time, gate.options().body_time);
    BodyReader body(channel, input, *head, gate.options().body_time);
    Visit visit{gate, channel, input, *head, address, scheme, body};
    visit.keep_alive = head->keep_alive && !gate.stopping();
    const Status outcome = co_await serve_request(visit);
    if (!outcome) {
        co_return false;
    }
    const bool rest = !body.finished();
    if (rest || !visit.keep_alive || gate.stopping()) {
        co_await drain(channel);
        co_return false;
    }
    co_return true;
}

/// Reads until a head is complete; `size` is its length.
Task<Next> read_head(Gate& gate, Channel& channel, std::string& input, std::size_t& size, const Address& address,
                     std::string_view scheme) {
    for (;;) {
        // RFC 9112 §2.2: an empty line before a request is passed over.
        while (input.starts_with("\r\n")) {
            input.erase(0, 2);
        }
        const auto end = find_head_end(input);
        const int problem = end && *end <= head_bytes_max ? 0 : early_problem(input);
        if (problem != 0) {
            co_await refuse_head(gate, channel, address, scheme, problem);
            co_return Next::answered;
        }
        if (end) {
            size = *end;
            co_return Next::request;
        }
        const Status waited = co_await channel.wait_readable();
        if (!waited) {
            const bool late = waited.error().kind == ErrorKind::timed_out && !input.empty();
            if (late) {
                co_await refuse_head(gate, channel, address, scheme, 408);
            }
            co_return Next::gone;
        }
        const long n = channel.try_read(shared_input);
        if (n == 0 || n == -2) {
            co_return Next::gone;
        }
        if (n > 0) {
            if (input.empty()) {
                channel.set_deadline(gate.options().header_time);
            }
            input.append(shared_input.data(), static_cast<std::size_t>(n));
        }
    }
}

} // namespace

Task<void> serve_visitor(Gate& gate, Fd socket, Address address, bool tls, bool admitted) {
    Channel channel(gate.io(), std::move(socket), gate.deadlines());
    Presence presence(gate, channel, address, admitted);
    const std::string_view scheme = tls ? "https" : "http";
    channel.set_deadline(gate.options().header_time);
    if (tls) {
        const Status accepted = co_await channel.accept_tls(gate.tls().context());
        if (!accepted) {
            co_return;
        }
    }
    if (!admitted) {
        co_await refuse_head(gate, channel, address, scheme, 503);
        co_return;
    }
    std::string input;
    bool open = true;
    while (open && !gate.stopping()) {
        std::size_t size = 0;
        presence.set_idle(input.empty());
        const Next next = co_await read_head(gate, channel, input, size, address, scheme);
        presence.set_idle(false);
        if (next != Next::request) {
            break;
        }
        std::string text = input.substr(0, size);
        input.erase(0, size);
        if (input.empty()) {
            input = std::string();
        }
        open = co_await serve_one(gate, channel, input, std::move(text), address, scheme);
        channel.set_deadline(gate.options().idle_time);
    }
}

} // namespace hameau::gate
