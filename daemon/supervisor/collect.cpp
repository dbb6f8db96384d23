// What a program of one job writes on its two pipes, read until it ends: one poll(2) over both pipes and the child's pidfd.
#include "daemon/supervisor/collect.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "daemon/base/io.hpp"

namespace hameau::supervisor {

namespace {

enum class Taken { more, end, too_much };

/// Reads what is there now, at most a few buffers: the deadline is looked at between two calls.
Taken take(int fd, std::string& out, std::size_t bytes_max) {
    std::array<char, 16384> part{};
    for (int i = 0; i < 8; ++i) {
        const ssize_t n = ::read(fd, part.data(), part.size());
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? Taken::more : Taken::end;
        }
        if (n == 0) {
            return Taken::end;
        }
        if (out.size() + static_cast<std::size_t>(n) > bytes_max) {
            return Taken::too_much;
        }
        out.append(part.data(), static_cast<std::size_t>(n));
    }
    return Taken::more;
}

int reap_killed(pid_t pid) {
    ::kill(-pid, SIGKILL);
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
}

} // namespace

bool Collected::good() const { return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0; }

Result<Collected> collect(pid_t pid, Fd output, Fd errors, std::size_t bytes_max, Duration deadline) {
    const SystemClock clock;
    const Duration limit = clock.now() + deadline;
    const Fd end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    Collected collected;
    struct Stream {
        Fd& fd;
        std::string& text;
    };
    std::array<Stream, 2> streams = {Stream{output, collected.output}, Stream{errors, collected.errors}};
    for (Stream& stream : streams) {
        if (stream.fd) {
            (void)set_nonblocking(stream.fd.get(), true);
        }
    }
    bool ended = false;
    while (!ended) {
        std::array<pollfd, 3> waiting = {pollfd{output.get(), POLLIN, 0}, pollfd{errors.get(), POLLIN, 0},
                                         pollfd{end.get(), POLLIN, 0}};
        const Duration left = limit - clock.now();
        if (left.count() <= 0) {
            reap_killed(pid);
            return fail(ErrorKind::timed_out, "it did not end within " + std::to_string(deadline.count() / 1000) + " s");
        }
        if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
            reap_killed(pid);
            return fail_errno("poll");
        }
        // Looked at before the pipes: what was written before the end is then read below.
        ended = waiting[2].revents != 0;
        for (Stream& stream : streams) {
            const Taken taken = stream.fd ? take(stream.fd.get(), stream.text, bytes_max) : Taken::more;
            if (taken == Taken::too_much) {
                reap_killed(pid);
                return fail(ErrorKind::too_large, "it wrote more than " + std::to_string(bytes_max) + " bytes");
            }
            if (taken == Taken::end) {
                stream.fd.reset();
            }
        }
    }
    // A pipe holds at most 64 KiB and `take` reads twice that: all that was written before the end is here.
    ::waitpid(pid, &collected.wait_status, 0);
    return collected;
}

} // namespace hameau::supervisor
