// Domains that are being given to an association. People asks mail and sites what others have under a domain's name, and
// gives the domain a moment later; meanwhile nobody else may put anything there. Kept by mail and sites (GET /internal/domain).
// In memory only: after a restart nothing is held, and what came in that moment stays with its association, unserved.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "modules/support/limits.hpp"

namespace hameau {

/// `host` is `domain`, or a name below it.
bool is_at_or_below(std::string_view host, std::string_view domain);

class DomainHolds {
public:
    using Clock = std::chrono::steady_clock;
    /// For `association`, from now on for domain_hold; the newest question counts.
    void put(const std::string& domain, const std::string& association, Clock::time_point now = Clock::now());
    /// The domain is given: its owner may use it, and nobody else has it.
    void end(const std::string& domain) { holds_.erase(domain); }
    /// Somebody else than `association` is about to get a domain that `name` is in. `domains`: its own ones; of two domains
    /// that a name is in, the longer one decides.
    bool holds(std::string_view name, std::string_view association, const std::vector<std::string>& domains,
               Clock::time_point now = Clock::now());

private:
    struct Hold {
        std::string association;
        Clock::time_point until;
    };
    std::map<std::string, Hold> holds_;
};

} // namespace hameau
