// KeyRounds: when the domains of the house are looked at for missing keys. Making one takes up to a second of the only thread, so each
// round makes one at most, and what fails (a full disk, a folder of another owner) is tried less and less often. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/result.hpp"

namespace hameau::milter {

class KeyRounds {
public:
    explicit KeyRounds(const Clock& clock) : clock_(clock) {}

    bool is_due() const { return !next_ || clock_.now() >= *next_; }
    struct Outcome {
        std::string domain;
        std::optional<Error> error;  ///< nothing: its key was made
        bool news = true;            ///< false: rounds before this one failed too, and one line in the log is enough
    };
    /// Calls `ensure` (true: a key was made) until it made one or failed. Nothing: every domain has its key.
    std::optional<Outcome> run(const std::vector<std::string>& domains, const std::function<Result<bool>(const std::string&)>& ensure);

private:
    const Clock& clock_;
    std::optional<Duration> next_;
    std::string failed_;  ///< the domain that failed last: the next round begins behind it, so that it stops no other
    Duration pause_{0};   ///< after the last failure
};

} // namespace hameau::milter
