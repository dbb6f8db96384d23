// Order of a publication: blobs -> synced -> manifest -> synced -> (database -> hosts.map, by the module). A kill at any
// point leaves at most files that nothing names; the next start empties staging and sweeps.
#include "modules/sites/storage/blobs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sodium/crypto_generichash.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_set>

#include "daemon/base/io.hpp"
#include "modules/sites/limits.hpp"

namespace hameau::sites {

namespace {

/// The gate reads as another uid; the module's folder (0750, group gate) keeps everyone else out.
constexpr mode_t shared_folder_mode = 0755;
constexpr mode_t shared_file_mode = 0644;

/// Reads a staged file, computes its hash and, when asked, copies it.
Result<Variant> digest(int fd, int copy_to) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, Hash{}.size());
    Variant found;
    std::string piece(blob_piece_bytes, '\0');
    for (;;) {
        const ssize_t n = ::read(fd, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno("reading an uploaded file");
        }
        if (n == 0) {
            break;
        }
        const auto size = static_cast<std::size_t>(n);
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(piece.data()), size);
        found.size_bytes += size;
        if (copy_to >= 0) {
            if (auto written = write_all(copy_to, {piece.data(), size}); !written) {
                return fail(std::move(written.error()));
            }
        }
    }
    crypto_generichash_final(&state, found.hash.data(), found.hash.size());
    return found;
}

/// Everything written so far on the file system of `folder` is on the disk after it.
Status sync_folder(const std::string& folder) {
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0) {
        return fail_errno("writing to the disk");
    }
    return {};
}

/// Copies, for where a rename between folders is not allowed (Landlock before Linux 5.19).
Status copy_blob(int from, const std::string& to) {
    const std::string passing = to + ".new";
    const Fd fd(::open(passing.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, shared_file_mode));
    if (!fd || ::lseek(from, 0, SEEK_SET) != 0) {
        return fail_errno("keeping an uploaded file");
    }
    if (auto copied = digest(from, fd.get()); !copied) {
        return fail(std::move(copied.error()));
    }
    if (::fchmod(fd.get(), shared_file_mode) != 0 || ::rename(passing.c_str(), to.c_str()) != 0) {
        return fail_errno("keeping an uploaded file");
    }
    return {};
}

DeployEntry entry_of(const EntryView& view) {
    DeployEntry entry;
    entry.path = view.path;
    entry.type = view.type;
    entry.mtime_ms = view.mtime_ms;
    entry.retired_ms = view.retired_ms;
    entry.variants = view.variants;
    return entry;
}

/// Assets named after their content go on being there for those who have an older page open (or cached).
void add_retired(DeployWriter& writer, const DeployReader& before, const Report& report, std::int64_t now_ms) {
    std::unordered_set<std::string_view> paths;
    for (const DeployEntry& file : report.files) {
        paths.insert(file.path);
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < before.entries_count() && count < retired_files_max; ++i) {
        DeployEntry entry = entry_of(before.entry(i));
        entry.retired_ms = entry.retired_ms > 0 ? entry.retired_ms : now_ms;
        if (looks_hashed(entry.path) && !paths.contains(entry.path) && now_ms - entry.retired_ms < retired_ms_max) {
            writer.add(std::move(entry));
            ++count;
        }
    }
}

} // namespace

Result<bool> Blobs::prepare() {
    bool interrupted = false;
    for (const char* name : {"/blobs", "/deploys"}) {
        if (auto made = make_folder(folder_ + name, shared_folder_mode); !made) {
            return fail(std::move(made.error()));
        }
    }
    std::error_code failed;
    interrupted = std::filesystem::remove_all(folder_ + "/staging", failed) > 1;
    if (failed) {
        return fail(ErrorKind::io, "emptying the staging folder: " + failed.message(), failed);
    }
    if (auto made = make_folder(folder_ + "/staging", 0700); !made) {
        return fail(std::move(made.error()));
    }
    return interrupted;
}

Result<Fd> Blobs::open_staging(const std::string& id) {
    const std::string path = folder_ + "/staging/" + id;
    if (auto made = make_folder(path, 0700); !made) {
        return fail(std::move(made.error()));
    }
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return fail_errno("the staging folder");
    }
    return fd;
}

void Blobs::drop_staging(const std::string& id) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_ + "/staging/" + id, ignored);
}

