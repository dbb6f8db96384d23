// Whether the house signs what its members send: asked by hameau-milter, which does it, and by the page of DNS records, which tells of it.
#pragma once

#include <string_view>

namespace hameau::mailauth {

/// `setting`: mail.outgoing_signatures. A trial signs only when it is told to.
constexpr bool signs_outgoing(std::string_view setting, bool trial) { return setting == "on" || (setting == "automatic" && !trial); }

} // namespace hameau::mailauth
