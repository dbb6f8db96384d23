// The state machine of one service: start, ready, idle, back-off, stop. Pure: time is an input, and nothing is started here.
#include "daemon/supervisor/policy.hpp"

#include <algorithm>

namespace hameau::supervisor {

const char* to_text(State state) {
    switch (state) {
    case State::off:
        return "stopped";
    case State::asleep:
        return "asleep";
    case State::starting:
        return "starting";
    case State::ready:
        return "ready";
    case State::stopping:
        return "stopping";
    case State::waiting:
        return "failing";
    }
    return "unknown";
}

void ServicePolicy::enter(State state, Duration now) {
    state_ = state;
    since_ = now;
    deadline_.reset();
    watchdog_deadline_.reset();
    watchdog_interval_ = Duration(0);
}

Action ServicePolicy::spawn(Duration now) {
    enter(State::starting, now);
    was_ready_ = false;
    deadline_ = now + limits_.start_limit;
    return Action::spawn;
}

Action ServicePolicy::on_wanted(Duration now) {
    wanted_ = true;
    return state_ == State::off ? spawn(now) : Action::nothing;
}

Action ServicePolicy::on_byte(Duration now) { return state_ == State::asleep ? spawn(now) : Action::nothing; }

Action ServicePolicy::on_ready(Duration now) {
    if (state_ == State::starting) {
        enter(State::ready, now);
        ready_since_ = now;
        was_ready_ = true;
    }
    return Action::nothing;
}

void ServicePolicy::on_stopping(Duration now) {
    if (state_ == State::ready || state_ == State::starting) {
        enter(State::stopping, now);
        deadline_ = now + limits_.stop_limit;
    }
}

void ServicePolicy::extend(Duration now, Duration by) {
    if (deadline_ && (state_ == State::starting || state_ == State::stopping)) {
        deadline_ = std::max(*deadline_, now + by);
    }
}

Action ServicePolicy::on_exit(Duration now, bool clean) {
    const bool announced = state_ == State::stopping;
    const bool worked = was_ready_ && now - ready_since_ >= limits_.worked_after;
    if (!wanted_) {
        enter(State::off, now);
        return Action::nothing;
    }
    if (restart_) {
        restart_ = false;
        ++restarts_;
        return spawn(now);
    }
    if (limits_.on_demand && clean && announced) {
        crashes_in_a_row_ = 0;
        enter(State::asleep, now);
        return Action::listen;
    }
    ++restarts_;
    if (worked) {
        // It crashed for once: it comes back at once, because clients wait in its listener.
        crashes_in_a_row_ = 0;
        return spawn(now);
    }
    back_off(now);
    return Action::nothing;
}

void ServicePolicy::back_off(Duration now) {
    Duration delay = limits_.first_delay;
    for (unsigned i = 0; i < crashes_in_a_row_ && delay < limits_.longest_delay; ++i) {
        delay *= 2;
    }
    ++crashes_in_a_row_;
    enter(State::waiting, now);
    deadline_ = now + std::min(delay, limits_.longest_delay);
}

Action ServicePolicy::on_blocked(Duration now) {
    restart_ = false;
    if (wanted_) {
        back_off(now);
    } else {
        enter(State::off, now);
    }
    return Action::nothing;
}

Action ServicePolicy::on_stop_wanted(Duration now) {
    wanted_ = false;
    if (!running()) {
        enter(State::off, now);
        return Action::nothing;
    }
    enter(State::stopping, now);
    deadline_ = now + limits_.stop_limit;
    return Action::terminate;
}

Action ServicePolicy::on_restart_wanted(Duration now) {
    if (!running()) {
        return wanted_ ? spawn(now) : Action::nothing;
    }
    restart_ = true;
    enter(State::stopping, now);
    deadline_ = now + limits_.stop_limit;
    return Action::terminate;
}

void ServicePolicy::set_watchdog(Duration now, Duration interval) {
    watchdog_interval_ = interval;
    watchdog_deadline_.reset();
    if (interval.count() > 0) {
        watchdog_deadline_ = now + interval;
    }
}

void ServicePolicy::feed_watchdog(Duration now) {
    if (watchdog_deadline_) {
        watchdog_deadline_ = now + watchdog_interval_;
    }
}

Action ServicePolicy::on_time(Duration now) {
    if (watchdog_deadline_ && *watchdog_deadline_ <= now) {
        watchdog_deadline_.reset();
        return Action::kill;
    }
    if (!deadline_ || *deadline_ > now) {
        return Action::nothing;
    }
    deadline_.reset();
    if (state_ == State::waiting) {
        return spawn(now);
    }
    return running() ? Action::kill : Action::nothing;
}

bool ServicePolicy::is_failing(Duration now) const {
    return state_ == State::waiting && deadline_ && *deadline_ - now > limits_.first_delay;
}

std::optional<Duration> ServicePolicy::next_deadline() const {
    if (deadline_ && watchdog_deadline_) {
        return std::min(*deadline_, *watchdog_deadline_);
    }
    return deadline_ ? deadline_ : watchdog_deadline_;
}

} // namespace hameau::supervisor
