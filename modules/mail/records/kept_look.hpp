// The answers of the last look at a domain as one JSON text: STATE/mail/looks/DOMAIN.json. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "modules/mail/records/judge.hpp"

namespace hameau::mailrecords {

std::string write_look(const Evidence& evidence);
/// Nothing: it is none of ours, or damaged; the domain then counts as never looked at.
std::optional<Evidence> read_look(std::string_view text);

} // namespace hameau::mailrecords
