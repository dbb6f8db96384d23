// A site's source as the caller sees it: a folder is packed as a tar, an archive is taken as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::cli {

struct PackedSource {
    Fd fd;                      ///< at its beginning
    std::uint64_t size_bytes = 0;
    std::string type;           ///< Content-Type
    std::vector<std::string> notes;  ///< what was left aside, one sentence each, for standard error
    std::string hash;           ///< of names and contents, not of times: the same files give the same hash
};

/// File names are bytes and are sent as UTF-8 under every locale. Never waits on a FIFO or a device.
/// Errors: not_found, denied, invalid, io, too_large (site_folder.hpp); each names the file and says that nothing was sent.
Result<PackedSource> pack_source(const std::string& path);

/// BLAKE2b, 32 hex characters.
std::string short_hash(std::string_view text);

} // namespace hameau::cli
