// serve_websocket: one accepted WebSocket (RFC 6455) of a module, over the Unix socket.
#pragma once

#include <memory>

#include <boost/asio/local/stream_protocol.hpp>

#include "daemon/contract/module.hpp"

namespace hameau {

class Host;

struct Use;

/// Answers the handshake of `request` and returns; the connection then goes on without the caller until either side ends it.
Task<void> serve_websocket(Host& host, boost::asio::local::stream_protocol::socket socket, Request request,
                           std::unique_ptr<WebSocketHandler> handler, std::shared_ptr<Use> use);

} // namespace hameau
