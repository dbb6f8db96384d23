// One timer for the waits of all channels.
#include <algorithm>

#include "daemon/gate/channel.hpp"

namespace hameau::gate {

std::int64_t Deadlines::now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Deadlines::add(Channel* channel) {
    if (channel->watch_index_ == Channel::not_watched) {
        channel->watch_index_ = watched_.size();
        watched_.push_back(channel);
    }
    if (const std::int64_t next = channel->next_deadline_ms(); next != 0) {
        arm(next);
    }
}

void Deadlines::remove(Channel* channel) {
    if (channel->watch_index_ == Channel::not_watched) {
        return;
    }
    Channel* last = watched_.back();
    watched_[channel->watch_index_] = last;
    last->watch_index_ = channel->watch_index_;
    watched_.pop_back();
    channel->watch_index_ = Channel::not_watched;
}

void Deadlines::arm(std::int64_t deadline_ms) {
    const std::int64_t at = std::max(deadline_ms, now_ms() + sweep_interval_ms);
    if (armed_ms_ != 0 && armed_ms_ <= at) {
        return;
    }
    armed_ms_ = at;
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(at)));
    timer_.async_wait([this](boost::system::error_code failed) {
        if (!failed) {
            sweep();
        }
    });
}

void Deadlines::sweep() {
    armed_ms_ = 0;
    const std::int64_t now = now_ms();
    std::int64_t next = 0;
    for (Channel* channel : watched_) {
        if (channel->expire(now)) {
            continue;
        }
        const std::int64_t deadline = channel->next_deadline_ms();
        next = deadline != 0 && (next == 0 || deadline < next) ? deadline : next;
    }
    if (next != 0) {
        arm(next);
    }
}

} // namespace hameau::gate
