// Fork without exec: the child has our code and our memory, but neither our rights nor our files.
#include "provisioning/diagnose/child.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

namespace {

/// So that a child that somebody cut short is not taken for one that had nothing to say.
constexpr std::string_view end_mark = "\n.\n";
constexpr int answer_file = 3;

bool enter(const std::string& folder) {
    const Fd there(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return there && ::fchdir(there.get()) == 0 && ::chroot(".") == 0;
}

// The address space of a sanitizer's program is larger than any bound.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_limited = false;
#else
constexpr bool memory_limited = true;
#endif

/// Standard error is our answer to hameaud: what others chose must never reach it.
[[noreturn]] void work_in_child(const ChildRights& rights, pid_t parent, int nothing, int answer, const std::function<std::string()>& work) {
    std::array files = {ChildFile{nothing, 0}, ChildFile{nothing, 1}, ChildFile{nothing, 2}, ChildFile{answer, answer_file}};
    place_files(files, answer_file + 1);
    // A database is whatever its module wrote: a view in it may ask for all memory of the machine.
    limit_child(RLIMIT_CORE, 0);
    limit_child(RLIMIT_CPU, child_cpu_s);
    if (memory_limited) {
        limit_child(RLIMIT_AS, child_memory_bytes);
    }
    if (!rights.folder.empty() && !enter(rights.folder)) {
        ::_exit(1);
    }
    if (rights.uid != 0) {
        drop_rights(rights.uid, rights.uid, {});
    }
    die_with(parent, SIGKILL);
    (void)write_all(answer_file, work() + std::string(end_mark));
    ::_exit(0);
}

} // namespace

std::optional<std::string> by_child(const ChildRights& rights, const ChildBounds& bounds, const std::function<std::string()>& work) {
    int ends[2];
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing || ::pipe2(ends, O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return std::nullopt;
    }
    if (pid == 0) {
        work_in_child(rights, parent, nothing.get(), writer.get(), work);
    }
    writer.reset();
    std::string out;
    pollfd waiting{reader.get(), POLLIN, 0};
    const std::int64_t limit = now_ms() + bounds.limit.count();
    while (out.size() < bounds.bytes_max && !out.ends_with(end_mark)) {
        const auto left = static_cast<int>(limit - now_ms());
        std::array<char, 2048> part{};
        const ssize_t n = left > 0 && ::poll(&waiting, 1, left) > 0 ? ::read(reader.get(), part.data(), part.size()) : 0;
        if (n <= 0) {
            break;
        }
        out.append(part.data(), static_cast<std::size_t>(n));
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    if (!out.ends_with(end_mark)) {
        return std::nullopt;
    }
    out.resize(out.size() - end_mark.size());
    return out;
}

} // namespace hameau::diagnose
