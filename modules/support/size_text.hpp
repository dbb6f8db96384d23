// size_text: a number of bytes for people, "340 Mo" or "340 MB". Used in sentences of every module.
#pragma once

#include <cstdint>
#include <string>

#include "modules/support/problem.hpp"

namespace hameau {

/// Decimal units, as on the pages (web-ui common/i18n.ts); kilobytes are rounded up, larger units down.
std::string size_text(std::uint64_t bytes, Language language);

} // namespace hameau
