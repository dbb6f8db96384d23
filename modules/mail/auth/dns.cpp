// Domain names as text.
#include "modules/mail/auth/dns.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/limits.hpp"

namespace hameau::mailauth {

bool is_domain(std::string_view name) {
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    if (name.empty() || name.size() > domain_octets_max) {
        return false;
    }
    const auto labels = split(name, '.');
    return std::all_of(labels.begin(), labels.end(),
                       [](std::string_view label) { return !label.empty() && label.size() <= label_octets_max; });
}

bool is_plain_domain(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return is_domain(name) && name.find('.') != std::string_view::npos && !name.ends_with('.') &&
           std::all_of(name.begin(), name.end(), plain);
}

bool is_at_or_below(std::string_view name, std::string_view parent) {
    return name == parent ||
           (name.size() > parent.size() && name.ends_with(parent) && name[name.size() - parent.size() - 1] == '.');
}

std::string normal_domain(std::string_view name) {
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    return ascii_lower(name);
}

} // namespace hameau::mailauth
