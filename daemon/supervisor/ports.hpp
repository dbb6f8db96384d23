// Whether a port is free before an engine is started on it. Postfix listens with SO_REUSEPORT: beside another Postfix it would
// start without an error, and the kernel would share the connections out between both.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace hameau::supervisor {

/// The first of the ports that somebody listens on already, at one of the addresses (dotted or colon form; 0.0.0.0 and :: meet
/// every listener of their family). Nothing: all are free. Only EADDRINUSE counts: what else forbids a bind is for the engine
/// itself to say. The answer may be old when it is used: another program can bind in between.
std::optional<std::uint16_t> taken_port(std::span<const std::uint16_t> ports, std::span<const std::string> addresses);

} // namespace hameau::supervisor
