// A bind with SO_REUSEADDR and without SO_REUSEPORT: refused where somebody listens, allowed beside old connections (TIME_WAIT).
#include "daemon/supervisor/ports.hpp"

#include "daemon/base/io.hpp"

namespace hameau::supervisor {

std::optional<std::uint16_t> taken_port(std::span<const std::uint16_t> ports, std::span<const std::string> addresses) {
    for (const std::uint16_t port : ports) {
        for (const std::string& address : addresses) {
            const auto bound = bind_tcp(address, port);
            if (!bound && bound.error().code == std::errc::address_in_use) {
                return port;
            }
        }
    }
    return std::nullopt;
}

} // namespace hameau::supervisor
