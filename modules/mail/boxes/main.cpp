// hameau-boxes BOXES-FOLDER UID: the files of one mailbox, for hameau-mail, which may not read them itself. Dovecot starts it for
// each connection to its socket `hameau-boxes`, in a folder that is open to hameau-mail alone (`script -p`: the connection is
// standard input and output). Started by root, it takes the uid that owns the mailboxes before it reads anything.
//   we are told   pack FOLDER PREFIX LF       parts of the mailbox boxes/FOLDER, each below PREFIX/, then END
//                 place FOLDER [trusted] LF parts END   OK NEW PRESENT LF
// FOLDER is a mailbox's id. Anything that goes wrong is "- SENTENCE LF" in the place of the END or the OK.
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/exec.hpp"
#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/mail/boxes/boxes.hpp"
#include "modules/mail/boxes/limits.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_failed = 70;

/// A byte at a time: what follows belongs to the parts.
std::string read_order() {
    std::string line;
    char c = 0;
    while (line.size() < mail::box_order_bytes_max && ::read(STDIN_FILENO, &c, 1) == 1) {
        if (c == '\n') {
            return line;
        }
        line += c;
    }
    return {};
}

Status pack(const std::string& path, const std::string& prefix) {
    const Fd home(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!home && errno != ENOENT) {
        return fail_errno("opening the mailbox");
    }
    return mail::pack_box(home ? home.get() : -1, prefix, STDOUT_FILENO);
}

Status place(const std::string& path, bool trusted) {
    if (auto made = make_folder(path, 0700); !made) {
        return made;
    }
    const Fd home(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!home) {
        return fail_errno("opening the mailbox");
    }
    const auto placed = mail::place_box(home.get(), STDIN_FILENO, trusted);
    return placed ? write_all(STDOUT_FILENO, "OK " + std::to_string(placed->messages) + " " + std::to_string(placed->present) + "\n")
                  : Status(fail(placed.error()));
}

Status obey(const std::string& boxes) {
    const std::string order = read_order();
    const auto words = split(order, ' ');
    const std::string path = words.size() > 1 ? boxes + "/" + std::string(words[1]) : std::string();
    if (words.size() == 3 && words[0] == "pack" && is_id(words[1]) && is_part_path(words[2])) {
        return pack(path, std::string(words[2]));
    }
    if (words.size() >= 2 && words.size() <= 3 && words[0] == "place" && is_id(words[1]) && (words.size() == 2 || words[2] == "trusted")) {
        return place(path, words.size() == 3);
    }
    return fail(ErrorKind::invalid, "an order was expected");
}

} // namespace

int main(int argc, char** argv) {
    unsigned uid = 0;
    const std::string_view number = argc == 3 ? argv[2] : "";
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), uid);
    if (argc != 3 || failed != std::errc{} || end != number.data() + number.size() || uid == 0) {
        std::fputs("usage: hameau-boxes BOXES-FOLDER UID (started by Dovecot)\n", stderr);
        return exit_usage;
    }
    ::umask(0077);
    if (::geteuid() == 0) {
        drop_rights(uid, uid, {});
    }
    const Status done = obey(argv[1]);
    if (!done) {
        (void)write_all(STDOUT_FILENO, "- " + done.error().message + "\n");
        std::fprintf(stderr, "hameau-boxes: %s\n", done.error().message.c_str());
    }
    return done ? 0 : exit_failed;
}
