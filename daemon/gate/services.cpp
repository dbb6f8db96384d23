// Origin, session and role before a body is read; then the module that the path belongs to.
#include "daemon/gate/services.hpp"

#include <optional>

#include "daemon/contract/path.hpp"
#include "daemon/gate/basic.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/hosts.hpp"
#include "daemon/gate/origin.hpp"
#include "daemon/gate/pages.hpp"
#include "daemon/gate/proxy.hpp"

namespace hameau::gate {

namespace {

std::optional<Sessions::AppKey> app_key_of(const Visit& visit, const GateRoute& route) {
    const std::string_view field = visit.head.field("authorization");
    auto given = parse_basic(field);
    if (std::string token = given ? std::string() : parse_bearer(field); !token.empty()) {
        return Sessions::AppKey{{}, {}, std::string(route.scope), visit.address.prefix(), std::move(token)};
    }
    if (!given) {
        return std::nullopt;
    }
    return Sessions::AppKey{std::move(given->login), std::move(given->password), std::string(route.scope), visit.address.prefix()};
}

/// A program's app password or deploy token in the place of a session, on routes that are open to its scope. No response of the gate asks for
/// Basic (WWW-Authenticate), so that no browser keeps such a password; a page of another site cannot send the field without
/// CORS, which the gate never grants; and a foreign Origin was refused before. Nothing: refused, and answered.
Task<std::optional<SessionPointer>> open_with_password(Visit& visit, Sessions::AppKey key) {
    const auto answer = co_await visit.gate.sessions().open_with(std::move(key));
    if (answer && answer->session) {
        co_return answer->session;
    }
    if (!answer) {
        send_problem(visit, 503, "unavailable");
    } else if (answer->wait_seconds > 0) {
        Answer refusal = problem_document(429, "too_many", visit.language());
        refusal.headers += "Retry-After: " + std::to_string(answer->wait_seconds) + "\r\n";
        send_answer(visit, std::move(refusal));
    } else {
        send_problem(visit, 401, "wrong_credentials");
    }
    co_return std::nullopt;
}

/// What a house without a host name answers: its first set-up, and what that page asks about.
bool serves_setup(const Visit& visit, std::string_view path) {
    const bool reads = visit.head.method == "GET" || visit.head.method == "HEAD";
    return path == "/api/v1/setup" || path.starts_with("/api/v1/setup/") || ((path == "/api/v1/house" || path == "/api/v1/session") && reads);
}

} // namespace

Task<Status> serve_route(Visit& visit, const GateRoute& route) {
    if (!route.enabled) {
        send_problem(visit, 503, "switched_off");
        co_return Status{};
    }
    const std::string_view token = cookie_of(visit.head, session_cookie);
    const bool websocket = visit.head.websocket && route.websocket;
    if (!origin_allowed(visit.head, visit.scheme, !token.empty(), websocket)) {
        send_problem(visit, 403, "origin");
        co_return Status{};
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
            send_problem(visit, 503, "unavailable");
            co_return Status{};
        }
        plan.session = answer->session;
        plan.generation = answer->generation;
    }
    if (auto key = token.empty() && !route.scope.empty() ? app_key_of(visit, route) : std::nullopt) {
        const auto session = co_await open_with_password(visit, std::move(*key));
        if (!session) {
            co_return Status{};
        }
        plan.session = *session;
    }
    if (route.who != Who::anyone && !plan.session) {
        send_problem(visit, 401, "signed_out");
        co_return Status{};
    }
    if (route.who == Who::admin && !plan.session->admin) {
        send_problem(visit, 403, "forbidden");
        co_return Status{};
    }
    co_return co_await forward(visit, plan);
}

const GateRoute* serve_services(Visit& visit) {
    const auto path = normalise_path(visit.head.path);
    if (!path) {
        send_problem(visit, 400, "bad_request");
        return nullptr;
    }
    if (visit.gate.options().waiting() && *path == "/") {
        send_redirect(visit, 302, "/setup");
        return nullptr;
    }
    const GateRoute* route = visit.gate.router().find(*path);
    if (route != nullptr && visit.gate.options().waiting() && !serves_setup(visit, *path)) {
        send_problem(visit, 503, "not_set_up");
        return nullptr;
    }
    if (route != nullptr) {
        return route;
    }
    if (path->starts_with("/api/") || path->starts_with("/internal")) {
        send_problem(visit, 404, "not_found");
        return nullptr;
    }
    send_web_file(visit, visit.gate.web(), *path);
    return nullptr;
}

} // namespace hameau::gate
