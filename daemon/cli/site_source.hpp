// A site's source as the caller sees it: a folder is packed as a tar, whole or without what the house has; an archive is taken as it is.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/cli/site_folder.hpp"

namespace hameau::cli {

struct PackedSource {
    Fd fd;                      ///< at its beginning
    std::uint64_t size_bytes = 0;
    std::size_t files = 0;      ///< of pack_missing(): how many are sent
    std::string type;           ///< Content-Type
    std::vector<std::string> notes;  ///< what was left aside, one sentence each, for standard error
    std::string hash;           ///< of names and contents, not of times: the same files give the same hash
};

/// File names are bytes and are sent as UTF-8 under every locale. Never waits on a FIFO or a device.
/// Errors: not_found, denied, invalid, io, too_large (site_folder.hpp); each names the file and says that nothing was sent.
Result<PackedSource> pack_source(const std::string& path);

/// A file of a folder and what the house would know it by.
struct SummedFile {
    FolderFile file;
    std::string hash;              ///< of its content: BLAKE2b with 32 bytes, in hex
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_s = 0;
};
struct SummedFolder {
    std::vector<SummedFile> files;   ///< in order of name
    std::vector<std::string> notes;  ///< as PackedSource::notes
};

/// Reads every file of a folder once. Errors: as pack_source.
Result<SummedFolder> sum_folder(const std::string& path);
/// The archive of a publication that sends only what is missing (daemon/contract/kept_list.hpp): the list of the others comes first.
/// Errors: as pack_source; invalid when a file changed since it was summed.
Result<PackedSource> pack_missing(const SummedFolder& folder, const std::set<std::string, std::less<>>& missing);

/// BLAKE2b, 32 hex characters.
std::string short_hash(std::string_view text);

} // namespace hameau::cli
