// A site's source as the caller sees it: a folder is packed as a tar, an archive is taken as it is.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::cli {

struct PackedSource {
    Fd fd;                      ///< at its beginning
    std::uint64_t size_bytes = 0;
    std::string type;           ///< Content-Type
    std::string hash;           ///< of names and contents, not of times: the same files give the same hash
};

/// Errors: not_found, io, too_large (more than 100,000 files).
Result<PackedSource> pack_source(const std::string& path);

/// BLAKE2b, 32 hex characters.
std::string short_hash(std::string_view text);

} // namespace hameau::cli
