// The order of long readings (exports, history): few at a time, one for each pad, the rest waits.
#include "modules/pads/storage/readings.hpp"

#include <algorithm>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

std::optional<ReadingTurns::Number> ReadingTurns::ask(std::int64_t pad) {
    const auto queue = queues_.find(pad);
    if (waiting_ >= readings_waiting_max || (queue != queues_.end() && queue->second.size() >= readings_waiting_per_pad_max)) {
        return std::nullopt;
    }
    ++waiting_;
    queues_[pad].push_back(++next_);
    return next_;
}

std::vector<ReadingTurns::Number> ReadingTurns::begin() {
    std::vector<Number> begun;
    // Once around all pads, from behind the one that had its turn last.
    auto queue = queues_.upper_bound(last_pad_);
    for (std::size_t left = queues_.size(); left > 0 && running_.size() < readings_at_once; --left) {
        queue = queue == queues_.end() ? queues_.begin() : queue;
        const std::int64_t pad = queue->first;
        if (running(pad)) {
            ++queue;
            continue;
        }
        const Number reading = queue->second.front();
        queue->second.pop_front();
        queue = queue->second.empty() ? queues_.erase(queue) : std::next(queue);
        --waiting_;
        running_.emplace(reading, pad);
        last_pad_ = pad;
        begun.push_back(reading);
    }
    return begun;
}

void ReadingTurns::ended(Number reading) { running_.erase(reading); }

std::vector<ReadingTurns::Number> ReadingTurns::drop(std::int64_t pad) {
    const auto queue = queues_.find(pad);
    if (queue == queues_.end()) {
        return {};
    }
    std::vector<Number> dropped(queue->second.begin(), queue->second.end());
    waiting_ -= dropped.size();
    queues_.erase(queue);
    return dropped;
}

std::vector<ReadingTurns::Number> ReadingTurns::drop_all() {
    std::vector<Number> dropped;
    for (const auto& [pad, queue] : queues_) {
        dropped.insert(dropped.end(), queue.begin(), queue.end());
    }
    queues_.clear();
    waiting_ = 0;
    return dropped;
}

std::optional<ReadingTurns::Number> ReadingTurns::running(std::int64_t pad) const {
    const auto found = std::find_if(running_.begin(), running_.end(), [pad](const auto& one) { return one.second == pad; });
    return found == running_.end() ? std::nullopt : std::optional(found->first);
}

Status Stop::check() const {
    if (wanted_) {
        return fail(ErrorKind::unavailable, "the reading is not wanted any more");
    }
    if (std::chrono::steady_clock::now() > until_) {
        return fail(ErrorKind::too_large, "the reading took too long");
    }
    return {};
}

} // namespace hameau::pads
