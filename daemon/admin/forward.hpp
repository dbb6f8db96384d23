// forward: streams one request to a module's socket and its response back; nothing is held whole.
#pragma once

#include <string>

#include "daemon/contract/module.hpp"

namespace hameau {

/// The module's response; its body is read from the socket as it is asked for.
/// Errors: unavailable when the module does not take the connection.
Task<Result<Response>> forward(boost::asio::io_context& io, std::string socket_path, Request& request);

} // namespace hameau
