// DnsHealth: whether DNS answers at all. One dead domain fails its own look-ups; when all look-ups of minutes fail, the house checks and
// signs nothing new, and its people must be told. Pure.
#pragma once

#include <optional>

#include "daemon/base/clock.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

class DnsHealth {
public:
    enum class News { none, silent, back };

    News on_answer(bool failed, Duration now) {
        if (!failed) {
            const bool was_silent = told_;
            failing_since_.reset();
            failures_ = 0;
            told_ = false;
            return was_silent ? News::back : News::none;
        }
        failing_since_ = failing_since_.value_or(now);
        ++failures_;
        if (told_ || failures_ < dns_silent_look_ups || now - *failing_since_ < dns_silent_after) {
            return News::none;
        }
        told_ = true;
        return News::silent;
    }

private:
    std::optional<Duration> failing_since_;
    unsigned failures_ = 0;
    bool told_ = false;
};

} // namespace hameau::milter
