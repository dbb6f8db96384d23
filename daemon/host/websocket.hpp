// serve_websocket: one accepted WebSocket (RFC 6455) of a module, over the Unix socket.
#pragma once

#include <memory>

#include <boost/asio/local/stream_protocol.hpp>

#include "modules/module.hpp"

namespace hameau {

class Host;

/// Answers the hand-shake of `request`, then carries messages until either side ends.
Task<void> serve_websocket(Host& host, boost::asio::local::stream_protocol::socket socket, Request request,
                           std::unique_ptr<WebSocketHandler> handler);

} // namespace hameau
