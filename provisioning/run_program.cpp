// fork, exec, read until the end or the deadline.
#include "provisioning/run_program.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"

namespace hameau::provisioning {

namespace {

constexpr Duration deadline{40000};
constexpr std::size_t output_bytes_max = 65536;
constexpr int exit_not_there = 127;

[[noreturn]] void become(const std::string& path, std::vector<std::string>& arguments, int output, pid_t parent) {
    std::vector<char*> words = {const_cast<char*>(path.c_str())};
    for (std::string& argument : arguments) {
        words.push_back(argument.data());
    }
    words.push_back(nullptr);
    char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char locale[] = "LC_ALL=C";
    char* environment[] = {path_variable, locale, nullptr};
    std::array<ChildFile, 3> files = {ChildFile{::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO}, ChildFile{output, STDOUT_FILENO},
                                      ChildFile{output, STDERR_FILENO}};
    place_files(files, STDERR_FILENO + 1);
    reset_signals();
    die_with(parent, SIGKILL);
    exec_program(-1, path.c_str(), words.data(), environment);
}

/// False when the deadline passed first.
bool read_until_end(int fd, std::string& out) {
    const SystemClock clock;
    const Duration limit = clock.now() + deadline;
    for (;;) {
        const Duration left = limit - clock.now();
        pollfd waiting{fd, POLLIN, 0};
        if (left.count() <= 0 || (::poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)) {
            return false;
        }
        if (waiting.revents == 0) {
            continue;
        }
        char part[4096];
        const ssize_t n = ::read(fd, part, sizeof part);
        if (n <= 0) {
            return true;
        }
        if (out.size() < output_bytes_max) {
            out.append(part, static_cast<std::size_t>(n));
        }
    }
}

} // namespace

Result<std::string> run_program(const std::string& path, std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno("pipe");
    }
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("starting " + path);
    }
    if (pid == 0) {
        become(path, arguments, writer.get(), parent);
    }
    writer.reset();
    std::string output;
    const bool ended = read_until_end(reader.get(), output);
    if (!ended) {
        ::kill(pid, SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!ended) {
        return fail(ErrorKind::timed_out, path + " did not end in time");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == exit_not_there) {
        return fail(ErrorKind::unavailable, path + " is not installed");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(ErrorKind::invalid, path + ": " + output.substr(0, 1500));
    }
    return output;
}

} // namespace hameau::provisioning
