// A line in front of something of which only a few may run at once (the programs that pack a download).
// The first in line goes first; who would wait too long is told so. Everything happens on the module's one thread.
#pragma once

#include <chrono>
#include <deque>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/contract/module.hpp"

namespace hameau::sites {

class Line : public std::enable_shared_from_this<Line> {
public:
    Line(boost::asio::io_context& io, std::size_t at_once_max, std::size_t waiting_max, std::chrono::seconds wait_max) :
        io_(io), at_once_max_(at_once_max), waiting_max_(waiting_max), wait_max_(wait_max) {}

    /// A turn; it lasts until the pointer is let go. Empty when the line is full, or when no turn came in time.
    Task<std::shared_ptr<void>> take();

private:
    struct Waiting {
        explicit Waiting(boost::asio::io_context& io) : timer(io) {}
        boost::asio::steady_timer timer;
        bool called = false;
    };
    std::shared_ptr<void> turn();
    void end_turn();

    boost::asio::io_context& io_;
    std::size_t at_once_max_;
    std::size_t waiting_max_;
    std::chrono::seconds wait_max_;
    std::size_t running_ = 0;
    std::deque<std::shared_ptr<Waiting>> waiting_;
};

} // namespace hameau::sites
