// `hameau export ASSOCIATION FILE`: the association as one archive, as the house streams it. A file is there when it is whole, under
// its name at once; before, it is FILE.part beside it.
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace {

constexpr std::string_view export_usage =
    "usage: hameau export ASSOCIATION FILE.tar.zst|- [--with-passwords] [--without-messages] [--state DIR]\n"
    "Writes everything that the association has in this house into one archive: members, addresses, the messages of all mailboxes,\n"
    "each kept version of its sites, its texts with their history. A README in it says what is what. - is standard output.\n"
    "  --with-passwords    the hashes of the members' passwords too: the archive is then as secret as a backup\n"
    "  --without-messages  leaves the messages out\n";

/// Errors: io. `path` is the final name; the file does not exist under it yet.
Result<Fd> open_part(const std::string& path) {
    Fd fd(::open((path + ".part").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || ::fchmod(fd.get(), 0600) != 0) {
        return fail_errno(path + ".part");
    }
    return fd;
}

Status settle_part(const std::string& path, const Fd& fd) {
    if (::fsync(fd.get()) != 0 || ::rename((path + ".part").c_str(), path.c_str()) != 0) {
        return fail_errno(path);
    }
    return {};
}

} // namespace

int export_command(std::span<char*> arguments) {
    constexpr std::array options = {Option{"--with-passwords", false}, Option{"--without-messages", false}};
    const auto words = read_words("export", arguments, options);
    if (!words) {
        return exit_usage;
    }
    if (words->help || words->plain.size() != 2) {
        std::fputs(export_usage.data(), words->help ? stdout : stderr);
        return words->help ? 0 : exit_usage;
    }
    const std::string slug(words->plain[0]);
    const std::string path(words->plain[1]);
    const bool pipe = path == "-";
    if (pipe && ::isatty(STDOUT_FILENO) == 1) {
        std::fputs("hameau export: an archive is not for a terminal: name a file, or send it through a pipe\n", stderr);
        return exit_usage;
    }
    std::string query = words->has("--with-passwords") ? "?passwords=1" : "?passwords=0";
    query += words->has("--without-messages") ? "&messages=none" : "";
    Fd file;
    if (!pipe) {
        auto opened = open_part(path);
        if (!opened) {
            return report(opened.error());
        }
        file = std::move(*opened);
    }
    const Client client(words->state);
    const auto answer = client.download("/api/v1/associations/" + segment(slug) + "/archive" + query, pipe ? STDOUT_FILENO : file.get());
    Status done = answer ? Status{} : Status(fail(answer.error()));
    if (answer && !answer->good()) {
        done = fail(answer->status == 404 ? ErrorKind::not_found : ErrorKind::unavailable, answer->problem());
    }
    if (done && !pipe) {
        done = settle_part(path, file);
    }
    if (!done) {
        if (!pipe) {
            (void)::unlink((path + ".part").c_str());
        }
        return report(done.error());
    }
    return 0;
}

} // namespace hameau::cli
