// ServicePolicy: when one service is started, stopped, restarted or killed. Pure: events and time in, actions out.
// Owner: supervisor. It must never read a file, a socket or the clock.
#pragma once

#include <chrono>
#include <optional>

#include "daemon/base/clock.hpp"
#include "daemon/child/child.hpp"

namespace hameau::supervisor {

enum class State {
    off,       ///< not wanted
    asleep,    ///< its socket is watched; the first byte starts it
    starting,  ///< spawned, has not said READY
    ready,
    stopping,  ///< was told, or said so itself
    waiting,   ///< crashed; back-off runs
};
const char* to_text(State state);

/// What the caller must do now.
enum class Action { nothing, spawn, terminate, kill, listen };

struct PolicyLimits {
    bool on_demand = false;        ///< a clean exit means asleep, not a crash
    Duration start_limit{30000};
    Duration stop_limit = kill_after;
    Duration first_delay{100};     ///< back-off after the first crash in a row, doubled each time
    Duration longest_delay{60000};
    Duration worked_after{10000};  ///< being ready this long resets the back-off: the next start is at once
};

class ServicePolicy {
public:
    explicit ServicePolicy(PolicyLimits limits) : limits_(limits) {}

    Action on_wanted(Duration now);
    Action on_byte(Duration now);
    Action on_ready(Duration now);
    /// The service says STOPPING=1.
    void on_stopping(Duration now);
    /// EXTEND_TIMEOUT_USEC: its start or end takes at least this long from now. Nothing while it is ready.
    void extend(Duration now, Duration by);
    /// It ended; `clean` = exit code 0.
    Action on_exit(Duration now, bool clean);
    /// It could not even be started (its port is taken): tried again like after a crash, but not counted as a restart.
    Action on_blocked(Duration now);
    /// The house is closing: no restart after this.
    Action on_stop_wanted(Duration now);
    /// End it and start it again at once.
    Action on_restart_wanted(Duration now);
    /// WATCHDOG_USEC of the child: zero disarms.
    void set_watchdog(Duration now, Duration interval);
    void feed_watchdog(Duration now);
    /// Time has come to next_deadline().
    Action on_time(Duration now);
    /// It crashed more than once in a row and waits for its next start: who calls it now must not wait for that.
    bool is_failing(Duration now) const;
    std::optional<Duration> next_deadline() const;

    /// Of the next start.
    void set_limits(PolicyLimits limits) { limits_ = limits; }

    State state() const { return state_; }
    bool running() const { return state_ == State::starting || state_ == State::ready || state_ == State::stopping; }
    unsigned restarts() const { return restarts_; }
    Duration since() const { return since_; }

private:
    Action spawn(Duration now);
    void enter(State state, Duration now);
    /// Waits for the next start, longer each time.
    void back_off(Duration now);

    PolicyLimits limits_;
    State state_ = State::off;
    Duration since_{0};
    std::optional<Duration> deadline_;
    Duration watchdog_interval_{0};
    std::optional<Duration> watchdog_deadline_;
    Duration ready_since_{0};
    unsigned crashes_in_a_row_ = 0;
    unsigned restarts_ = 0;
    bool wanted_ = false;
    bool restart_ = false;
    bool was_ready_ = false;
};

} // namespace hameau::supervisor
