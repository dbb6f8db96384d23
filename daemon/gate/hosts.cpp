// The services' host wins over every site.
#include "daemon/gate/hosts.hpp"

#include <algorithm>

namespace hameau::gate {

HostChoice choose_host(std::string_view host, const GateOptions& options, const sites::HostsMap& map) {
    HostChoice choice;
    if (options.waiting() || host == options.house_host) {
        choice.services = true;
        return choice;
    }
    choice.site = map.find(host);
    if (choice.site != nullptr || !options.trial) {
        return choice;
    }
    constexpr std::string_view suffix = ".localhost";
    if (host.size() > suffix.size() && host.ends_with(suffix)) {
        const std::string_view name = host.substr(0, host.size() - suffix.size());
        choice.site = map.find(std::string(name) + ".test");
        for (const sites::HostLine& line : map.lines()) {
            if (choice.site == nullptr && line.host.size() > name.size() && line.host.starts_with(name) &&
                line.host[name.size()] == '.') {
                choice.site = &line;
            }
        }
        choice.services = choice.site == nullptr;
        return choice;
    }
    choice.services = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    return choice;
}

bool is_address_literal(std::string_view host) {
    if (host.starts_with('[')) {
        return host.ends_with(']');
    }
    return std::count(host.begin(), host.end(), '.') == 3 && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string origin_of(std::string_view scheme, std::string_view authority) {
    const std::string_view own_port = scheme == "https" ? ":443" : ":80";
    if (authority.ends_with(own_port)) {
        authority.remove_suffix(own_port.size());
    }
    return std::string(scheme).append("://").append(authority);
}

} // namespace hameau::gate
