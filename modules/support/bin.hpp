// The bins of the house: what a member removes can be taken back for 30 days, whatever it is (sites, texts, mailboxes).
// Called by the modules that have one. The pages and the texts of the catalogues say the same figure.
#pragma once

#include <cstdint>

namespace hameau {

/// How long something stays in its bin, in milliseconds.
inline constexpr std::int64_t bin_ms = std::int64_t{30} * 24 * 3600 * 1000;

} // namespace hameau
