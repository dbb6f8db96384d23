// DnsPatience: how long mail of a domain waits whose policy DNS does not tell. Whoever keeps a name server from answering for some seconds
// must not get forged mail past the policy; a domain whose DNS is broken for good still writes, hours later. A policy of p=reject is remembered
// from message to message, and then no silence of DNS lets anything in without a proof. Pure.
#pragma once

#include <map>
#include <string>

#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

class DnsPatience {
public:
    /// Whether this domain was hidden for long enough, and its mail is taken as it is: never while it is remembered that it wants mail
    /// refused. `now`: seconds since 1970.
    bool is_over(const std::string& domain, long now) {
        const auto found = known_.find(domain);
        if (found != known_.end() && now >= found->second.since && now - found->second.asked < dns_patience_kept_seconds) {
            found->second.asked = found->second.refuses ? found->second.asked : now;
            return !found->second.refuses && now - found->second.since >= dns_patience_seconds;
        }
        keep(domain, {now, now, false});
        return false;
    }
    /// DNS told its policy, or that there is none. `refuses`: what cannot be proved is to be refused.
    void answered(const std::string& domain, bool refuses, long now) {
        if (refuses) {
            keep(domain, {now, now, true});
        } else {
            known_.erase(domain);
        }
    }

private:
    struct Known {
        long since = 0;
        long asked = 0;
        bool refuses = false;
    };
    void keep(const std::string& domain, Known known) {
        if (known_.size() >= dns_patience_domains_max && !known_.contains(domain)) {
            auto oldest = known_.begin();
            for (auto one = known_.begin(); one != known_.end(); ++one) {
                oldest = one->second.asked < oldest->second.asked ? one : oldest;
            }
            known_.erase(oldest);
        }
        known_[domain] = known;
    }

    std::map<std::string, Known> known_;
};

} // namespace hameau::milter
