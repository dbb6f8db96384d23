// Drop order in the child: files, setgroups, setresgid, setresuid, no_new_privs, death signal, exec.
#include "daemon/supervisor/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/io.hpp"

namespace hameau::supervisor {

namespace {

constexpr int first_listen_fd = 3;
constexpr int guard_wait_term_ms = 3000;
constexpr int guard_wait_kill_ms = 300;

/// In the child: nothing here may allocate after a failure; the message goes straight to standard error.
[[noreturn]] void give_up(const char* what) {
    const char* reason = ::strerror(errno);
    for (const char* text : {"<3>hameaud cannot start a child: ", what, ": ", reason, "\n"}) {
        [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text, std::strlen(text));
    }
    ::_exit(127);
}

/// Moves fds out of the way first, so that dup2 never overwrites one that is still to be placed.
int lift(int fd) {
    if (fd < 0) {
        return -1;
    }
    const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, 200);
    if (high < 0) {
        give_up("moving a file");
    }
    return high;
}

void place(int from, int to) {
    if (::dup2(from, to) < 0) {
        give_up("placing a file");
    }
}

void limit(decltype(RLIMIT_CORE) what, rlim_t value) {
    const rlimit both{value, value};
    if (::setrlimit(what, &both) != 0) {
        give_up("setrlimit");
    }
}

void drop_rights(const SpawnPlan& plan) {
    if (::setgroups(plan.groups.size(), plan.groups.data()) != 0) {
        give_up("setgroups");
    }
    if (::setresgid(plan.gid, plan.gid, plan.gid) != 0 || ::setresuid(plan.uid, plan.uid, plan.uid) != 0) {
        give_up("setresuid");
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up("no_new_privs");
    }
}

/// Sleeps until hameaud or the engine ends. After hameaud the engine's group is ended, this process with it.
[[noreturn]] void guard(pid_t parent, pid_t engine) {
    ::prctl(PR_SET_NAME, "hameau-guard");
    const auto parent_fd = static_cast<int>(::syscall(SYS_pidfd_open, parent, 0));
    const auto engine_fd = static_cast<int>(::syscall(SYS_pidfd_open, engine, 0));
    pollfd ends[] = {{parent_fd, POLLIN, 0}, {engine_fd, POLLIN, 0}};
    while (::poll(ends, 2, -1) < 0 && errno == EINTR) {
    }
    if (ends[1].revents == 0) {
        ::signal(SIGTERM, SIG_IGN);
        ::kill(-engine, SIGTERM);
        ::poll(&ends[1], 1, guard_wait_term_ms);
        // Postfix's postlogd puts its end off: it was asked.
        ::poll(nullptr, 0, guard_wait_kill_ms);
        ::kill(-engine, SIGKILL);
    }
    ::_exit(0);
}

/// Forked twice: hameaud, the next subreaper, is its parent. The engine would not know what to make of a child.
void start_guard(pid_t parent) {
    const pid_t engine = ::getpid();
    const pid_t between = ::fork();
    if (between == 0) {
        if (::fork() == 0) {
            ::syscall(SYS_close_range, 0, ~0U, 0);
            guard(parent, engine);
        }
        ::_exit(0);
    }
    if (between > 0) {
        ::waitpid(between, nullptr, 0);
    }
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

[[noreturn]] void become(const SpawnPlan& plan, pid_t parent) {
    const int program = lift(plan.program);
    std::vector<int> listeners;
    for (const auto& [name, fd] : plan.listeners) {
        listeners.push_back(lift(fd));
    }
    const int settings = lift(plan.settings);
    const int control = lift(plan.control);
    const int errors = lift(plan.errors);
    const int output = plan.output >= 0 ? lift(plan.output) : errors;
    const int input = plan.input >= 0 ? lift(plan.input) : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (errors >= 0) {
        place(errors, STDERR_FILENO);
    }
    if (output >= 0) {
        place(output, STDOUT_FILENO);
    }
    place(input, STDIN_FILENO);
    std::vector<std::string> environment = plan.environment;
    int next = first_listen_fd;
    std::string names;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        place(listeners[i], next++);
        names += (i == 0 ? "" : ":") + plan.listeners[i].first;
    }
    if (!listeners.empty()) {
        environment.push_back("LISTEN_FDS=" + std::to_string(listeners.size()));
        environment.push_back("LISTEN_PID=" + std::to_string(::getpid()));
        environment.push_back("LISTEN_FDNAMES=" + names);
    }
    if (settings >= 0) {
        // An own open file description: the position of the parent's one is not shared.
        const std::string path = "/proc/self/fd/" + std::to_string(settings);
        const int fresh = ::open(path.c_str(), O_RDONLY);
        if (fresh < 0) {
            give_up("opening the settings");
        }
        place(fresh, next);
        environment.push_back("HAMEAU_SETTINGS_FD=" + std::to_string(next++));
    }
    if (control >= 0) {
        place(control, next);
        environment.push_back("HAMEAU_CONTROL_FD=" + std::to_string(next++));
    }
    ::syscall(SYS_close_range, next, 199, 0);
    if (plan.own_session) {
        ::setsid();
    } else {
        ::setpgid(0, 0);
    }
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, plan.open_files_max);
    if (::chdir(plan.folder.c_str()) != 0) {
        give_up(plan.folder.c_str());
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (plan.drop) {
        drop_rights(plan);
    }
    ::prctl(PR_SET_PDEATHSIG, plan.death_signal);
    if (::getppid() != parent) {
        ::_exit(0);
    }
    if (plan.guarded) {
        start_guard(parent);
    }
    std::vector<std::string> arguments = plan.arguments;
    if (program >= 0) {
        ::syscall(SYS_execveat, program, "", pointers(arguments).data(), pointers(environment).data(), AT_EMPTY_PATH);
    } else {
        ::execve(plan.program_path.c_str(), pointers(arguments).data(), pointers(environment).data());
    }
    give_up(plan.name.c_str());
}

} // namespace

Result<pid_t> spawn(const SpawnPlan& plan) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("starting " + plan.name);
    }
    if (pid == 0) {
        become(plan, parent);
    }
    return pid;
}

} // namespace hameau::supervisor
