// Origin, session and role before a body is read; then the module that the path belongs to.
#include "daemon/gate/services.hpp"

#include "daemon/contract/path.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/hosts.hpp"
#include "daemon/gate/origin.hpp"
#include "daemon/gate/proxy.hpp"

namespace hameau::gate {

namespace {

Task<Status> refuse(Visit& visit, int status, std::string_view code) {
    visit.keep_alive = visit.keep_alive && visit.body.finished();
    return send_problem(visit, status, code);
}

Task<Status> serve_route(Visit& visit, const GateRoute& route) {
    if (!route.enabled) {
        co_return co_await refuse(visit, 503, "switched_off");
    }
    const std::string_view token = cookie_of(visit.head, session_cookie);
    const bool websocket = visit.head.websocket && route.websocket;
    if (!origin_allowed(visit.head, visit.scheme, !token.empty(), websocket)) {
        co_return co_await refuse(visit, 403, "origin");
    }
    ForwardPlan plan{route, nullptr, 0, std::string(token)};
    if (route.module == "people") {
        // people looks at the token itself, and trusts nobody's word about it.
        co_return co_await forward(visit, plan);
    }
    if (!token.empty()) {
        std::string question(token);
        auto answer = co_await visit.gate.sessions().resolve(std::move(question));
        if (!answer) {
            co_return co_await refuse(visit, 503, "unavailable");
        }
        plan.session = answer->session;
        plan.generation = answer->generation;
    }
    if (route.who != Who::anyone && !plan.session) {
        co_return co_await refuse(visit, 401, "signed_out");
    }
    if (route.who == Who::admin && !plan.session->admin) {
        co_return co_await refuse(visit, 403, "forbidden");
    }
    co_return co_await forward(visit, plan);
}

} // namespace

Task<Status> serve_services(Visit& visit) {
    const auto path = normalise_path(visit.head.path);
    if (!path) {
        co_return co_await refuse(visit, 400, "bad_request");
    }
    if (const GateRoute* route = visit.gate.router().find(*path)) {
        co_return co_await serve_route(visit, *route);
    }
    if (path->starts_with("/api/") || path->starts_with("/internal")) {
        co_return co_await refuse(visit, 404, "not_found");
    }
    co_return co_await send_web_file(visit, visit.gate.web(), *path);
}

} // namespace hameau::gate
