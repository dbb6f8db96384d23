// Files of a list: wordlist.db (bogofilter's, SQLite), ready (it knows enough of both kinds), pruned (the day of the last pruning), lock, next/.
#include "modules/mail/words/lists.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/words/limits.hpp"
#include "modules/mail/words/tool.hpp"

namespace hameau::words {

namespace fs = std::filesystem;

namespace {

std::optional<long> number_in(std::string_view text) {
    long value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::uint64_t size_of(const std::string& path) {
    std::error_code failed;
    const auto size = fs::file_size(path, failed);
    return failed ? 0 : size;
}

/// Of one list at a time, until the process closes it. Errors: timed_out.
Result<Fd> lock_list(const std::string& place) {
    Fd lock(::open((place + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
        return fail_errno("locking the word list");
    }
    for (unsigned tenths = 0; ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0; ++tenths) {
        if (tenths == lock_seconds * 10) {
            return fail(ErrorKind::timed_out, "another lesson of this list takes too long");
        }
        ::usleep(100'000);
    }
    return lock;
}

Status check_tool(const Result<int>& code, const char* name) {
    if (!code) {
        return fail(code.error());
    }
    return *code == 0 ? Status{} : Status(fail(ErrorKind::io, std::string(name) + " ended with " + std::to_string(*code)));
}

Status sync_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return file && ::fsync(file.get()) == 0 ? Status{} : Status(fail_errno(path));
}

} // namespace

std::optional<std::string> list_of(std::string_view names, std::string_view user) {
    const std::size_t at = user.rfind('@');
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string domain = ascii_lower(user.substr(at + 1));
    for (const std::string_view line : split(names, '\n')) {
        const std::size_t space = line.find(' ');
        if (space != std::string_view::npos && line.substr(0, space) == domain && is_id(line.substr(space + 1))) {
            return std::string(line.substr(space + 1));
        }
    }
    return std::nullopt;
}

std::optional<std::string> count_lesson(std::string_view before, long day) {
    const std::size_t space = before.find(' ');
    const auto counted = space == std::string_view::npos ? std::nullopt : number_in(before.substr(0, space));
    const auto lessons = space == std::string_view::npos ? std::nullopt : number_in(before.substr(space + 1));
    // A day that lies ahead was counted by a clock that was wrong.
    const long so_far = counted && lessons && *counted == day ? *lessons : 0;
    if (so_far >= static_cast<long>(lessons_per_day_max)) {
        return std::nullopt;
    }
    return std::to_string(day) + " " + std::to_string(so_far + 1);
}

bool is_ready(std::string_view counts) {
    const std::size_t name = counts.find(".MSG_COUNT");
    if (name == std::string_view::npos) {
        return false;
    }
    std::vector<long> numbers;
    for (const std::string_view word : split(counts.substr(name + 10, counts.find('\n', name) - name - 10), ' ')) {
        if (const auto number = number_in(word)) {
            numbers.push_back(*number);
        }
    }
    return numbers.size() >= 2 && numbers[0] >= spam_least && numbers[1] >= ham_least;
}

Result<bool> WordList::judge(const std::string& message) const {
    if (::access((place() + "/ready").c_str(), F_OK) != 0) {
        return false;
    }
    const auto input = sealed_memory("message", std::string_view(message).substr(0, looked_octets_max));
    if (!input) {
        return fail(input.error());
    }
    const auto code = run_tool({tools_ + "/bogofilter-sqlite", {"-C", "-d", place()}, place(), input->get(), -1});
    if (!code) {
        return fail(code.error());
    }
    // 0 spam, 1 ham, 2 unsure, 3 an error.
    return *code >= 0 && *code <= 2 ? Result<bool>(*code == 0) : Result<bool>(fail(ErrorKind::io, "bogofilter ended with " + std::to_string(*code)));
}

Status WordList::learn(const std::string& message, Kind kind, const std::string& counter, long now) {
    if (::mkdir(place().c_str(), 0700) != 0 && errno != EEXIST) {
        return fail_errno("making the word list");
    }
    const auto lock = lock_list(place());
    if (!lock) {
        return fail(lock.error());
    }
    const long day = now / 86400;
    const auto before = read_file(counter, 64);
    const auto counted = count_lesson(before ? *before : std::string(), day);
    if (!counted) {
        return fail(ErrorKind::too_large, "this mailbox taught enough for today");
    }
    std::error_code failed;
    const std::string next = place() + "/next";
    fs::remove_all(next, failed);  // of a lesson that was cut short
    if (auto made = make_folder(next, 0700); !made) {
        return made;
    }
    fs::copy_file(place() + "/wordlist.db", next + "/wordlist.db", failed);
    if (failed && failed != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::io, "copying the word list: " + failed.message());
    }
    const auto input = sealed_memory("message", std::string_view(message).substr(0, looked_octets_max));
    auto done = input ? check_tool(run_tool({tools_ + "/bogofilter-sqlite", {"-C", "-d", next, kind == Kind::spam ? "-s" : "-n"}, next, input->get(), -1}), "bogofilter")
                      : Status(fail(input.error()));
    if (!done && input && is_broken()) {
        // Begun anew: a list that teaches nothing and judges nothing would stay so for ever.
        fs::rename(place() + "/wordlist.db", place() + "/wordlist.broken", failed);
        fs::remove(place() + "/ready", failed);
    }
    done = done ? bound(next, day) : done;
    done = done ? put(next, day) : done;
    fs::remove_all(next, failed);
    return done ? write_file_atomically(counter, *counted, 0600) : done;
}

/// Whether bogofilter is there and cannot read the list.
bool WordList::is_broken() const {
    const auto code = run_tool({tools_ + "/bogoutil-sqlite", {"-C", "-w", place(), ".MSG_COUNT"}, place(), -1, -1});
    return code && *code > 0 && size_of(place() + "/wordlist.db") > 0;
}

/// Written anew without the words that no lesson had for long, and without those that had fewer than `count_least`.
Status WordList::prune(const std::string& next, int count_least) const {
    const Fd text(::open(next.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
    if (!text) {
        return fail_errno("pruning the word list");
    }
    auto done = check_tool(run_tool({tools_ + "/bogoutil-sqlite", {"-C", "-d", next + "/wordlist.db"}, next, -1, text.get()}), "bogoutil");
    std::error_code failed;
    fs::remove_all(next + "/small", failed);
    done = done ? make_folder(next + "/small", 0700) : done;
    const std::vector<std::string> load = {"-C", "-a", std::to_string(word_days_max), "-c", std::to_string(count_least), "-l", next + "/small/wordlist.db"};
    done = done ? check_tool(run_tool({tools_ + "/bogoutil-sqlite", load, next, text.get(), -1}), "bogoutil") : done;
    if (done) {
        fs::rename(next + "/small/wordlist.db", next + "/wordlist.db", failed);
        done = failed ? Status(fail(ErrorKind::io, "pruning the word list: " + failed.message())) : done;
    }
    return done;
}

Status WordList::bound(const std::string& next, long day) const {
    const std::string list = next + "/wordlist.db";
    const auto last = read_file(place() + "/pruned", 64);
    const bool due = size_of(list) > list_bytes_pruned && (!last || *last != std::to_string(day));
    if (due || size_of(list) > list_bytes_max) {
        auto pruned = prune(next, 0);
        pruned = pruned && size_of(list) > list_bytes_max ? prune(next, 2) : pruned;
        pruned = pruned ? write_file_atomically(place() + "/pruned", std::to_string(day), 0600) : pruned;
        if (!pruned) {
            return pruned;
        }
    }
    return size_of(list) > list_bytes_max ? Status(fail(ErrorKind::too_large, "the word list is full")) : Status{};
}

Status WordList::put(const std::string& next, long) const {
    const Fd said(::open(next.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
    if (!said) {
        return fail_errno("counting the lessons");
    }
    auto done = check_tool(run_tool({tools_ + "/bogoutil-sqlite", {"-C", "-w", next, ".MSG_COUNT"}, next, -1, said.get()}), "bogoutil");
    if (!done || ::lseek(said.get(), 0, SEEK_SET) != 0) {
        return done ? Status(fail_errno("counting the lessons")) : done;
    }
    const auto counts = read_all(said.get(), tool_output_bytes_max);
    if (!counts) {
        return fail(counts.error());
    }
    done = sync_file(next + "/wordlist.db");
    if (!done) {
        return done;
    }
    if (::rename((next + "/wordlist.db").c_str(), (place() + "/wordlist.db").c_str()) != 0) {
        return fail_errno("replacing the word list");
    }
    if (is_ready(*counts)) {
        return ::access((place() + "/ready").c_str(), F_OK) == 0 ? Status{} : write_file_atomically(place() + "/ready", "", 0600);
    }
    return ::unlink((place() + "/ready").c_str()) == 0 || errno == ENOENT ? Status{} : Status(fail_errno("the word list"));
}

void WordList::remove_orphans(std::string_view names, long now) const {
    std::error_code failed;
    for (fs::directory_iterator at(all_, failed); !failed && at != fs::directory_iterator(); at.increment(failed)) {
        const std::string id = at->path().filename().string();
        struct stat facts {};
        const bool known = names.find(" " + id + "\n") != std::string_view::npos;
        if (is_id(id) && !known && ::lstat(at->path().c_str(), &facts) == 0 && now - facts.st_mtime > orphan_seconds) {
            std::error_code ignored;
            fs::remove_all(at->path(), ignored);
        }
    }
}

} // namespace hameau::words
