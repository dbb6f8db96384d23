// DnsPatience: how long mail of a domain waits whose policy DNS does not tell. Whoever keeps a name server from answering for some seconds
// must not get forged mail past the policy; a domain whose DNS is broken for good still writes, hours later. Pure.
#pragma once

#include <map>
#include <string>

#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

class DnsPatience {
public:
    /// Whether this domain was hidden for long enough, and its mail is taken as it is. `now`: seconds since 1970.
    bool is_over(const std::string& domain, long now) {
        const auto found = hidden_.find(domain);
        if (found != hidden_.end() && now >= found->second.since && now - found->second.asked < dns_patience_kept_seconds) {
            found->second.asked = now;
            return now - found->second.since >= dns_patience_seconds;
        }
        if (found == hidden_.end() && hidden_.size() >= dns_patience_domains_max) {
            drop_oldest();
        }
        hidden_[domain] = {now, now};
        return false;
    }
    /// DNS told its policy, or that there is none.
    void answered(const std::string& domain) { hidden_.erase(domain); }

private:
    struct Hidden {
        long since = 0;
        long asked = 0;
    };
    void drop_oldest() {
        auto oldest = hidden_.begin();
        for (auto one = hidden_.begin(); one != hidden_.end(); ++one) {
            oldest = one->second.asked < oldest->second.asked ? one : oldest;
        }
        hidden_.erase(oldest);
    }

    std::map<std::string, Hidden> hidden_;
};

} // namespace hameau::milter
