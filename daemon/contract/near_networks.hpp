// The computers of the house's own network, as far as an address tells. The gate answers them by the house's address; people takes
// the short code of the first set-up from them only.
#pragma once

#include <string_view>

namespace hameau {

/// Loopback (RFC 6890), private use (RFC 1918, RFC 4193) and link-local addresses (RFC 3927, RFC 4291 section 2.5.6).
inline constexpr std::string_view near_networks =
    "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, ::1/128, fc00::/7, fe80::/10";

} // namespace hameau
