// Collecting routes and ordering them, so that the first that matches is the most literal one.
#include "daemon/gate/router.hpp"

#include <algorithm>

#include "daemon/contract/app_scopes.hpp"
#include "daemon/contract/path.hpp"


namespace hameau::gate {

namespace {

std::string weight_of(std::string_view pattern) {
    std::string weight;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);  // the slash
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        const std::string_view segment = pattern.substr(0, end);
        weight += segment == "*" ? 'a' : segment.starts_with('{') ? 'b' : 'c';
        pattern.remove_prefix(end);
    }
    weight += '~';  // "/a" comes before "/a/*", which matches it too
    return weight;
}

Who who_of(std::string_view word) {
    return word == "anyone" ? Who::anyone : word == "admin" ? Who::admin : Who::member;
}

} // namespace

void Router::add(GateRoute route) {
    route.weight = weight_of(route.pattern);
    const auto* app = std::find_if(app_routes.begin(), app_routes.end(), [&](const AppRoute& known) { return known.pattern == route.pattern; });
    route.scope = app == app_routes.end() ? std::string_view() : app->scope;
    routes_.push_back(std::move(route));
}

Router Router::of(std::span<const Manifest* const> manifests, const Settings& settings) {
    Router router;
    for (const Manifest* manifest : manifests) {
        const std::string switch_key = std::string(manifest->name) + ".enabled";
        const bool enabled = !settings.has(switch_key) || settings.boolean(switch_key);
        for (const Route& route : manifest->routes) {
            router.add({std::string(route.pattern), std::string(manifest->name), route.who, route.websocket, enabled, {}});
        }
    }
    constexpr std::string_view prefix = "external.";
    constexpr std::string_view suffix = ".executable";
    for (const auto& [key, value] : settings.all()) {
        if (!key.starts_with(prefix) || !key.ends_with(suffix)) {
            continue;
        }
        const std::string name = key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
        const std::string base = std::string(prefix) + name + ".routes.";
        for (int i = 0; settings.has(base + std::to_string(i) + ".pattern"); ++i) {
            const std::string at = base + std::to_string(i);
            router.add({settings.text(at + ".pattern"), name, who_of(settings.text(at + ".who")),
                        settings.boolean(at + ".websocket"), true, {}});
        }
    }
    std::stable_sort(router.routes_.begin(), router.routes_.end(),
                     [](const GateRoute& a, const GateRoute& b) { return a.weight > b.weight; });
    return router;
}

const GateRoute* Router::find(std::string_view path) const {
    if (path == "/internal" || path.starts_with("/internal/")) {
        return nullptr;
    }
    for (const GateRoute& route : routes_) {
        if (match_pattern(route.pattern, path, nullptr)) {
            return &route;
        }
    }
    return nullptr;
}

} // namespace hameau::gate
