// Visitor: one connection while it is open: counted, and known to the gate. Between two requests, and while it is a
// tunnel, no coroutine belongs to it.
#pragma once

#include <memory>
#include <string>

#include "daemon/gate/gate.hpp"
#include "daemon/gate/tunnel.hpp"

namespace hameau::gate {

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
    std::string input;                 ///< what arrived and was not used yet; no memory while idle
    std::unique_ptr<Upgrade> upgrade;  ///< a WebSocket was agreed on: a tunnel follows
};

} // namespace hameau::gate
