// Certificates of an ACME authority (RFC 8555) by uacme, for the house's own name and those of its sites. hameaud starts the
// turn (`hameau-provision acme`) when something is due. The authority is spoken to under a uid of its own; root looks at what
// came back and puts it in place. Never: a name that hosts.map does not have, a file that the admin put there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/settings/settings.hpp"

namespace hameau::provisioning {

struct AcmePlace {
    std::string state;       ///< the state folder
    unsigned gate_gid = 0;   ///< may read the files of keys; 0: unchanged
    unsigned acme_uid = 0;   ///< 0: as we are
    std::int64_t (*now_s)() = nullptr;  ///< the wall's clock; null: the system's. For tests
};

/// One turn: asks for what is due (at most orders_per_turn), writes STATE/tls/certificates. On standard output one line for each
/// name that was asked for: "issued HOST" or "failed HOST CODE DETAIL". `again`: what failed does not wait for its time (the admin
/// had the house look at everything again). Errors: what hinders the whole turn.
Status renew_certificates(const Settings& settings, const AcmePlace& place, bool again);

/// How a site's certificate stands, as a word of acme_code: `fine` when visitors of that host see one that is good for it.
std::string certificate_state(const Settings& settings, const AcmePlace& place, const std::string& host);

/// What uacme calls: METHOD TYPE IDENTIFIER TOKEN AUTHORIZATION. Writes and removes HAMEAU_CHALLENGES/TOKEN for http-01; says no to
/// all other kinds. The exit code.
int answer_challenge(const std::vector<std::string_view>& arguments);

/// A line on standard output for each of `names` that DNS tells of: "here NAME" when it has an address of `house`'s, else "elsewhere NAME".
/// None for a name that is not told. The exit code.
int print_names_here(const std::string& house, const std::vector<std::string>& names);

/// 0: the system knows an address of the name; 1: there is none; 2: cannot be told (no answer). The exit code.
int look_up_name(const std::string& host);

} // namespace hameau::provisioning
