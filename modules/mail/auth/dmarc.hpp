// DMARC (RFC 9989): what the domain in From wants done with a message that neither SPF nor DKIM ties to it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "modules/mail/auth/dkim.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/spf.hpp"

namespace hameau::mailauth {

enum class DmarcPolicy { none, quarantine, reject };
enum class DmarcResult { none, pass, fail, temperror, permerror };
const char* word_of(DmarcPolicy policy);
const char* word_of(DmarcResult result);

struct DmarcRecord {
    DmarcPolicy policy = DmarcPolicy::none;
    std::optional<DmarcPolicy> subdomains;    ///< sp
    std::optional<DmarcPolicy> non_existent;  ///< np
    bool strict_dkim = false;
    bool strict_spf = false;
    bool testing = false;                     ///< t=y: one step milder
    char psd = 'u';                           ///< y, n or u
};
/// Nothing: it is no DMARC record, or one without a policy and without an address for reports (§4.7).
std::optional<DmarcRecord> parse_dmarc(std::string_view text);

struct DmarcVerdict {
    DmarcResult result = DmarcResult::none;
    DmarcPolicy policy = DmarcPolicy::none;  ///< what is wanted of a message that fails
    std::string domain;                      ///< in From
    std::string record_at;                   ///< where the record is; "" without one
    /// A limit of ours ended the search for the record: `policy` may be milder than what the domain asks for.
    bool limited = false;
    DmarcPolicy asks = DmarcPolicy::none;    ///< what the record wants of what fails, whether this message fails or not
};

/// Asks for all that tells the policy of `author`, by Resolver::ask_first: call it before anything else asks.
void ask_policy(const std::string& author, Resolver& resolver);
/// `author`: the domain in From, lower case. Nothing: not known yet. temperror has the policy that is known: DNS that fails above or
/// below a record does not take the record away.
std::optional<DmarcVerdict> check_dmarc(const std::string& author, const SpfVerdict& spf, const std::vector<DkimVerdict>& dkim, Resolver& resolver);

} // namespace hameau::mailauth
