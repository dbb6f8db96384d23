// Drop order in the child: files, setgroups, setresgid, setresuid, no_new_privs, death signal, exec.
#include "daemon/supervisor/spawn.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

constexpr int first_listen_fd = 3;

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

/// Where each file of the plan stands in the child, and the variables that say so; `next` is the first free place.
std::vector<ChildFile> files_of(const SpawnPlan& plan, std::vector<std::string>& environment, int& next) {
    const int output = plan.output >= 0 ? plan.output : plan.errors;
    const int input = plan.input >= 0 ? plan.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    std::vector<ChildFile> files = {{plan.errors, STDERR_FILENO}, {output, STDOUT_FILENO}, {input, STDIN_FILENO}};
    next = first_listen_fd;
    std::string names;
    for (const auto& [name, fd] : plan.listeners) {
        files.push_back({fd, next++});
        names.append(names.empty() ? "" : ":").append(name);
    }
    if (!plan.listeners.empty()) {
        environment.push_back("LISTEN_FDS=" + std::to_string(plan.listeners.size()));
        environment.push_back("LISTEN_PID=" + std::to_string(::getpid()));
        environment.push_back("LISTEN_FDNAMES=" + names);
    }
    if (plan.settings >= 0) {
        // An own open file description: the position of the parent's one is not shared.
        const std::string path = "/proc/self/fd/" + std::to_string(plan.settings);
        const int fresh = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fresh < 0) {
            give_up_child("opening the settings");
        }
        files.push_back({fresh, next});
        environment.push_back("HAMEAU_SETTINGS_FD=" + std::to_string(next++));
    }
    if (plan.control >= 0) {
        files.push_back({plan.control, next});
        environment.push_back("HAMEAU_CONTROL_FD=" + std::to_string(next++));
    }
    return files;
}

[[noreturn]] void become_service(const SpawnPlan& plan, pid_t parent) {
    if (plan.cgroup >= 0 && ::write(plan.cgroup, "0", 1) != 1) {
        std::perror("hameaud: joining the control group");  // a limit less; the service is worth more
    }
    std::vector<std::string> environment = plan.environment;
    int next = 0;
    std::vector<ChildFile> files = files_of(plan, environment, next);
    std::vector<std::string> arguments = plan.arguments;
    const std::vector<char*> argument_words = exec_words(arguments);
    const std::vector<char*> environment_words = exec_words(environment);
    become({.files = files,
                    .first_closed = static_cast<unsigned>(next),
                    .program = plan.program,
                    .path = plan.program >= 0 ? plan.name.c_str() : plan.program_path.c_str(),
                    .arguments = argument_words.data(),
                    .environment = environment_words.data(),
                    .group = plan.own_session ? ChildStart::Group::own_session : ChildStart::Group::own,
                    .nice = plan.nice,
                    .open_files_max = plan.open_files_max,
                    .folder = plan.folder.c_str(),
                    .drop = plan.drop,
                    .uid = plan.uid,
                    .gid = plan.gid,
                    .groups = plan.groups,
                    .parent = parent,
                    .death_signal = plan.death_signal,
                    .last = plan.guarded ? start_guard : nullptr});
}

} // namespace

Result<pid_t> spawn(const SpawnPlan& plan) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("starting " + plan.name);
    }
    if (pid == 0) {
        become_service(plan, parent);
    }
    return pid;
}

} // namespace hameau::supervisor
