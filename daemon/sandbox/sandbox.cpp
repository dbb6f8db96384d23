// seccomp lists by need; Landlock is in confine_files.
#include "daemon/sandbox/sandbox.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/confine_files.hpp"

namespace hameau {

namespace {

/// What every process of ours needs: memory, files it may name, sockets it has, time, its own signals.
constexpr std::array common_calls = {
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "close", "close_range", "openat", "openat2",
    "open", "fstat", "newfstatat", "stat", "lstat", "statx", "statfs", "fstatfs", "lseek", "mmap", "munmap", "mprotect",
    "brk", "mremap", "madvise", "msync", "futex", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "recvmsg", "recvfrom",
    "recvmmsg", "sendmsg", "sendto", "sendmmsg", "accept", "accept4", "connect", "bind", "listen", "getsockopt",
    "setsockopt", "getsockname", "getpeername", "shutdown", "socketpair", "pipe", "pipe2", "fcntl", "ioctl", "poll",
    "ppoll", "select", "pselect6", "getpid", "getppid", "gettid", "tgkill", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "getrandom", "getrusage", "prlimit64", "getrlimit", "uname", "sysinfo", "getuid", "geteuid",
    "getgid", "getegid", "getgroups", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
    "rmdir", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "syncfs", "sync_file_range", "chmod", "fchmod",
    "fchmodat", "fchown", "fchownat", "link", "linkat", "symlinkat", "getdents64", "access", "faccessat", "faccessat2",
    "flock", "getcwd", "chdir", "fchdir", "readlink", "readlinkat", "utimensat", "exit", "exit_group",
    "restart_syscall", "rseq", "set_robust_list", "get_robust_list", "set_tid_address", "membarrier", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sendfile", "copy_file_range", "splice", "dup", "dup2",
    "dup3", "memfd_create", "umask", "prctl", "arch_prctl", "getcpu", "fadvise64", "readahead", "times"};

constexpr std::array fork_calls = {"execve", "execveat", "wait4",    "waitid",      "kill",     "vfork",
                                   "fork",   "clone",    "clone3",   "pidfd_open",  "setrlimit", "landlock_create_ruleset",
                                   "landlock_add_rule", "landlock_restrict_self", "seccomp", "setpgid", "setsid",
                                   "getpriority", "setpriority"};  // a helper lets everybody else go first

bool allow(scmp_filter_ctx filter, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    // A call that this architecture has not (open on arm64, say) needs no rule.
    return number < 0 || seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0;
}

Status fill(scmp_filter_ctx filter, const SandboxPlan& plan) {
    bool good = true;
    for (const char* name : common_calls) {
        good = good && allow(filter, name);
    }
    if (plan.fork) {
        for (const char* name : fork_calls) {
            good = good && allow(filter, name);
        }
    } else if (plan.threads) {
        // Threads only; clone3 hides its flags in memory, so glibc is sent back to clone.
        good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                        SCMP_A0(SCMP_CMP_MASKED_EQ, 0x00010000, 0x00010000)) == 0;
        good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
    }
    if (plan.asks_clock) {
        good = good && allow(filter, "adjtimex") && allow(filter, "clock_adjtime");
    }
    if (plan.internet) {
        good = good && allow(filter, "socket");
    } else {
        good = good && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                        SCMP_A0(SCMP_CMP_EQ, AF_UNIX)) == 0;
    }
    if (!good) {
        return fail(ErrorKind::unavailable, "the list of system calls could not be made");
    }
    return {};
}

Status enter_seccomp(const SandboxPlan& plan) {
    const std::uint32_t otherwise = plan.violation == Violation::kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
    const scmp_filter_ctx filter = seccomp_init(otherwise);
    if (filter == nullptr) {
        return fail(ErrorKind::unavailable, "seccomp is not available");
    }
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    Status done = fill(filter, plan);
    if (done && seccomp_load(filter) != 0) {
        done = fail(ErrorKind::unavailable, "the kernel refused the seccomp filter");
    }
    seccomp_release(filter);
    return done;
}

} // namespace

SandboxPlan sandbox_for(const Manifest& manifest, const ChildEnvironment& environment) {
    SandboxPlan plan;
    plan.internet = manifest.sandbox.outbound_network;
    plan.fork = manifest.sandbox.may_fork;
    plan.threads = manifest.sandbox.threads;
    if (environment.settings.has("house.sandbox")) {
        const std::string& mode = environment.settings.text("house.sandbox");
        plan.violation = mode == "kill" ? Violation::kill : mode == "off" ? Violation::off : Violation::refuse;
    }
    const auto place = [&environment](std::string_view path) {
        return path.starts_with("state:") ? environment.state_folder + "/" + std::string(path.substr(6))
                                          : std::string(path);
    };
    plan.writes.push_back(environment.state_folder + "/" + std::string(manifest.name));
    plan.reads = {"/proc/self", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom", "/sys/devices/system/cpu"};
    plan.writes.push_back("/dev/null");
    if (plan.fork) {
        for (const char* folder : {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload"}) {
            plan.reads.emplace_back(folder);
        }
        // Helper programs that hameaud lent: reached by their descriptor, even in a home that this uid cannot enter.
        for (const auto& [name, fd] : environment.listeners) {
            if (name != manifest.name) {
                plan.reads.push_back("/proc/self/fd/" + std::to_string(fd.get()));
            }
        }
    }
    for (const std::string_view path : manifest.sandbox.reads) {
        plan.reads.push_back(place(path));
    }
    for (const std::string_view path : manifest.sandbox.writes) {
        plan.writes.push_back(place(path));
    }
    return plan;
}

Status enter_sandbox(const SandboxPlan& plan) {
    if (plan.violation == Violation::off) {
        return {};
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail_errno("no_new_privs");
    }
    confine_files(plan.reads, plan.writes, plan.files_below);
    return enter_seccomp(plan);
}

std::vector<std::string> available_walls() {
    std::vector<std::string> walls;
    if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0) {
        walls.emplace_back("seccomp");
    }
    if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0) {
        walls.emplace_back("landlock");
    }
    return walls;
}

} // namespace hameau
