// Router: which module answers a path of the services' host, by the manifests' routes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/manifest.hpp"
#include "daemon/settings/settings.hpp"

namespace hameau::gate {

struct GateRoute {
    std::string pattern;
    std::string module;
    Who who = Who::member;
    bool websocket = false;
    bool enabled = true;   ///< false: the module is switched off in the settings
    std::string weight;    ///< the more literal, the greater: one letter a segment
    std::string_view scope = {};  ///< app passwords of this scope open it too; empty: sessions only
};

class Router {
public:
    /// The routes of the built-in modules, and those of external ones from `external.NAME.routes.N`.
    static Router of(std::span<const Manifest* const> manifests, const Settings& settings);

    /// `path` normalised (daemon/contract/path.hpp). The most literal pattern wins; null: no module has it.
    const GateRoute* find(std::string_view path) const;
    const std::vector<GateRoute>& routes() const { return routes_; }

private:
    void add(GateRoute route);

    std::vector<GateRoute> routes_;  ///< by descending weight
};

} // namespace hameau::gate
