// What a Host names: the services, a site, or nothing of ours. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/contract/hosts_map.hpp"

namespace hameau::gate {

/// What main() made of the settings.
struct GateOptions {
    std::string house_host;
    bool trial = false;
    /// The house has no host name yet: every name and address is the house's, and only its first set-up is served.
    bool waiting() const { return house_host.empty(); }
    bool serve_plain = false;  ///< sites.plain_http: serve
    std::uint16_t https_port = 443;
    bool http2 = true;               ///< offered by ALPN
    std::size_t extra_answers = 64;  ///< responses of HTTP/2 at a time, beyond one for each connection
    bool certificates_come = false;  ///< an authority is asked for the certificate of each site
    std::string challenge_folder;  ///< answers of an ACME client by token (absolute)
    std::chrono::milliseconds header_time{10000};
    std::chrono::milliseconds body_time{30000};
    std::chrono::milliseconds idle_time{75000};
};

struct HostChoice {
    bool services = false;
    const sites::HostLine* site = nullptr;  ///< lives as long as the map
};

/// Whether `host` is an address ("192.168.1.5", "[fd00::5]"), not a name. By its address the house is reached from its own
/// network also while no DNS knows its name; no foreign name can be made to point there (DNS rebinding).
bool is_address_literal(std::string_view host);

/// `host` in lower case without port. In a trial, `localhost`, every NAME.localhost and the loopback addresses are the
/// house (several people in one browser), but for NAME.localhost when a site's name begins with "NAME.".
HostChoice choose_host(std::string_view host, const GateOptions& options, const sites::HostsMap& map);

/// Origin (RFC 6454 §6.2) of what the visitor used: "https://localhost:8443"; the scheme's own port is left out.
std::string origin_of(std::string_view scheme, std::string_view authority);

} // namespace hameau::gate
