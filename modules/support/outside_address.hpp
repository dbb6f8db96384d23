// An address outside of the house: the part before the "@" is for the other server to read, so it keeps its capitals
// (RFC 5321 section 2.4). Called by people and mail for the targets of groups, aliases and forwardings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hameau {

/// As typed, with the domain in lower case; nothing for what is not an address. The caller lowers the whole of an address
/// in one of its own domains.
std::optional<std::string> outside_address(std::string_view typed);

} // namespace hameau
