// An MTA-STS policy and its record (RFC 8461 §3): read strictly, and said as Postfix understands it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::mta_sts {

enum class Mode { none, testing, enforce };

struct Policy {
    Mode mode = Mode::none;
    std::int64_t max_age = 0;           ///< seconds
    std::vector<std::string> patterns;  ///< lower case; "*.example.org" or a host name
};

/// Nothing for what is no policy of version STSv1: a field that must be there is missing, a pattern is no name.
std::optional<Policy> read_policy(std::string_view text);
/// The id of the only record of version STSv1 among the texts; empty when there is none, or more than one (RFC 8461 §3.1).
std::string read_id(const std::vector<std::string>& texts);
/// The value of smtp_tls_policy_maps; empty: the policy changes nothing (testing, none).
std::string postfix_value(const Policy& policy);

} // namespace hameau::mta_sts
