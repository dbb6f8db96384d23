// An SPF record as data, and its macros (RFC 7208 §4.6, §5, §6, §7). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::mailauth {

enum class Qualifier : char { pass = '+', fail = '-', softfail = '~', neutral = '?' };
enum class Mechanism { all, include, a, mx, ptr, ip4, ip6, exists };

struct SpfTerm {
    Qualifier qualifier = Qualifier::pass;
    Mechanism mechanism = Mechanism::all;
    std::string domain;   ///< with macros; empty: the domain that is being judged
    std::string network;  ///< octets of ip4 or ip6
    unsigned v4_bits = 32;
    unsigned v6_bits = 128;
};

struct SpfRecord {
    std::vector<SpfTerm> terms;
    std::optional<std::string> redirect;
    std::optional<std::string> explanation;
};

/// Whether a TXT record is an SPF record at all (§4.5).
bool is_spf(std::string_view text);
/// The whole record is read before anything of it counts (§4.6). Errors: invalid, which is permerror.
Result<SpfRecord> parse_spf(std::string_view text);

/// Where a macro may stand: %{c}, %{r} and %{t} are for explanations only (§7.2).
enum class MacroPlace { domain, explanation };

/// What macros stand for. `p` is asked last, since it needs DNS.
struct MacroValues {
    std::string sender, local, sender_domain, domain, address, readable_address, validated, helo, receiver;
    bool v6 = false;
    long now_seconds = 0;
};
/// Whether %{p} is in it, for which a name of the client must be found first.
bool needs_validated_name(std::string_view text);
/// Errors: invalid for what is no macro-string.
Result<std::string> expand_macros(std::string_view text, const MacroValues& values, MacroPlace place);

} // namespace hameau::mailauth
