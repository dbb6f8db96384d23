// Readings: who may use the threads for long readings next (exports, looks at the history, archives). Fair between pads:
// one pad has one thread at most, and pads take turns. Owner: pads. Stop is how a reading on its thread learns that it is not
// wanted any more.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "daemon/base/result.hpp"
#include "daemon/base/turns.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

/// By pad number.
class ReadingTurns : public Turns<std::int64_t> {
public:
    ReadingTurns() : Turns({readings_at_once, readings_waiting_per_pad_max, readings_waiting_max}) {}
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
