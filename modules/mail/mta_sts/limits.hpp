// Limits of hameau-mta-sts, each with its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::mta_sts {

/// Bytes of a policy: RFC 8461 §3.3 proposes this bound.
inline constexpr std::size_t policy_bytes_max = 64 << 10;
/// Bytes of the header section in front of it.
inline constexpr std::size_t head_bytes_max = 16 << 10;
/// Patterns of a policy that are handed to Postfix; a provider has five.
inline constexpr std::size_t patterns_max = 64;
/// Seconds: RFC 8461 §3.2, about a year.
inline constexpr std::int64_t max_age_max = 31557600;
/// A fetch with its look-up of addresses; a message waits so long for a dead server, once in failure_kept.
inline constexpr std::chrono::milliseconds fetch_limit{10000};
/// For one address to accept a connection: the next one gets its turn.
inline constexpr std::chrono::milliseconds connect_limit{2500};
/// Seconds for which a failed fetch is not tried again (RFC 8461 §3.3: five minutes or longer).
inline constexpr std::int64_t failure_kept = 300;
/// Addresses of the server that are tried.
inline constexpr std::size_t addresses_max = 4;
/// Policies in the folder; beyond it those that were fetched longest ago go.
inline constexpr std::size_t policies_max = 5000;
/// Bytes of a request of Postfix: the name of the map and a domain.
inline constexpr std::size_t request_bytes_max = 1000;
/// Bytes of an answer of DNS: the largest there is (RFC 1035 §4.2.2).
inline constexpr std::size_t dns_answer_bytes_max = 65535;

} // namespace hameau::mta_sts
