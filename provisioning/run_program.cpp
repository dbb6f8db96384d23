// fork, exec, read until the end or the deadline.
#include "provisioning/run_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

namespace {

constexpr int exit_not_there = 127;

[[noreturn]] void become_program(const ProgramRun& run, const std::vector<char*>& words, const std::vector<char*>& environment, int output, pid_t parent) {
    std::array<ChildFile, 4> files = {ChildFile{run.input >= 0 ? run.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO}, ChildFile{output, STDOUT_FILENO},
                                      ChildFile{output, STDERR_FILENO}, ChildFile{run.kept_file, 3}};
    // At a deadline what runs under another uid ends with all that it started; the others end with hameau-provision's own group.
    become({.files = files,
            .first_closed = run.kept_file >= 0 ? 4u : 3u,
            .program = run.program,
            .path = run.path.c_str(),
            .arguments = words.data(),
            .environment = environment.data(),
            .group = run.uid != 0 ? ChildStart::Group::own : ChildStart::Group::of_parent,
            .drop = run.uid != 0,
            .uid = run.uid,
            .gid = run.uid,
            .parent = parent,
            .death_signal = SIGKILL});
}

/// Until the program `child` (a pidfd) has ended: what it started may hold `fd` open, and it may close `fd` and live on. False when
/// the deadline passed first.
bool read_until_end(int fd, int child, std::string& out, std::size_t kept, Duration deadline) {
    const SystemClock clock;
    const Duration limit = clock.now() + deadline;
    for (;;) {
        const Duration left = limit - clock.now();
        std::array<pollfd, 2> waiting = {pollfd{fd, POLLIN, 0}, pollfd{child, POLLIN, 0}};
        if (left.count() <= 0 || (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)) {
            return false;
        }
        if (waiting[0].revents == 0) {
            if (waiting[1].revents != 0) {
                return true;  // what it wrote has been read
            }
            continue;
        }
        char part[4096];
        const ssize_t n = ::read(fd, part, sizeof part);
        if (n <= 0) {
            fd = -1;  // closed: now only its end is waited for
            continue;
        }
        out.append(part, std::min(static_cast<std::size_t>(n), kept - out.size()));
    }
}

} // namespace

Result<ProgramEnd> run_to_end(ProgramRun run) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno("pipe");
    }
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    run.arguments.insert(run.arguments.begin(), run.path.empty() ? "program" : run.path);
    run.environment.insert(run.environment.end(), {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"});
    auto words = exec_words(run.arguments);
    auto environment = exec_words(run.environment);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("starting " + run.arguments.front());
    }
    if (pid == 0) {
        become_program(run, words, environment, writer.get(), parent);
    }
    writer.reset();
    ProgramEnd end;
    const Fd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    const bool ended = child && read_until_end(reader.get(), child.get(), end.output, run.kept_bytes == 0 ? output_bytes_max : run.kept_bytes, run.deadline);
    if (!ended) {
        if (run.uid != 0) {
            ::kill(-pid, SIGKILL);
        }
        ::kill(pid, SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!ended) {
        return fail(ErrorKind::timed_out, run.arguments.front() + " did not end in time");
    }
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (end.exit_code == exit_not_there) {
        return fail(ErrorKind::unavailable, run.arguments.front() + " is not installed");
    }
    return end;
}

Result<std::string> run_program(const std::string& path, std::vector<std::string> arguments) {
    ProgramRun run;
    run.path = path;
    run.arguments = std::move(arguments);
    auto end = run_to_end(std::move(run));
    if (!end) {
        return fail(end.error());
    }
    if (end->exit_code != 0) {
        return fail(ErrorKind::invalid, path + ": " + end->output.substr(0, 1500));
    }
    return std::move(end->output);
}

} // namespace hameau::provisioning
