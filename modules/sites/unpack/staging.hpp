// The staging folder: files go in under a passing name and end under their hash. Nothing of an upload's names ever
// reaches the file system.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sodium/crypto_generichash.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/deploy_format.hpp"

namespace hameau::sites {

/// A file being written; discarded unless finished.
class StagedFile {
public:
    /// Errors: io. One at a time in a folder.
    static Result<StagedFile> create(int folder);
    StagedFile(StagedFile&&) noexcept = default;
    Status write(std::string_view bytes);
    /// Renames it to its hash in hex. The same content twice is one file.
    Result<Variant> finish();

private:
    StagedFile(int folder, Fd fd) : folder_(folder), fd_(std::move(fd)) {}
    int folder_;
    Fd fd_;
    std::uint64_t size_ = 0;
    crypto_generichash_state state_{};
};

Result<Variant> stage_bytes(int folder, std::string_view bytes);
/// Where the files of an upload lie: what came, and what the site has already.
struct Shelf {
    int folder = -1;  ///< the staging folder
    int blobs = -1;   ///< the folder of all files, to read; -1: everything came with the upload
};
/// For reading. Errors: io.
Result<Fd> open_staged(const Shelf& shelf, const Hash& hash);
/// The whole file, of at most limit bytes.
Result<std::string> read_staged(const Shelf& shelf, const Hash& hash, std::size_t limit_bytes);

} // namespace hameau::sites
