// The steps between fork and exec, each one system call or two. No memory is allocated here: another thread may hold the allocator's lock.
#include "daemon/base/exec.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/limits.hpp"

namespace hameau {

namespace {
constexpr int exit_not_started = 127;
} // namespace

void give_up_child(const char* what) {
    const char* reason = ::strerror(errno);
    for (const char* text : {"<3>cannot start a child: ", what, ": ", reason, "\n"}) {
        [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text, std::strlen(text));
    }
    ::_exit(exit_not_started);
}

int lift_file(int fd) {
    if (fd < 0) {
        return -1;
    }
    const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, lifted_descriptor_min);
    if (high < 0) {
        give_up_child("moving a file");
    }
    return high;
}

void place_files(std::span<ChildFile> files, unsigned first_closed) {
    for (ChildFile& file : files) {
        file.from = lift_file(file.from);
    }
    for (const ChildFile& file : files) {
        if (file.from >= 0 && ::dup2(file.from, file.to) < 0) {
            give_up_child("placing a file");
        }
    }
    // What was lifted is closed by exec.
    ::syscall(SYS_close_range, first_closed, static_cast<unsigned>(lifted_descriptor_min - 1), 0u);
}

void drop_rights(uid_t uid, gid_t gid, std::span<const gid_t> groups) {
    if (::setgroups(groups.size(), groups.data()) != 0) {
        give_up_child("setgroups");
    }
    if (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) {
        give_up_child("setresuid");
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up_child("no_new_privs");
    }
}

void limit_child(int resource, std::uint64_t value) {
    const rlimit both{value, value};
    if (::setrlimit(static_cast<decltype(RLIMIT_CORE)>(resource), &both) != 0) {
        give_up_child("setrlimit");
    }
}

void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
}

void die_with(pid_t parent, int death_signal) {
    ::prctl(PR_SET_PDEATHSIG, death_signal);
    if (::getppid() != parent) {
        ::_exit(0);
    }
}

void exec_program(int program, const char* path, char* const* arguments, char* const* environment) {
    if (program >= 0) {
        ::syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    } else {
        ::execve(path, arguments, environment);
    }
    give_up_child(path);
}

void become(const ChildStart& start) {
    const int program = lift_file(start.program);
    place_files(start.files, start.first_closed);
    if (start.group == ChildStart::Group::own_session) {
        ::setsid();
    } else if (start.group == ChildStart::Group::own) {
        ::setpgid(0, 0);
    }
    if (start.nice != 0) {
        [[maybe_unused]] const int now = ::nice(start.nice);  // systemd may forbid it
    }
    limit_child(RLIMIT_CORE, 0);  // a core file would hold secrets
    if (start.open_files_max != 0) {
        limit_child(RLIMIT_NOFILE, start.open_files_max);
    }
    if (start.folder != nullptr && ::chdir(start.folder) != 0) {
        give_up_child(start.folder);
    }
    reset_signals();
    if (start.drop) {
        drop_rights(start.uid, start.gid, start.groups);
    }
    die_with(start.parent, start.death_signal);
    if (start.last != nullptr) {
        start.last(start.parent);
    }
    exec_program(program, start.path, start.arguments, start.environment);
}

std::vector<char*> exec_words(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

} // namespace hameau
