// The two questions to the world: the record in DNS, and the policy by HTTPS. Each waits for a bounded time.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hameau::mta_sts {

/// The texts of TXT records; nothing when DNS did not answer. An answer that there are none is an empty list.
std::optional<std::vector<std::string>> look_up_texts(const std::string& name);

/// https://mta-sts.DOMAIN/.well-known/mta-sts.txt: with a certificate of that name, no redirect, text/plain (RFC 8461 §3.3), in fetch_limit.
/// Never an address of the neighbourhood (10.0.0.0/8 and the like): a stranger's record chooses it. Nothing: there is no policy to have.
std::optional<std::string> fetch_policy(const std::string& domain, const std::string& authorities);

} // namespace hameau::mta_sts
