// Packing by libarchive (ustar with pax names) into a nameless temporary file, which is sent from there: the hash of
// everything must be known before the first byte goes.
#include "daemon/cli/site_source.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <fcntl.h>
#include <clocale>
#include <filesystem>
#include <memory>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "daemon/cli/site_folder.hpp"
#include "daemon/contract/kept_list.hpp"

namespace hameau::cli {

namespace {

class Hash {
public:
    explicit Hash(std::size_t bytes = 16) : out_(bytes, 0) { crypto_generichash_init(&state_, nullptr, 0, bytes); }
    void add(std::string_view text) {
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    void add_part(std::string_view text) {
        add(std::to_string(text.size()) + ":");
        add(text);
    }
    std::string hex() {
        crypto_generichash_final(&state_, out_.data(), out_.size());
        return to_hex(out_);
    }

private:
    std::vector<unsigned char> out_;
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

/// libarchive reads names through the locale. This one is part of the C library, so the caller's LANG does not matter.
class Utf8Locale {
public:
    Utf8Locale() : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (made_ != nullptr) {
            before_ = ::uselocale(made_);
        }
    }
    ~Utf8Locale() {
        if (made_ != nullptr) {
            ::uselocale(before_);
            ::freelocale(made_);
        }
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    bool is_there() const { return made_ != nullptr; }

private:
    locale_t made_;
    locale_t before_ = nullptr;
};

struct FreeArchive {
    void operator()(struct archive* writer) const { archive_write_free(writer); }
    void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};

tl::unexpected<Error> packing_failed(struct archive* out, const std::string& name) {
    const char* why = archive_error_string(out);
    return fail(ErrorKind::io, shown_name(name) + " could not be packed: " + (why == nullptr ? "unknown reason" : why) + ". Nothing was published.");
}

tl::unexpected<Error> changed(const std::string& name) {
    return fail(ErrorKind::invalid, shown_name(name) + " changed while it was read. Nothing was published; try again when nobody writes it.");
}

/// Reads to the end; gives the bytes read. `content` gets the same bytes as `hash`.
Result<std::uint64_t> hash_fd(int fd, Hash& hash, struct archive* out, const std::string& name, Hash* content = nullptr) {
    std::array<char, 65536> chunk{};
    std::uint64_t total = 0;
    while (true) {
        const ssize_t n = ::read(fd, chunk.data(), chunk.size());
        if (n < 0) {
            return fail_errno("reading " + shown_name(name));
        }
        if (n == 0) {
            return total;
        }
        total += static_cast<std::uint64_t>(n);
        hash.add(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
        if (content != nullptr) {
            content->add(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
        }
        // libarchive takes no more than the size that was told and says so with a smaller number.
        if (out != nullptr && archive_write_data(out, chunk.data(), static_cast<std::size_t>(n)) < 0) {
            return packing_failed(out, name);
        }
    }
}

/// O_NONBLOCK: a FIFO that took the place of a file since the folder was listed is opened at once and refused by kind.
Result<Fd> open_plain(const std::filesystem::path& path, int more_flags, const std::string& name, struct stat& facts) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | more_flags));
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        const std::error_code failed(errno, std::generic_category());
        const auto kind = failed == std::errc::permission_denied ? ErrorKind::denied
                          : failed == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::io;
        return fail(kind, shown_name(name) + " cannot be read: " + failed.message() + ". Nothing was published.", failed);
    }
    if (!S_ISREG(facts.st_mode)) {
        return fail(ErrorKind::invalid, shown_name(name) + " is not a file (a pipe, a socket or a device). Nothing was published.");
    }
    return fd;
}

Status add_file(struct archive* out, const FolderFile& file, Hash& hash, Hash* content = nullptr) {
    struct stat facts {};
    const auto fd = open_plain(file.path, O_NOFOLLOW, file.name, facts);
    if (!fd) {
        return fail(fd.error());
    }
    const std::unique_ptr<struct archive_entry, FreeArchive> entry(archive_entry_new());
    archive_entry_set_pathname_utf8(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), facts.st_size);
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), facts.st_mtime, 0);
    if (archive_entry_pathname(entry.get()) == nullptr || archive_write_header(out, entry.get()) != ARCHIVE_OK) {
        return packing_failed(out, file.name);
    }
    hash.add_part(file.name);
    hash.add(std::to_string(facts.st_size) + ":");
    const auto read = hash_fd(fd->get(), hash, out, file.name, content);
    if (!read) {
        return fail(read.error());
    }
    struct stat after {};
    const bool touched = *read != static_cast<std::uint64_t>(facts.st_size) || ::fstat(fd->get(), &after) != 0 ||
                         after.st_mtim.tv_sec != facts.st_mtim.tv_sec || after.st_mtim.tv_nsec != facts.st_mtim.tv_nsec;
    return touched ? Status(changed(file.name)) : Status{};
}

