// See domain_holds.hpp.
#include "modules/support/domain_holds.hpp"

#include <algorithm>

namespace hameau {

bool is_at_or_below(std::string_view host, std::string_view domain) {
    return !domain.empty() && host.ends_with(domain) &&
           (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
}

void DomainHolds::put(const std::string& domain, const std::string& association, Clock::time_point now) {
    holds_[domain] = Hold{association, now + domain_hold};
}

bool DomainHolds::holds(std::string_view name, std::string_view association, const std::vector<std::string>& domains, Clock::time_point now) {
    std::erase_if(holds_, [now](const auto& entry) { return entry.second.until <= now; });
    std::size_t own = 0;
    for (const std::string& domain : domains) {
        own = is_at_or_below(name, domain) ? std::max(own, domain.size()) : own;
    }
    return std::any_of(holds_.begin(), holds_.end(), [&](const auto& entry) {
        return entry.second.association != association && entry.first.size() >= own && is_at_or_below(name, entry.first);
    });
}

} // namespace hameau
