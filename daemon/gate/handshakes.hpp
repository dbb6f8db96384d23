// Handshakes: whose TLS handshake is computed now. Each costs up to a millisecond of signing, and strangers may ask for
// thousands: only some are computed in one round of the event loop, one address after the other, so that the clients
// that are already in wait for a few of them at most. connection.cpp asks before it answers a ClientHello.
// It never looks at a connection: who was called off meanwhile just takes its place and goes.
#pragma once

#include <cstdint>
#include <deque>
#include <list>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/gate/channel.hpp"

namespace hameau::gate {

class Handshakes {
public:
    explicit Handshakes(boost::asio::io_context& io) : io_(io) {}
    /// Returns when this address may compute one. `key`: what counts as one address (ConnectionLimits::key_of).
    Task<void> enter(std::uint64_t key);

private:
    struct Waiting {
        explicit Waiting(boost::asio::io_context& io) : timer(io, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer timer;
        bool called = false;
    };
    struct Line {
        std::uint64_t key;
        std::deque<Waiting*> waiting;
    };
    void end_of_round();

    boost::asio::io_context& io_;
    std::list<Line> lines_;  ///< one for each address that waits; the first is the next one
    unsigned left_ = handshakes_per_round;
    bool round_open_ = false;
};

} // namespace hameau::gate
