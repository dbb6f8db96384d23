// Visitor: one connection while it is open: counted, and known to the gate. Between two requests, and while it is a
// tunnel, no coroutine belongs to it.
#pragma once

#include <memory>
#include <string>

#include "daemon/gate/gate.hpp"
#include "daemon/gate/tunnel.hpp"

namespace hameau::gate {

/// What a connection of HTTP/2 takes of the gate's limits. Held by the connection and by each of its calls: those that go on
/// without their client count as if it were still there.
class Http2Share {
public:
    /// Takes over the place of an admitted visitor.
    Http2Share(Gate& gate, const Address& address) : gate_(gate), address_(address) {}
    ~Http2Share();
    Http2Share(const Http2Share&) = delete;
    Http2Share& operator=(const Http2Share&) = delete;

    /// Calls of modules that go on.
    std::size_t calling() const { return calling_; }
    void call_begins() {
        ++calling_;
        count();
    }
    void call_ended() {
        --calling_;
        count();
    }
    /// Responses that wait for the client.
    void set_unsent(std::size_t unsent) {
        unsent_ = unsent;
        count();
    }

private:
    void count();

    Gate& gate_;
    Address address_;
    std::size_t calling_ = 0;
    std::size_t unsent_ = 0;
    std::size_t extra_ = 0;  ///< of Gate::extra_answers
};

struct Visitor final : Channel::Waiter {
    Visitor(Gate& at, Fd socket, const Address& from, bool tls, bool let_in);
    ~Visitor();
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

    /// The next request begins to arrive, or nobody waits for one any more.
    void on_wait_end(Channel& channel, bool reading, Status status) override;
    /// Waits for the next request; the visitor owns itself meanwhile.
    static void park(std::unique_ptr<Visitor> visitor);

    void set_state(bool idle, bool busy) {
        place->idle = idle;
        place->busy = busy;
    }
    std::string_view scheme() const { return tls ? "https" : "http"; }

    Gate& gate;
    Channel channel;
    Address address;
    bool tls;
    bool admitted;
    bool served = false;  ///< at least one request was answered
    Gate::Place place;
    std::shared_ptr<Http2Share> share;  ///< holds the place among the limits instead
    std::string input;                 ///< what arrived and was not used yet; no memory while idle
    std::unique_ptr<Upgrade> upgrade;  ///< a WebSocket was agreed on: a tunnel follows
};

} // namespace hameau::gate
