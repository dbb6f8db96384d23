// A round ends when everything that was ready before it has run.
#include "daemon/gate/handshakes.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "daemon/base/waiting.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

Task<void> Handshakes::enter(std::uint64_t key) {
    if (!round_open_) {
        round_open_ = true;
        asio::post(io_, [this] { end_of_round(); });
    }
    if (left_ > 0 && lines_.empty()) {
        --left_;
        co_return;
    }
    Waiting self(io_);
    auto line = std::find_if(lines_.begin(), lines_.end(), [key](const Line& one) { return one.key == key; });
    if (line == lines_.end()) {
        line = lines_.insert(lines_.end(), Line{key, {}});
    }
    line->waiting.push_back(&self);
    while (!self.called) {
        co_await self.timer.async_wait(wait);
    }
}

void Handshakes::end_of_round() {
    left_ = handshakes_per_round;
    while (left_ > 0 && !lines_.empty()) {
        --left_;
        Line& line = lines_.front();
        Waiting* next = line.waiting.front();
        line.waiting.pop_front();
        next->called = true;
        next->timer.cancel();
        if (line.waiting.empty()) {
            lines_.pop_front();
        } else {
            lines_.splice(lines_.end(), lines_, lines_.begin());
        }
    }
    // Whoever was called computes in the next round; it ends behind them.
    round_open_ = left_ < handshakes_per_round || !lines_.empty();
    if (round_open_) {
        asio::post(io_, [this] { end_of_round(); });
    }
}

} // namespace hameau::gate
