// Poller: which channels of this event loop can be read or written again, by one edge-triggered epoll set of our own.
// Asio waits for the whole set and not for each descriptor: its async_wait asks the kernel anew (epoll_ctl) each time,
// which was one of three system calls of a small request. Owned by Deadlines, which every channel knows.
#pragma once

#include <array>
#include <cstdint>
#include <sys/epoll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

class Channel;

class Poller {
public:
    explicit Poller(boost::asio::io_context& io);
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    boost::asio::io_context& io() { return io_; }
    /// Watches the descriptor, for reading, until it is closed. False: the system has no room for it.
    bool add(int fd, Channel* channel);
    /// Whether room for writing is told as well. What is ready now is told once more, however often it was told before.
    void watch_writing(int fd, Channel* channel, bool on);
    /// The channel is being destroyed: what was told of it and not yet handled is dropped.
    void forget(Channel* channel);
    /// One more (or fewer) wait depends on the set: the event loop goes on as long as there is one.
    void count_wait();
    void uncount_wait();

private:
    using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
    void arm();
    void on_ready();

    boost::asio::io_context& io_;
    Descriptor set_;
    std::array<epoll_event, events_per_round> batch_{};
    int batch_size_ = 0;  ///< of batch_, while it is handled
    unsigned waits_ = 0;
    bool armed_ = false;  ///< Asio waits for the set
    bool in_batch_ = false;
};

} // namespace hameau::gate
