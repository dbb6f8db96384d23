// client_call: one HTTP call to another process of ours over its Unix socket, with a deadline.
#pragma once

#include <set>
#include <string>

#include "daemon/contract/module.hpp"
#include "daemon/host/limits.hpp"

namespace hameau {

struct ClientCall {
    std::string socket_path;
    std::string caller;  ///< our role, sent as Hameau-Caller
    std::string method;
    std::string path;    ///< with the query
    std::string json;    ///< empty: no body
    Headers headers = {};
};

/// Errors: unavailable when nobody listens, timed_out, too_large above call_bytes_max.
Task<Result<Response>> client_call(boost::asio::io_context& io, ClientCall call);

/// A GET whose answer is read a piece at a time: the body is a BodySource for 200, else text up to call_bytes_max.
/// Errors: those of client_call. The source's: closed when the response ends early, timed_out.
Task<Result<Response>> client_stream(boost::asio::io_context& io, ClientCall call);

class SocketConnection;
/// Closes every WebSocket with 1001 (going away).
void close_sockets(const std::set<SocketConnection*>& sockets);

} // namespace hameau
