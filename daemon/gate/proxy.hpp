// Forwarding a request to a module, and its response back: whole bodies in small pieces, or a WebSocket as bytes.
#pragma once

#include <string>

#include "daemon/gate/router.hpp"
#include "daemon/gate/sessions.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

/// The names of people's cookies: the session's is for people alone.
inline constexpr std::string_view session_cookie = "__Host-hameau";

/// The value of the first cookie of that name in all Cookie fields; empty without.
std::string_view cookie_of(const RequestHead& head, std::string_view name);

/// The header section that the module gets: hop-by-hop fields, Hameau-* and (but for people) our cookies removed, identity added.
std::string module_request(const Visit& visit, const GateRoute& route, const Session* session, bool websocket);
/// The fields of a module's response that go on to the visitor, as lines.
std::string passed_fields(const ResponseHead& head, std::string_view module);

struct ForwardPlan {
    const GateRoute& route;
    SessionPointer session;
    std::uint64_t generation = 0;  ///< of the session cache at that response
    std::string token;
};
/// With visit.upgrade set a tunnel follows; visit.response may hold a response that is still to be sent.
/// Errors: the request cannot be answered any more.
Task<Status> forward(Visit& visit, const ForwardPlan& plan);

} // namespace hameau::gate
