// The names beside the house's mail domains (autoconfig.D, autodiscover.D, mta-sts.D), and what mail programs ask of D and of the house
// itself. Answered by the gate alone: no module wakes, but for Outlook's form with an address in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"
#include "daemon/contract/mail_names.hpp"
#include "daemon/gate/router.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

class MailNames {
public:
    /// `folder`: STATE/mail/served. Without it, and with mail switched off, no domain is served.
    static MailNames open(const Settings& settings, const std::string& folder);
    /// Reads the list again. Errors: the former list stays.
    Status reload();
    const mailnames::Domains& domains() const { return domains_; }
    const mailnames::Ports& ports() const { return ports_; }
    const std::string& policy() const { return policy_; }

private:
    Fd folder_;
    mailnames::Domains domains_;
    mailnames::Ports ports_;
    std::string policy_;  ///< MTA-STS
};

/// What is asked, when it is something of mail.
struct MailQuestion {
    enum class What { thunderbird, outlook, mta_sts, security, nothing };
    What what = What::nothing;  ///< `nothing`: a name of ours, at which nothing is at that path
    std::string_view domain;    ///< whose settings are asked for; empty: the house's own, which are the same for all domains
};
/// `host`, `path` and `query` as in RequestHead. `house`: the host is the services' own. Nothing: the request is not for mail. Pure.
std::optional<MailQuestion> read_mail_question(std::string_view host, std::string_view path, std::string_view query, bool house, const mailnames::Domains& domains);

/// Answers, or says which route has to be asked.
const GateRoute* serve_mail_question(Visit& visit, const MailQuestion& question);

} // namespace hameau::gate
