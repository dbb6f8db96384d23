// Readings: who may use the threads for long readings next (exports, looks at the history, archives). Fair between pads:
// one pad has one thread at most, and pads take turns. Owner: pads. ReadingTurns decides and is pure; Stop is how a reading
// on its thread learns that it is not wanted any more.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::pads {

class ReadingTurns {
public:
    using Number = std::uint64_t;

    /// A reading of this pad wants to begin. Nothing: too many wait, for this pad or in all.
    std::optional<Number> ask(std::int64_t pad);
    /// Those that begin now.
    std::vector<Number> begin();
    void ended(Number reading);
    /// The pad goes away: its readings that did not begin never will.
    std::vector<Number> drop(std::int64_t pad);
    /// All that did not begin.
    std::vector<Number> drop_all();
    /// The reading of this pad that is going on.
    std::optional<Number> running(std::int64_t pad) const;
    std::size_t waiting() const { return waiting_; }

private:
    std::map<std::int64_t, std::deque<Number>> queues_;  ///< by pad; never empty
    std::map<Number, std::int64_t> running_;
    std::int64_t last_pad_ = 0;  ///< that began last
    std::size_t waiting_ = 0;
    Number next_ = 0;
};

/// Asked between the steps of a long reading.
class Stop {
public:
    explicit Stop(std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max()) : until_(until) {}
    void want() { wanted_ = true; }
    /// An error when the reading is to end. too_large: its time is over.
    Status check() const;

private:
    std::atomic<bool> wanted_ = false;
    std::chrono::steady_clock::time_point until_;
};

} // namespace hameau::pads