Result<Fd> Blobs::open_blobs() {
    Fd fd(::open((folder_ + "/blobs").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return fail_errno("the folder of files");
    }
    return fd;
}

Status Blobs::take_blob(int staging, const Variant& variant, const HashSet& kept) {
    const std::string hex = to_hex(variant.hash);
    const std::string target = folder_ + "/" + blob_path(variant.hash);
    const Fd fd(::openat(staging, hex.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    // Only what the same site shows or showed: a hash is no right to read a file of another site.
    if (!fd && errno == ENOENT && kept.contains(variant.hash)) {
        const bool there = ::lstat(target.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && static_cast<std::uint64_t>(facts.st_size) == variant.size_bytes;
        return there ? Status{} : Status(fail(ErrorKind::corrupt, "a file that the site has is damaged"));
    }
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        return fail_errno("an uploaded file");
    }
    // The unpacker read hostile bytes: what it says of a file holds only once it was seen here. Another site may share
    // the blob, so a wrong one would be a way into that site.
    const auto found = digest(fd.get(), -1);
    if (!found) {
        return fail(found.error());
    }
    if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1 || found->hash != variant.hash ||
        found->size_bytes != variant.size_bytes) {
        return fail(ErrorKind::corrupt, "an uploaded file is not what the unpacker said");
    }
    if (auto made = make_folder(folder_ + "/blobs/" + hex.substr(0, 2), shared_folder_mode); !made) {
        return made;
    }
    if (::fchmod(fd.get(), shared_file_mode) != 0) {
        return fail_errno("keeping an uploaded file");
    }
    if (::renameat(staging, hex.c_str(), AT_FDCWD, target.c_str()) == 0) {
        return {};
    }
    return errno == EXDEV ? copy_blob(fd.get(), target) : Status(fail_errno("keeping an uploaded file"));
}

Status Blobs::place(const std::string& id, const Report& report, const std::string& id_before, std::int64_t now_ms, const std::vector<std::string>& kept) {
    const Fd staging(::open((folder_ + "/staging/" + id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!staging) {
        return fail_errno("the staging folder");
    }
    DeployWriter writer;
    const HashSet allowed = hashes_of(kept);
    HashSet taken;
    for (const DeployEntry& file : report.files) {
        for (const auto& variant : file.variants) {
            if (variant && taken.insert(variant->hash).second) {
                if (auto done = take_blob(staging.get(), *variant, allowed); !done) {
                    return done;
                }
            }
        }
        writer.add(file);
    }
    for (const RedirectRule& rule : report.redirects) {
        writer.add(rule);
    }
    for (const HeaderRule& rule : report.headers) {
        writer.add(rule);
    }
    if (!id_before.empty()) {
        if (const auto before = open_manifest(id_before)) {
            add_retired(writer, *before, report, now_ms);
        }
    }
    const auto manifest = writer.finish();
    if (!manifest) {
        return fail(manifest.error());
    }
    if (auto synced = sync_folder(folder_); !synced) {
        return synced;
    }
    return write_file_atomically(folder_ + "/" + manifest_path(id), *manifest, shared_file_mode);
}

Result<Variant> Blobs::keep_text(std::string_view text) {
    Variant variant;
    variant.size_bytes = text.size();
    crypto_generichash(variant.hash.data(), variant.hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size(), nullptr, 0);
    const std::string path = folder_ + "/" + blob_path(variant.hash);
    auto made = make_folder(std::filesystem::path(path).parent_path(), shared_folder_mode);
    if (made) {
        made = write_file_atomically(path, text, shared_file_mode);
    }
    if (!made) {
        return fail(std::move(made.error()));
    }
    return variant;
}

Result<DeployReader> Blobs::open_manifest(const std::string& id) {
    const std::string path = folder_ + "/" + manifest_path(id);
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) {
        return fail_errno(path);
    }
    return DeployReader::open(fd.get());
}

Result<std::uint64_t> Blobs::sweep(const std::vector<std::string>& kept_ids,
                                   const std::vector<std::string>& on_their_way) {
    HashSet named;
    std::unordered_set<std::string> kept_files;
    std::vector<std::string> ids = kept_ids;
    ids.insert(ids.end(), on_their_way.begin(), on_their_way.end());
    for (std::size_t index = 0; index < ids.size(); ++index) {
        const std::string& id = ids[index];
        const auto manifest = open_manifest(id);
        if (!manifest && index >= kept_ids.size() && manifest.error().kind == ErrorKind::not_found) {
            continue;  // not placed yet: its files are still in staging
        }
        if (!manifest) {
            // Without this one it is not known what it names: nothing is deleted until a person has looked.
            return fail(manifest.error().during("sweeping"));
        }
        kept_files.insert(id + ".manifest");
        for (std::size_t i = 0; i < manifest->entries_count(); ++i) {
            for (const auto& variant : manifest->entry(i).variants) {
                if (variant) {
                    named.insert(variant->hash);
                }
            }
        }
    }
    std::uint64_t freed = 0;
    const auto drop = [&freed](const std::filesystem::directory_entry& file) {
        std::error_code ignored;
        const std::uintmax_t size = file.file_size(ignored);
        if (std::filesystem::remove(file.path(), ignored)) {
            freed += size;
        }
    };
    try {
        for (const auto& file : std::filesystem::directory_iterator(folder_ + "/deploys")) {
            if (!kept_files.contains(file.path().filename().string())) {
                drop(file);
            }
        }
        for (const auto& group : std::filesystem::directory_iterator(folder_ + "/blobs")) {
            for (const auto& file : std::filesystem::directory_iterator(group.path())) {
                const auto hash = hash_from_hex(file.path().filename().string());
                if (!hash || !named.contains(*hash)) {
                    drop(file);
                }
            }
        }
    } catch (const std::filesystem::filesystem_error& failed) {
        return fail(ErrorKind::io, failed.code().message(), failed.code());
    }
    return freed;
}

namespace {

/// Calls `work` with each form of each file that the manifest names.
template <class Work>
void each_variant(const DeployReader& manifest, const Work& work) {
    for (std::size_t i = 0; i < manifest.entries_count(); ++i) {
        for (const auto& variant : manifest.entry(i).variants) {
            if (variant) {
                work(*variant);
            }
        }
    }
}

} // namespace

HashSet Blobs::hashes_of(const std::vector<std::string>& ids) {
    HashSet hashes;
    for (const std::string& id : ids) {
        if (const auto manifest = open_manifest(id)) {
            each_variant(*manifest, [&](const Variant& variant) { hashes.insert(variant.hash); });
        }
    }
    return hashes;
}

KnownFiles Blobs::known_files(const std::vector<std::string>& ids) {
    KnownFiles known;
    for (const std::string& id : ids) {
        const auto manifest = open_manifest(id);
        for (std::size_t i = 0; manifest && i < manifest->entries_count() && known.size() < upload_files_max; ++i) {
            DeployEntry entry;
            entry.variants = manifest->entry(i).variants;
            known.emplace(entry.variants[0]->hash, std::move(entry));
        }
    }
    return known;
}

Status Blobs::lay_known(const std::string& id, const std::vector<std::string>& ids) {
    std::string text;
    KnownFiles known = known_files(ids);
    for (auto& [hash, entry] : known) {
        entry.path = "file";
        text += file_line(entry);
    }
    ReportLine end("done");
    text += std::move(end.add(std::uint64_t{known.size()}).add(std::uint64_t{0}).add(std::uint64_t{0})).end();
    const Fd fd(::open((folder_ + "/staging/" + id + "/" + known_name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    return fd ? write_all(fd.get(), text) : Status(fail_errno("the list of known files"));
}

std::uint64_t Blobs::count_bytes(const std::vector<std::string>& ids) {
    HashSet seen;
    std::uint64_t bytes = 0;
    for (const std::string& id : ids) {
        const auto manifest = open_manifest(id);
        if (!manifest) {
            continue;
        }
        std::error_code failed;
        const std::uintmax_t size = std::filesystem::file_size(folder_ + "/" + manifest_path(id), failed);
        bytes += failed ? 0 : size;
        each_variant(*manifest, [&](const Variant& variant) { bytes += seen.insert(variant.hash).second ? variant.size_bytes : 0; });
    }
    return bytes;
}

std::uint64_t Blobs::count_growth(const std::vector<std::string>& ids, const Report& report) {
    HashSet seen = hashes_of(ids);
    std::uint64_t bytes = 0;
    for (const DeployEntry& file : report.files) {
        bytes += file.path.size() + manifest_entry_bytes;
        for (const auto& variant : file.variants) {
            bytes += variant && seen.insert(variant->hash).second ? variant->size_bytes : 0;
        }
    }
    return bytes;
}

Result<bool> Blobs::write_hosts(const HostsMap& hosts) {
    const std::string path = folder_ + "/hosts.map";
    const std::string text = hosts.to_text();
    const auto before = read_file(path, hosts_map_bytes_max);
    if (before && *before == text) {
        return false;
    }
    if (auto written = write_file_atomically(path, text, shared_file_mode); !written) {
        return fail(std::move(written.error()));
    }
    return true;
}

} // namespace hameau::sites
