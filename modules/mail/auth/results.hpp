// Authentication-Results (RFC 8601): writing ours, and knowing those that carry our name. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/mail/auth/arc.hpp"
#include "modules/mail/auth/dkim.hpp"
#include "modules/mail/auth/dmarc.hpp"
#include "modules/mail/auth/spf.hpp"

namespace hameau::mailauth {

/// All that is known of one message.
struct Verdicts {
    SpfVerdict spf;
    std::vector<DkimVerdict> dkim;
    ArcVerdict arc;
    std::vector<DmarcVerdict> dmarc;  ///< one for each domain in From
    std::string disposition;          ///< what was done: none, quarantine, reject
};

/// The results, without the name of the host in front: "spf=pass smtp.mailfrom=amis.test;\r\n\tdkim=...". `sender`: of MAIL FROM.
std::string write_results(const Verdicts& verdicts, const std::string& sender, const std::string& helo);
/// What stands behind the name in the value of an Authentication-Results field of ours, folded with CRLF; "none" when there is nothing.
std::string results_in(std::string_view value);
/// Whether the value of an Authentication-Results field says that it is of `host`, or might be read so (§5): a name that is not written
/// plainly (quoted, folded, with a comment inside, not ASCII) counts as ours. What honest servers write is plain, and nobody needs it here.
bool claims_host(std::string_view value, std::string_view host);

} // namespace hameau::mailauth
