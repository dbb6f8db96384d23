// Values as people write them ("5 GiB", "2 min", "yes") and as programs keep them (bytes, milliseconds, true).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "daemon/contract/manifest.hpp"

namespace hameau {

/// Bytes. "500 MiB", "1GB", "4096". Errors: invalid (not a size, or over 1 PiB).
Result<std::uint64_t> parse_size(std::string_view text);
/// Milliseconds. "30 s", "15 min", "2h", "30d", "0". Errors: invalid (no unit, or over ten years).
Result<std::int64_t> parse_duration(std::string_view text);
/// A network in CIDR form, canonical: "10.0.0.0/8", "::1/128"; a lone address gets its full length.
Result<std::string> parse_network(std::string_view text);
/// RFC 1123 host name in lower case, or an error.
Result<std::string> parse_host_name(std::string_view text);
/// The canonical form of `text` for a setting; the error's message begins with what is expected.
Result<std::string> canonical_value(const Setting& setting, std::string_view text);
/// The largest unit without a fraction: "5 GiB", "500 MiB", "4096".
std::string format_size(std::uint64_t bytes);

} // namespace hameau
