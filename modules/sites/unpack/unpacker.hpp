// Archive -> staged files and a list of them, or the reasons against the whole. Runs in hameau-unpack only, in its
// sandbox. Never creates a name out of the archive, a link, a folder or anything executable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/hash_set.hpp"
#include "modules/sites/report.hpp"
#include "modules/sites/unpack/upload_name.hpp"

struct archive;
struct archive_entry;

namespace hameau::sites {

struct UnpackLimits {
    std::uint64_t total_bytes = std::uint64_t{1} << 30;  ///< of the files, and of the archive itself
    std::uint64_t ratio = unpack_ratio_max;                           ///< unpacked : packed ...
    std::uint64_t ratio_free_bytes = unpack_ratio_free_bytes;           ///< ... beyond this
    std::size_t files = upload_files_max;
    const KnownFiles* known = nullptr;  ///< what a list in the archive may name (daemon/contract/kept_list.hpp); null: no list is read
};

/// Warnings or refusals: each (code, path) once, at most remarks_max, then one "more" with the count.
class Remarks {
public:
    void add(std::string_view code, std::string_view path = {}, std::string_view detail = {});
    std::size_t count() const { return count_; }
    /// The lines of the report, `kind` first.
    std::string lines(std::string_view kind) const;

private:
    std::vector<Remark> remarks_;
    std::unordered_set<std::string> seen_;
    std::size_t count_ = 0;
};

/// What came out of an archive.
struct Upload {
    std::vector<DeployEntry> files;  ///< identity only at first; type filled in later
    Remarks warnings;
    Remarks refusals;
    std::uint64_t bytes = 0;
    bool fatal = false;  ///< the rest of the archive was not looked at
};

class Unpacker {
public:
    /// `input`: a pipe or socket with the archive; `folder`: the staging folder.
    Unpacker(int input, int folder, UnpackLimits limits) : input_(input), folder_(folder), limits_(limits) {}
    /// Errors: io, where this machine (not the archive) is the reason.
    Status run(Upload& upload);

private:
    static long read_more(archive* reader, void* self, const void** at);
    Status spool();
    Status read_entries(archive* reader, Upload& upload);
    Status take_entry(archive* reader, archive_entry* entry, Upload& upload);
    /// The list of files that the site has already.
    void take_kept_list(archive* reader, Upload& upload);
    void take_kept_line(std::string_view line, Upload& upload);
    /// Whether a file of that name belongs into the site, once; else why not is among the refusals or the warnings.
    bool admit(const UploadName& name, Upload& upload);
    Status store(archive* reader, DeployEntry file, std::uint64_t told_bytes, Upload& upload);
    /// Says why and stops: going on would cost more than it tells.
    void stop(Upload& upload, std::string_view code, std::string_view path = {});
    bool over_budget(Upload& upload, std::uint64_t more);

    int input_;
    int folder_;
    UnpackLimits limits_;
    Fd spooled_;
    std::uint64_t packed_bytes_ = 0;
    std::string head_;    ///< the first bytes, read to tell ZIP from tar
    std::string buffer_;
    bool head_given_ = false;
    std::uint64_t kept_bytes_ = 0;  ///< of Upload::bytes: did not come with the archive
    std::size_t entries_seen_ = 0;
    std::unordered_set<std::string> paths_;
};

/// People zip the folder instead of its content: the folders that hold everything are taken off, when the innermost of
/// them has a home page (or rules that may answer for one).
void strip_top_folder(Upload& upload);

} // namespace hameau::sites
