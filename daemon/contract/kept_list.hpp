// The list that stands first in the archive of a publication which sends only what the house lacks (POST .../deploys?kept=1): an
// entry of this name, of lines "HASH MTIME PATH\n". HASH: BLAKE2b with 32 bytes over the file, in hex; MTIME: seconds since 1970; PATH:
// UTF-8, without control characters. Each names a file that a kept version of the same site holds. Written by `hameau site publish` and
// other programs, read by hameau-unpack.
#pragma once

#include <string_view>

#include "daemon/contract/limits.hpp"

namespace hameau::sites {

inline constexpr std::string_view kept_list_name = ".hameau-kept";

} // namespace hameau::sites
