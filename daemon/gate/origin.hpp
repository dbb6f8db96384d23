// Same-site is not same-origin: what a browser may send from where. Pure.
#pragma once

#include <string_view>

#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

/// Unsafe calls with the session's cookie need the Origin of the page that they go to; an Origin that is there must
/// always match, for a WebSocket too. Safe calls change nothing and are let through.
bool origin_allowed(const RequestHead& head, std::string_view scheme, bool has_cookie, bool websocket);

} // namespace hameau::gate
