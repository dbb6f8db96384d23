// getifaddrs. A bridge of containers is listed too where it is up: nobody can tell it from a real network.
#include "daemon/base/local_addresses.hpp"

#include <algorithm>
#include <array>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "daemon/base/limits.hpp"

namespace hameau {

namespace {

std::string text_of(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.sa_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(address);
        return ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size()) != nullptr ? text.data() : "";
    }
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    if (address.sa_family != AF_INET6 || IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr) || IN6_IS_ADDR_LOOPBACK(&six.sin6_addr)) {
        return {};
    }
    return ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size()) != nullptr ? text.data() : "";
}

} // namespace

std::vector<std::string> local_addresses() {
    ifaddrs* list = nullptr;
    std::vector<std::string> found;
    if (::getifaddrs(&list) != 0) {
        return found;
    }
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        const bool open = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
        std::string text = open && one->ifa_addr != nullptr ? text_of(*one->ifa_addr) : std::string();
        if (!text.empty() && !text.starts_with("169.254.") && std::find(found.begin(), found.end(), text) == found.end()) {
            found.push_back(std::move(text));
        }
    }
    ::freeifaddrs(list);
    std::stable_partition(found.begin(), found.end(), [](const std::string& text) { return text.find(':') == std::string::npos; });
    found.resize(std::min(found.size(), local_addresses_max));
    return found;
}

std::string setup_address(const std::string& host, std::int64_t https_port) {
    std::string out = host.find(':') == std::string::npos ? "https://" + host : "https://[" + host + "]";
    out += https_port == 443 ? "" : ":" + std::to_string(https_port);
    return out + "/setup";
}

} // namespace hameau
