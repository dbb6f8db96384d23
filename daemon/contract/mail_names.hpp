// The names that other machines ask about a mail domain D of the house: autoconfig.D, autodiscover.D, mta-sts.D. Which domains there are
// (STATE/mail/served/domains: written by hameau-mail, renamed into place; read by the gate and by the certificates' turn), and what those
// names answer. Pure. What is answered comes from the settings and the domain alone: nothing of a request stands in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::mailnames {

/// The mail domains that are served now, sorted, lower case. One a line in the file.
class Domains {
public:
    /// Errors: invalid with the line's number (no host name, lines out of order or double); too_large. Keep the list of before then.
    static Result<Domains> parse(std::string_view text);
    static Domains of(std::vector<std::string> names);
    /// The domain as it stands in the list; empty when it does not.
    std::string_view find(std::string_view domain) const;
    bool has(std::string_view domain) const { return !find(domain).empty(); }
    const std::vector<std::string>& names() const { return names_; }
    std::string to_text() const;

private:
    std::vector<std::string> names_;
};

enum class Label { autoconfig, autodiscover, mta_sts };
/// "autoconfig.amis.org": its label and domain.
struct Asked {
    Label label = Label::autoconfig;
    std::string_view domain;  ///< lives as long as the host that was read
};
/// `host`: lower case, without port. Whether the domain is one of the house is not looked at.
std::optional<Asked> read_host(std::string_view host);
/// The three host names of a domain.
std::vector<std::string> hosts_of(const std::string& domain);

/// Where members' programs find their mail. A port that is 0 is not served and not named.
struct Ports {
    std::string host;  ///< the house's own name: the one that its certificate has
    std::uint16_t imaps = 0;
    std::uint16_t imap = 0;  ///< STARTTLS
    std::uint16_t submissions = 0;
    std::uint16_t submission = 0;  ///< STARTTLS
};

/// Thunderbird's form (config-v1.1.xml). %EMAILADDRESS% stands for the address: the program puts it there.
std::string thunderbird_document(const Ports& ports, const std::string& domain);
/// Outlook's form ([MS-OXDSCLI] §2.2.4). `login`: a whole address that the caller has read as one; empty: the field is left out.
std::string outlook_document(const Ports& ports, std::string_view login);
/// Outlook's form for an address that is not of the house ([MS-OXDSCLI] §2.2.4.1.1.2, error 500).
std::string outlook_refusal();

/// The house's MTA-STS policy (RFC 8461 §3.2). It is one for all domains: their MX is the house. `mode`: "testing", "enforce" or "none".
std::string mta_sts_policy(std::string_view host, std::string_view mode);
/// For the record `_mta-sts` (RFC 8461 §3.1): 1 to 32 letters and digits, another one for each other policy.
std::string mta_sts_id(std::string_view policy);

/// The house's security.txt (RFC 9116), good for security_text_days from the day of `now_s` (seconds since 1970) on.
/// Contact is postmaster@ of the house, which somebody reads wherever there is a mail domain (RFC 2142 §5).
std::string security_text(std::string_view host, std::int64_t now_s);

} // namespace hameau::mailnames
