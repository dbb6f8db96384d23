// hameau-unarchive BYTES_MAX FILES_MAX: opens the archive of an association, which anybody may have written. Started by `hameau import`; no
// network, no database, no folder: a .tar.zst on standard input, its files as parts (daemon/contract/parts.hpp) on standard output.
// Exit: 0 and the parts have their END; 65 the archive is refused, with a sentence on standard error; 70 the sandbox could not be built.
#include <archive.h>
#include <archive_entry.h>
#include <charconv>
#include <clocale>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "daemon/cli/unarchive/limits.hpp"
#include "daemon/contract/parts.hpp"
#include "daemon/sandbox/helper_jail.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_data = 65;
constexpr int exit_failed = 70;
constexpr uid_t nobody = 65534;

struct Limits {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
};

tl::unexpected<Error> refuse(const std::string& sentence) { return fail(ErrorKind::invalid, sentence); }

Status copy_content(struct archive* reader, const Part& part, std::string& slice) {
    std::uint64_t left = part.size_bytes;
    while (left > 0) {
        const la_ssize_t n = archive_read_data(reader, slice.data(), std::min<std::uint64_t>(left, slice.size()));
        if (n <= 0) {
            return refuse("the archive is damaged or was cut, in " + part.path);
        }
        left -= static_cast<std::uint64_t>(n);
        if (auto written = write_all(STDOUT_FILENO, std::string_view(slice.data(), static_cast<std::size_t>(n))); !written) {
            return written;
        }
    }
    return {};
}

/// What an entry is called, when it is one that an archive of ours has.
Result<Part> part_of(struct archive_entry* entry) {
    const char* name = archive_entry_pathname_utf8(entry);
    Part part;
    part.path = name != nullptr ? name : "";
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr || archive_entry_filetype(entry) != AE_IFREG) {
        return refuse("the archive has a link or a device in it, which none of ours has");
    }
    if (!is_part_path(part.path)) {
        return refuse("the archive has a file name that none of ours has");
    }
    const la_int64_t size = archive_entry_size(entry);
    if (!archive_entry_size_is_set(entry) || size < 0 || static_cast<std::uint64_t>(size) > part_bytes_max) {
        return refuse("the archive has a file without a sound size: " + part.path);
    }
    part.size_bytes = static_cast<std::uint64_t>(size);
    part.mtime_s = archive_entry_mtime(entry);
    return part;
}

Status copy_all(struct archive* reader, const Limits& limits) {
    std::string slice(unarchive::read_bytes, '\0');
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    struct archive_entry* entry = nullptr;
    for (;;) {
        const int code = archive_read_next_header(reader, &entry);
        if (code == ARCHIVE_EOF) {
            return write_all(STDOUT_FILENO, parts_end);
        }
        if (code != ARCHIVE_OK) {
            return refuse("the archive is damaged or was cut");
        }
        const auto part = part_of(entry);
        if (!part) {
            return fail(part.error());
        }
        bytes += part->size_bytes;
        if (++files > limits.files || bytes > limits.bytes) {
            return refuse("the archive unpacks to more than its size allows (hameau import --help: --limit)");
        }
        Status done = write_all(STDOUT_FILENO, part_header(*part));
        done = done ? copy_content(reader, *part, slice) : done;
        if (!done) {
            return done;
        }
    }
}

Status run(const Limits& limits) {
    const std::unique_ptr<struct archive, int (*)(struct archive*)> reader(archive_read_new(), archive_read_free);
    if (!reader || archive_read_support_filter_zstd(reader.get()) != ARCHIVE_OK || archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
        archive_read_open_fd(reader.get(), STDIN_FILENO, unarchive::read_bytes) != ARCHIVE_OK) {
        return refuse("this is not an archive of an association (.tar.zst)");
    }
    return copy_all(reader.get(), limits);
}

bool read_number(std::string_view text, std::uint64_t& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

int main(int argc, char** argv) {
    Limits limits;
    if (argc != 3 || !read_number(argv[1], limits.bytes) || !read_number(argv[2], limits.files)) {
        std::fputs("hameau-unarchive is started by hameau import; see daemon/cli/unarchive/main.cpp\n", stderr);
        return exit_usage;
    }
    // Names in archives are UTF-8 for libarchive only under such a locale; it reads files, so before the sandbox.
    (void)std::setlocale(LC_CTYPE, "C.UTF-8");
    if (::geteuid() == 0) {
        drop_rights(nobody, nobody, {});
    }
    JailLimits jail;
    jail.cpu_seconds = unarchive::cpu_seconds_max;
    if (auto walled = enter_jail(-1, jail); !walled) {
        std::fprintf(stderr, "%s\n", walled.error().message.c_str());
        return exit_failed;
    }
    const Status done = run(limits);
    if (!done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
    }
    return done ? 0 : exit_data;
}
