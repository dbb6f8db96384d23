// hameau-unpack: the one program that opens what members upload. Started by the sites module for one archive; holds no
// database, no network, no secret; its standard input and output and one folder are all that it can touch.
//
//   hameau-unpack unpack BYTES_MAX   archive on 0, report (modules/sites/report.hpp) on 1, staging folder on 3
//   hameau-unpack unpack-kept BYTES_MAX   the same, and the archive may name files that the site has already: they are in the file
//                                    "known" of the staging folder, as a report, and lie in the blobs folder on 4
//   hameau-unpack pack zip|tar.gz    list of files on 0, archive on 1, blobs folder on 3
// Exit: 0 the report is whole (a refusal is a whole report), 65 bad list, 70 jail or machine failed, 64 usage.
#include <charconv>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include <sodium/core.h>

#include "daemon/base/io.hpp"
#include "daemon/sandbox/helper_jail.hpp"
#include "modules/sites/unpack/finish.hpp"
#include "modules/sites/unpack/pack.hpp"

namespace hameau::sites {

namespace {

constexpr int folder_fd = 3;
constexpr int blobs_fd = 4;
constexpr int exit_usage = 64;
constexpr int exit_data = 65;
constexpr int exit_failed = 70;

void complain(std::string_view message) {
    const std::string line = "<3>unpack: " + std::string(message) + "\n";
    (void)write_all(STDERR_FILENO, line);
}

/// What hameau-sites says that the site has. The file is not part of the upload.
Result<KnownFiles> read_known() {
    const Fd fd(::openat(folder_fd, known_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::unlinkat(folder_fd, known_name, 0) != 0) {
        return fail_errno("the list of known files");
    }
    const auto text = read_all(fd.get(), pack_list_bytes_max);
    ReportReader reader;
    if (!text || !reader.feed(*text)) {
        return fail(ErrorKind::corrupt, "the list of known files is damaged");
    }
    auto report = reader.finish();
    if (!report) {
        return fail(std::move(report.error()));
    }
    KnownFiles known;
    for (DeployEntry& file : report->files) {
        const Hash hash = file.variants[0]->hash;
        known.emplace(hash, std::move(file));
    }
    return known;
}

int run_unpack(std::uint64_t bytes_max, bool with_known) {
    JailLimits jail;
    jail.file_bytes = bytes_max + (1 << 20);
    Shelf shelf;
    shelf.folder = folder_fd;
    shelf.blobs = with_known ? blobs_fd : -1;
    if (auto walled = enter_jail(folder_fd, jail, shelf.blobs); !walled) {
        complain(walled.error().message);
        return exit_failed;
    }
    UnpackLimits limits;
    limits.total_bytes = bytes_max;
    const Result<KnownFiles> known = with_known ? read_known() : Result<KnownFiles>(KnownFiles());
    if (!known) {
        complain(known.error().message);
        return exit_failed;
    }
    limits.known = with_known ? &*known : nullptr;
    Upload upload;
    if (auto done = Unpacker(STDIN_FILENO, folder_fd, limits).run(upload); !done) {
        complain(done.error().message);
        return exit_failed;
    }
    const auto report = Finisher(shelf, upload, bytes_max).run();
    if (!report) {
        complain(report.error().message);
        return exit_failed;
    }
    return write_all(STDOUT_FILENO, *report) ? 0 : exit_failed;
}

int run_pack(PackForm form) {
    if (auto walled = enter_jail(folder_fd, JailLimits{}); !walled) {
        complain(walled.error().message);
        return exit_failed;
    }
    const auto list = read_all(STDIN_FILENO, pack_list_bytes_max);
    const auto packed = list ? pack(*list, folder_fd, STDOUT_FILENO, form) : Status(fail(list.error()));
    if (!packed) {
        complain(packed.error().message);
        return packed.error().kind == ErrorKind::invalid ? exit_data : exit_failed;
    }
    return 0;
}

int run(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::puts("hameau-unpack is started by hameau-sites; see modules/sites/unpack/main.cpp.");
        return 0;
    }
    if (argc != 3 || ::fcntl(folder_fd, F_GETFD) < 0) {
        complain("this program is started by hameau-sites, not by hand");
        return exit_usage;
    }
    // Names in archives are UTF-8 for libarchive only under such a locale; both read files, so before the sandbox.
    if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr || ::sodium_init() < 0) {
        complain("the locale C.UTF-8 or libsodium is missing");
        return exit_failed;
    }
    ::tzset();
    const std::string_view mode(argv[1]);
    const std::string_view what(argv[2]);
    std::uint64_t bytes_max = 0;
    const auto [end, failed] = std::from_chars(what.data(), what.data() + what.size(), bytes_max);
    const bool with_known = mode == "unpack-kept" && ::fcntl(blobs_fd, F_GETFD) >= 0;
    if ((mode == "unpack" || with_known) && failed == std::errc{} && end == what.data() + what.size()) {
        return run_unpack(bytes_max, with_known);
    }
    if (mode == "pack" && (what == "zip" || what == "tar.gz")) {
        return run_pack(what == "zip" ? PackForm::zip : PackForm::tar_gz);
    }
    complain("unknown mode");
    return exit_usage;
}

} // namespace

} // namespace hameau::sites

int main(int argc, char** argv) {
    try {
        return hameau::sites::run(argc, argv);
    } catch (const std::exception& failed) {
        // Out of memory within its limits, mostly: the upload is refused, nothing else is touched.
        hameau::sites::complain(failed.what());
        return hameau::sites::exit_failed;
    }
}