/// A tar in `target` of what `add` puts into it.
template <class Add>
Status write_archive(int target, const std::string& name, const Add& add) {
    const Utf8Locale utf8;
    if (!utf8.is_there()) {
        return fail(ErrorKind::unavailable, "this system has no locale C.UTF-8 (it is part of libc6). Nothing was published.");
    }
    const std::unique_ptr<struct archive, FreeArchive> out(archive_write_new());
    archive_write_set_format_pax_restricted(out.get());
    if (archive_write_open_fd(out.get(), target) != ARCHIVE_OK) {
        return packing_failed(out.get(), name);
    }
    if (Status added = add(out.get()); !added) {
        return added;
    }
    return archive_write_close(out.get()) == ARCHIVE_OK ? Status{} : Status(packing_failed(out.get(), name));
}

Status pack_folder(const std::filesystem::path& folder, int target, Hash& hash, std::vector<std::string>& notes) {
    auto listed = list_folder(folder);
    if (!listed) {
        return fail(std::move(listed.error()));
    }
    notes = std::move(listed->notes);
    return write_archive(target, folder.string(), [&](struct archive* out) {
        Status done;
        for (const FolderFile& file : listed->files) {
            done = done ? add_file(out, file, hash) : done;
        }
        return done;
    });
}

Status add_list(struct archive* out, const std::string& list) {
    const std::string name(sites::kept_list_name);
    const std::unique_ptr<struct archive_entry, FreeArchive> entry(archive_entry_new());
    archive_entry_set_pathname_utf8(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(list.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    if (archive_write_header(out, entry.get()) != ARCHIVE_OK || archive_write_data(out, list.data(), list.size()) < 0) {
        return packing_failed(out, name);
    }
    return {};
}

/// A list has a line for each file: what no line can hold is sent, and the house judges its name.
bool fits_a_line(const std::string& name) {
    return std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string list_line(const SummedFile& file) {
    return file.hash + " " + std::to_string(file.mtime_s) + " " + file.file.name + "\n";
}

/// At its beginning.
Status measure(PackedSource& packed, const std::string& path) {
    struct stat facts {};
    if (::fstat(packed.fd.get(), &facts) != 0 || ::lseek(packed.fd.get(), 0, SEEK_SET) != 0) {
        return fail_errno(path);
    }
    packed.size_bytes = static_cast<std::uint64_t>(facts.st_size);
    return {};
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
        if (auto done = pack_folder(path, target->get(), hash, packed.notes); !done) {
            return fail(done.error());
        }
        packed.fd = std::move(*target);
        packed.type = "application/x-tar";
    } else {
        struct stat kind {};
        auto opened = open_plain(path, 0, path, kind);
        if (!opened) {
            return fail(std::move(opened.error()));
        }
        packed.fd = std::move(*opened);
        if (auto done = hash_fd(packed.fd.get(), hash, nullptr, path); !done) {
            return fail(done.error());
        }
        packed.type = path.ends_with(".zip") ? "application/zip" : "application/octet-stream";
    }
    if (auto measured = measure(packed, path); !measured) {
        return fail(std::move(measured.error()));
    }
    packed.hash = hash.hex();
    return packed;
}

Result<SummedFolder> sum_folder(const std::string& path) {
    auto listed = list_folder(path);
    if (!listed) {
        return fail(std::move(listed.error()));
    }
    SummedFolder folder;
    folder.notes = std::move(listed->notes);
    for (FolderFile& file : listed->files) {
        struct stat facts {};
        const auto fd = open_plain(file.path, O_NOFOLLOW, file.name, facts);
        if (!fd) {
            return fail(fd.error());
        }
        Hash content(32);
        const auto read = hash_fd(fd->get(), content, nullptr, file.name);
        if (!read) {
            return fail(read.error());
        }
        SummedFile summed;
        summed.hash = content.hex();
        summed.size_bytes = *read;
        summed.mtime_s = facts.st_mtime;
        summed.file = std::move(file);
        folder.files.push_back(std::move(summed));
    }
    return folder;
}

Result<PackedSource> pack_missing(const SummedFolder& folder, const std::set<std::string, std::less<>>& missing) {
    PackedSource packed;
    packed.type = "application/x-tar";
    auto target = temporary_file();
    if (!target) {
        return fail(std::move(target.error()));
    }
    packed.fd = std::move(*target);
    std::vector<const SummedFile*> sent;
    std::string list;
    for (const SummedFile& file : folder.files) {
        if (missing.contains(file.hash) || !fits_a_line(file.file.name)) {
            sent.push_back(&file);
        } else {
            list += list_line(file);
        }
    }
    packed.files = sent.size();
    auto done = write_archive(packed.fd.get(), "the folder", [&](struct archive* out) {
        Status added = add_list(out, list);
        for (const SummedFile* file : sent) {
            Hash all;
            Hash content(32);
            added = added ? add_file(out, file->file, all, &content) : added;
            if (added && content.hex() != file->hash) {
                added = changed(file->file.name);
            }
        }
        return added;
    });
    if (done) {
        done = measure(packed, "the folder");
    }
    if (!done) {
        return fail(std::move(done.error()));
    }
    return packed;
}

} // namespace hameau::cli
