// Packing by libarchive (ustar with pax names) into a nameless temporary file. Symbolic links are not followed: a file
// that is not a plain one is an error, as the house would refuse it too.
#include "daemon/cli/site_source.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"

namespace hameau::cli {

namespace {

constexpr std::size_t files_max = 100'000;

class Hash {
public:
    Hash() { crypto_generichash_init(&state_, nullptr, 0, 16); }
    void add(std::string_view text) {
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    void add_part(std::string_view text) {
        add(std::to_string(text.size()) + ":");
        add(text);
    }
    std::string hex() {
        std::array<unsigned char, 16> out{};
        crypto_generichash_final(&state_, out.data(), out.size());
        return to_hex(out);
    }

private:
    crypto_generichash_state state_{};
};

Result<Fd> temporary_file() {
    Fd fd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!fd) {
        fd.reset(::memfd_create("site", MFD_CLOEXEC));
    }
    if (!fd) {
        return fail_errno("a temporary file");
    }
    return fd;
}

Status hash_fd(int fd, Hash& hash, struct archive* out) {
    std::array<char, 65536> chunk{};
    while (true) {
        const ssize_t n = ::read(fd, chunk.data(), chunk.size());
        if (n < 0) {
            return fail_errno("reading the site's files");
        }
        if (n == 0) {
            return {};
        }
        hash.add(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
        if (out != nullptr && archive_write_data(out, chunk.data(), static_cast<std::size_t>(n)) != n) {
            return fail(ErrorKind::io, std::string("packing: ") + archive_error_string(out));
        }
    }
}

Status add_file(struct archive* out, const std::filesystem::path& root, const std::filesystem::path& file, Hash& hash) {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        return fail_errno(file.string());
    }
    if (!S_ISREG(facts.st_mode)) {
        return fail(ErrorKind::invalid, file.string() + " is not a plain file");
    }
    const std::string name = file.lexically_relative(root).generic_string();
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname_utf8(entry, name.c_str());
    archive_entry_set_size(entry, facts.st_size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    const int written = archive_write_header(out, entry);
    archive_entry_free(entry);
    if (written != ARCHIVE_OK) {
        return fail(ErrorKind::io, name + ": " + archive_error_string(out));
    }
    hash.add_part(name);
    hash.add(std::to_string(facts.st_size) + ":");
    return hash_fd(fd.get(), hash, out);
}

Result<std::vector<std::filesystem::path>> files_below(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    std::filesystem::recursive_directory_iterator walk(folder, failed);
    for (; !failed && walk != std::filesystem::recursive_directory_iterator(); walk.increment(failed)) {
        if (walk->is_symlink() || !walk->is_directory()) {
            files.push_back(walk->path());
        }
        if (files.size() > files_max) {
            return fail(ErrorKind::too_large, folder.string() + " holds more than " + std::to_string(files_max) + " files");
        }
    }
    if (failed) {
        return fail(ErrorKind::io, folder.string() + ": " + failed.message());
    }
    std::sort(files.begin(), files.end());
    return files;
}

Status pack_folder(const std::filesystem::path& folder, int target, Hash& hash) {
    const auto files = files_below(folder);
    if (!files) {
        return fail(files.error());
    }
    struct archive* out = archive_write_new();
    archive_write_set_format_pax_restricted(out);
    archive_write_open_fd(out, target);
    Status done;
    for (const auto& file : *files) {
        done = add_file(out, folder, file, hash);
        if (!done) {
            break;
        }
    }
    if (archive_write_close(out) != ARCHIVE_OK && done) {
        done = fail(ErrorKind::io, std::string("packing: ") + archive_error_string(out));
    }
    archive_write_free(out);
    return done;
}

} // namespace

std::string short_hash(std::string_view text) {
    Hash hash;
    hash.add(text);
    return hash.hex();
}

Result<PackedSource> pack_source(const std::string& path) {
    PackedSource packed;
    Hash hash;
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed)) {
        auto target = temporary_file();
        if (!target) {
            return fail(target.error());
        }
        if (auto done = pack_folder(path, target->get(), hash); !done) {
            return fail(done.error());
        }
        packed.fd = std::move(*target);
        packed.type = "application/x-tar";
    } else {
        packed.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!packed.fd) {
            return fail_errno(path);
        }
        if (auto done = hash_fd(packed.fd.get(), hash, nullptr); !done) {
            return fail(done.error());
        }
        packed.type = path.ends_with(".zip") ? "application/zip" : "application/octet-stream";
    }
    struct stat facts {};
    if (::fstat(packed.fd.get(), &facts) != 0 || ::lseek(packed.fd.get(), 0, SEEK_SET) != 0) {
        return fail_errno(path);
    }
    packed.size_bytes = static_cast<std::uint64_t>(facts.st_size);
    packed.hash = hash.hex();
    return packed;
}

} // namespace hameau::cli
