// Order: limits, no_new_privs, Landlock where the kernel has it, seccomp. Nothing untrusted was read before.
#include "daemon/sandbox/helper_jail.hpp"

#include <array>
#include <csignal>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/limits.hpp"

namespace hameau {

namespace {

constexpr std::array allowed_calls = {
    "read", "write", "readv", "writev", "pread64", "lseek", "openat", "fstat", "newfstatat", "statx", "close",
    "renameat", "renameat2", "unlinkat", "ftruncate", "fchmod", "mmap", "munmap", "mremap", "mprotect", "brk",
    "madvise", "futex", "getrandom", "clock_gettime", "gettimeofday", "time", "getpid", "gettid", "getuid", "geteuid",
    "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "fcntl", "poll", "restart_syscall",
    "rseq", "exit", "exit_group", "fadvise64", "sched_yield", "umask"};

/// A sanitizer reserves terabytes of address space: memory cannot be limited under it.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_limited = false;
#else
constexpr bool memory_limited = true;
#endif

bool limit(decltype(RLIMIT_CORE) what, std::uint64_t value) {
    rlimit both{};
    if (::getrlimit(what, &both) != 0) {
        return false;
    }
    both.rlim_cur = both.rlim_max = std::min<rlim_t>(value, both.rlim_max);
    return ::setrlimit(what, &both) == 0;
}

/// -1 for `folder`: nothing to allow.
bool allow_below(int ruleset, int folder, std::uint64_t access) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = folder;
    return folder < 0 || ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

void enter_landlock(int folder, int readable) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
        LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
        LANDLOCK_ACCESS_FS_MAKE_BLOCK;
    const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!ruleset) {
        return;
    }
    constexpr std::uint64_t all = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
    if (allow_below(ruleset.get(), folder, all) && allow_below(ruleset.get(), readable, LANDLOCK_ACCESS_FS_READ_FILE)) {
        ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0);
    }
}

Status enter_seccomp() {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool good = filter != nullptr;
    for (const char* name : allowed_calls) {
        const int number = seccomp_syscall_resolve_name(name);
        good = good && (number < 0 || seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0);
    }
    good = good && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good ? Status{} : Status(fail(ErrorKind::unavailable, "seccomp is not available"));
}

} // namespace

Status enter_jail(int folder, const JailLimits& limits, int readable) {
    bool good = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, limits.file_bytes) &&
                limit(RLIMIT_CPU, limits.cpu_seconds) && limit(RLIMIT_NOFILE, helper_descriptors_max);
    if (memory_limited) {
        good = good && limit(RLIMIT_AS, limits.memory_bytes);
    }
    // Over RLIMIT_FSIZE a write fails with an error that is reported, instead of a signal.
    ::signal(SIGXFSZ, SIG_IGN);
    if (!good || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail_errno("limiting the helper");
    }
    enter_landlock(folder, readable);
    return enter_seccomp();
}

} // namespace hameau
