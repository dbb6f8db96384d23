// One round: the set is readable, its events are taken, every channel that waits goes on, Asio waits again.
#include "daemon/gate/poller.hpp"

#include <cerrno>
#include <system_error>

#include "daemon/gate/channel.hpp"

namespace hameau::gate {

Poller::Poller(boost::asio::io_context& io) : io_(io), set_(io) {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
    set_.assign(fd);
}

bool Poller::add(int fd, Channel* channel) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = channel;
    return ::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::watch_writing(int fd, Channel* channel, bool on) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (on ? EPOLLOUT : 0U);
    event.data.ptr = channel;
    ::epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::forget(Channel* channel) {
    for (int i = 0; i < batch_size_; ++i) {
        epoll_event& event = batch_[static_cast<std::size_t>(i)];
        event.data.ptr = event.data.ptr == channel ? nullptr : event.data.ptr;
    }
}

void Poller::count_wait() {
    ++waits_;
    if (!in_batch_) {
        arm();
    }
}

void Poller::uncount_wait() {
    if (--waits_ == 0 && armed_) {
        boost::system::error_code ignored;
        set_.cancel(ignored);
    }
}

void Poller::arm() {
    if (!armed_) {
        armed_ = true;
        set_.async_wait(Descriptor::wait_read, [this](boost::system::error_code) {
            armed_ = false;
            on_ready();
        });
    }
}

void Poller::on_ready() {
    in_batch_ = true;
    batch_size_ = ::epoll_wait(set_.native_handle(), batch_.data(), static_cast<int>(batch_.size()), 0);
    for (int i = 0; i < batch_size_; ++i) {
        const epoll_event& event = batch_[static_cast<std::size_t>(i)];
        // Each of the two may destroy the channel, and other ones: forget() then empties their places.
        if (auto* channel = static_cast<Channel*>(event.data.ptr)) {
            channel->on_readable(event.events);
        }
        if (auto* channel = static_cast<Channel*>(event.data.ptr)) {
            channel->on_writable(event.events);
        }
    }
    batch_size_ = 0;
    in_batch_ = false;
    if (waits_ > 0) {
        arm();
    }
}

} // namespace hameau::gate
