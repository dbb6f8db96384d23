// hameau-words MAIL-FOLDER UID judge|spam|ham: Dovecot's Sieve starts it with a message on standard input and the mailbox in USER and HOME.
//   judge      exit code 0: the word list of the mailbox's association calls it spam; 1: no, not sure, or nobody could say
//   spam, ham  learns it as that; 0
// It never keeps a message from its mailbox: whatever goes wrong is "no", with a line on standard error.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "modules/mail/words/limits.hpp"
#include "modules/mail/words/lists.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_spam = 0;
constexpr int exit_other = 1;

/// The beginning; the rest is read and forgotten, since Dovecot counts a pipe that closes as a failure.
std::string read_message() {
    std::string message;
    char piece[16384];
    for (ssize_t got = 0; (got = ::read(STDIN_FILENO, piece, sizeof piece)) > 0;) {
        const std::size_t room = words::looked_octets_max - message.size();
        message.append(piece, std::min(room, static_cast<std::size_t>(got)));
    }
    return message;
}

Result<bool> obey(const std::string& mail, std::string_view order, const std::string& message) {
    const char* user = std::getenv("USER");
    const char* home = std::getenv("HOME");
    const auto names = read_file(mail + "/forward/word-lists", words::names_bytes_max);
    const auto id = names && user != nullptr ? words::list_of(*names, user) : std::nullopt;
    if (!id || home == nullptr) {
        return fail(ErrorKind::not_found, "no word list for this mailbox");
    }
    words::WordList list(mail + "/words", *id);
    if (order == "judge") {
        return list.judge(message);
    }
    const long now = static_cast<long>(std::time(nullptr));
    const auto learnt = list.learn(message, order == "spam" ? words::Kind::spam : words::Kind::ham, std::string(home) + "/.lessons", now);
    list.remove_orphans(*names, now);
    return learnt ? Result<bool>(true) : Result<bool>(fail(learnt.error()));
}

} // namespace

int main(int argc, char** argv) {
    unsigned uid = 0;
    const std::string_view number = argc == 4 ? argv[2] : "";
    const std::string_view order = argc == 4 ? argv[3] : "";
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), uid);
    if (failed != std::errc{} || end != number.data() + number.size() || uid == 0 || (order != "judge" && order != "spam" && order != "ham")) {
        std::fputs("usage: hameau-words MAIL-FOLDER UID judge|spam|ham (started by Dovecot)\n", stderr);
        return exit_usage;
    }
    ::umask(0077);
    if (::getuid() == 0) {
        // LMTP keeps root in reserve while it works for a mailbox.
        if (::seteuid(0) != 0) {
            return exit_other;
        }
        drop_rights(uid, uid, {});
    }
    const auto done = obey(argv[1], order, read_message());
    // Who taught enough for today is no failure; nor is a lesson, for Dovecot, which would only repeat it in its log.
    if (!done && done.error().kind != ErrorKind::too_large) {
        std::fprintf(stderr, "hameau-words: %s\n", done.error().message.c_str());
    }
    return order != "judge" || (done && *done) ? exit_spam : exit_other;
}
