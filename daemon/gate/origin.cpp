// The rule of origin.hpp, case by case. Called by services.cpp before a request that changes something.
#include "daemon/gate/origin.hpp"

#include "daemon/gate/hosts.hpp"

namespace hameau::gate {

bool origin_allowed(const RequestHead& head, std::string_view scheme, bool has_cookie, bool websocket) {
    const bool safe = head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS";
    if (safe && !websocket) {
        return true;
    }
    bool told = false;
    const std::string own = origin_of(scheme, head.authority);
    for (const Field& field : head.fields) {
        if (equals(field.name, "origin")) {
            if (field.value != own) {
                return false;
            }
            told = true;
        }
    }
    return told || websocket || !has_cookie;
}

} // namespace hameau::gate
