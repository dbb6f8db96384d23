// Where this machine can be reached: what a person types into a browser on another computer of the network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hameau {

/// Addresses of the interfaces that are up, in text form; without loopback and link-local ones. IPv4 first, then the
/// order of the system; at most 8.
std::vector<std::string> local_addresses();
/// "https://192.168.1.5/setup", "https://[2001:db8::5]:8443/setup". `host`: a name or an address.
std::string setup_address(const std::string& host, std::int64_t https_port);

} // namespace hameau
