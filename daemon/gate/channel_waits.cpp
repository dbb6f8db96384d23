// How a channel waits: for the Poller's word, a deadline, or its end, whichever comes first.
#include <linux/sockios.h>
#include <memory>
#include <sys/ioctl.h>

#include <boost/asio/post.hpp>

#include "daemon/base/waiting.hpp"
#include "daemon/gate/channel.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

/// Bytes that the kernel holds because the peer has not taken them.
int queued_in_kernel(int fd) {
    int bytes = 0;
    return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/// A coroutine as a Waiter.
template <class Handler>
class ParkedHandler final : public Channel::Waiter {
public:
    explicit ParkedHandler(Handler handler) : handler_(std::move(handler)) {}
    void on_wait_end(Channel&, bool, Status) override {
        Handler handler = std::move(handler_);
        delete this;
        std::move(handler)(boost::system::error_code());
    }
    void on_abandoned() override { delete this; }

private:
    ~ParkedHandler() = default;
    Handler handler_;
};

} // namespace

std::int64_t Channel::next_deadline_ms() const {
    std::int64_t next = 0;
    for (const Side* side : {&reading_, &writing_}) {
        if (side->waiting && !side->expired) {
            for (const std::int64_t at : {side->deadline_ms, limit_ms_}) {
                next = at != 0 && (next == 0 || at < next) ? at : next;
            }
        }
    }
    return next;
}

bool Channel::expire(std::int64_t now_ms) {
    bool any = false;
    for (Side* side : {&reading_, &writing_}) {
        const bool over = limit_ms_ != 0 && limit_ms_ <= now_ms;
        const bool paused = side->deadline_ms != 0 && side->deadline_ms <= now_ms;
        if (side->waiting && !side->expired && (over || (paused && !makes_progress(*side, now_ms)))) {
            side->expired = true;
            any = true;
            cancel_wait(*side);
        }
    }
    return any;
}

bool Channel::makes_progress(Side& side, std::int64_t now_ms) const {
    if (&side != &writing_) {
        return false;
    }
    const int queued = queued_in_kernel(fd_);
    const std::int64_t taken = side.queued_bytes - queued;
    if (taken <= 0 || taken * 1000 < (now_ms - side.began_ms) * bytes_per_second_min) {
        return false;
    }
    side.queued_bytes = queued;
    side.began_ms = now_ms;
    side.deadline_ms = now_ms + side.pause.count();
    return true;
}

void Channel::cancel_wait(Side& side) {
    if (side.waiter != nullptr && !side.posted) {
        poller_.uncount_wait();
        post_resume(side);
    }
}

void Channel::interrupt_reading(bool on) {
    interrupted_ = on;
    if (on) {
        cancel_wait(reading_);
    }
}

Status Channel::outcome_of(const Side& side) const {
    if (ended_ || (&side == &reading_ && interrupted_)) {
        return fail(ErrorKind::closed, "ended");
    }
    return side.expired ? Status(fail(ErrorKind::timed_out, "it took too long")) : Status{};
}

void Channel::begin_wait(Side& side) {
    const std::int64_t now = Deadlines::now_ms();
    side.expired = limit_ms_ != 0 && limit_ms_ <= now;
    side.deadline_ms = limit_ms_ == 0 && side.pause.count() > 0 ? now + side.pause.count() : 0;
    side.began_ms = now;
    side.queued_bytes = &side == &writing_ ? queued_in_kernel(fd_) : 0;
}

Status Channel::end_wait(Side& side) {
    side.waiting = false;
    left_ = Turn{};
    if (!reading_.waiting && !writing_.waiting) {
        deadlines_.remove(this);
    }
    return outcome_of(side);
}

void Channel::resume(Side& side) {
    Waiter* waiter = std::exchange(side.waiter, nullptr);
    waiter->on_wait_end(*this, &side == &reading_, end_wait(side));
}

void Channel::post_resume(Side& side) {
    side.posted = true;
    asio::post(poller_.io(), [this, &side] {
        side.posted = false;
        resume(side);
    });
}

void Channel::on_readable(std::uint32_t events) {
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) {
        return;
    }
    readable_ = true;
    hung_up_ = hung_up_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (reading_.waiter != nullptr && !reading_.posted) {
        poller_.uncount_wait();
        resume(reading_);
    }
}

void Channel::on_writable(std::uint32_t events) {
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    if (writing_.waiter != nullptr && !writing_.posted) {
        poller_.uncount_wait();
        resume(writing_);
    } else if (writing_.waiter == nullptr && watches_writing_) {
        // A module that reads makes room each time: nobody wants to be woken for it.
        watches_writing_ = false;
        poller_.watch_writing(fd_, this, false);
    }
}

void Channel::call_when(WaitType what, Waiter& waiter) {
    begin_wait(side_of(what));
    park(what, waiter);
}

void Channel::park(WaitType what, Waiter& waiter) {
    Side& side = side_of(what);
    side.waiting = true;
    deadlines_.add(this);
    side.waiter = &waiter;
    const bool reading = what == WaitType::wait_read;
    if (!outcome_of(side) || (reading && (readable_ || holds_input()))) {
        post_resume(side);
        return;
    }
    poller_.count_wait();
    if (!reading) {
        watches_writing_ = true;
        poller_.watch_writing(fd_, this, true);
    }
}

Task<Status> Channel::wait(WaitType what) {
    Side& side = side_of(what);
    begin_wait(side);
    Status outcome = outcome_of(side);
    if (!outcome || (what == WaitType::wait_read && holds_input())) {
        co_return outcome;
    }
    const auto begin = [this, what](auto handler) {
        park(what, *new ParkedHandler<decltype(handler)>(std::move(handler)));  // until it is resumed or abandoned
    };
    co_await asio::async_initiate<decltype(hameau::wait), void(boost::system::error_code)>(begin, hameau::wait);
    co_return outcome_of(side);
}

} // namespace hameau::gate
