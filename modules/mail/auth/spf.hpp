// SPF: may this address send mail for this domain? check_host() of RFC 7208.
#pragma once

#include <optional>
#include <string>

#include "modules/mail/auth/dns.hpp"

namespace hameau::mailauth {

enum class SpfResult { none, neutral, pass, fail, softfail, temperror, permerror };
/// The word for Authentication-Results (RFC 8601 §2.7.2).
const char* word_of(SpfResult result);

struct SpfQuestion {
    std::string address;   ///< octets of the client (read_address)
    std::string helo;      ///< what it calls itself
    std::string sender;    ///< local@domain of MAIL FROM; empty for a bounce: postmaster@helo is judged (§2.4)
    std::string receiver;  ///< our own name, for %{r}
    long now_seconds = 0;  ///< since 1970, for %{t}
    bool explain = false;  ///< fetch the explanation of a fail as well
};

struct SpfVerdict {
    SpfResult result = SpfResult::none;
    std::string domain;       ///< that was judged
    bool by_helo = false;     ///< there was no sender
    std::string explanation;  ///< of the domain's owner: text of a stranger
};

/// Nothing: `resolver` does not know all answers yet.
std::optional<SpfVerdict> check_spf(const SpfQuestion& question, Resolver& resolver);

} // namespace hameau::mailauth
