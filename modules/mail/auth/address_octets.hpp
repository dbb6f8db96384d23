// IP addresses as octets: 4 for IPv4, 16 for IPv6.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hameau::mailauth {

/// "192.0.2.1" or "2001:db8::1" as octets; an IPv4 address mapped into IPv6 (::ffff:0:0/96) becomes IPv4.
std::optional<std::string> read_address(std::string_view text);
std::optional<std::string> read_ipv4(std::string_view text);
std::optional<std::string> read_ipv6(std::string_view text);
/// As text, the way that RFC 5952 writes it.
std::string write_address(std::string_view octets);
/// Whether both are of one family and the same in their first bits.
bool same_network(std::string_view left, std::string_view right, unsigned bits);

} // namespace hameau::mailauth
