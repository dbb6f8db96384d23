// What an app password opens through the gate, as `Authorization: Basic login:password` in the place of a session. This is
// the whole list: a route that is not here is never opened by one. Read by the gate's router. IMAP and submission are
// Dovecot's (auth_schema.hpp), not the gate's.
#pragma once

#include <array>
#include <string_view>

namespace hameau {

struct AppRoute {
    std::string_view pattern;  ///< as in the module's manifest
    std::string_view scope;    ///< of the app password
};

inline constexpr std::array app_routes = {
    AppRoute{"/api/v1/sites/{host}/deploys", "deploy"},
    AppRoute{"/api/v1/sites/{host}/deploys/{number}", "deploy"},
    AppRoute{"/api/v1/sites/{host}/missing", "deploy"},
};

} // namespace hameau
