// How a module names a request in its journal: by the pattern of its route, never by the path, which may hold the code of
// an invitation or the key of a link.
#pragma once

#include <string_view>

#include "daemon/contract/manifest.hpp"
#include "modules/support/router.hpp"

namespace hameau {

/// "/api/v1/invitations/{invitation}"; "(none)" where no route of the manifest matches.
inline std::string_view route_name(const Manifest& manifest, std::string_view path) {
    for (const Route& route : manifest.routes) {
        if (path.starts_with('/') && match_route(route.pattern, path, nullptr) >= 0) {
            return route.pattern;
        }
    }
    return "(none)";
}

} // namespace hameau
