// Clock: time as an input, so that policies are tested without waiting.
#pragma once

#include <chrono>

namespace hameau {

using Duration = std::chrono::milliseconds;

/// Monotonic time since an arbitrary start.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Duration now() const = 0;
};

class SystemClock final : public Clock {
public:
    Duration now() const override {
        return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
    }
};

/// For tests: stands still until it is moved.
class FakeClock final : public Clock {
public:
    Duration now() const override { return now_; }
    void advance(Duration by) { now_ += by; }

private:
    Duration now_{0};
};

} // namespace hameau
