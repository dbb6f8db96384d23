// openat2(2) keeps the whole way below the folder; older kernels and strict containers get the weaker openat(2).
#include "daemon/base/open_regular.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hameau {

namespace {

constexpr int without_waiting = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/// No file: errno says why.
Fd open_strictly(int folder, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(without_waiting | flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

} // namespace

Result<Fd> open_below(int folder, const std::string& path, int flags) {
    Fd found = open_strictly(folder, path, flags);
    return found ? Result<Fd>(std::move(found)) : Result<Fd>(fail_errno(path));
}

Result<Fd> open_regular(int folder, const std::string& path) {
    Fd file = open_strictly(folder, path, 0);
    if (!file && (errno == ENOSYS || errno == EPERM)) {  // an old kernel or a container's filter
        file.reset(::openat(folder, path.c_str(), without_waiting));
    }
    if (!file) {
        return fail_errno(path);
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) {
        return fail_errno(path);
    }
    if (!S_ISREG(facts.st_mode)) {
        return fail(ErrorKind::invalid, path + " is no regular file");
    }
    return file;
}

} // namespace hameau
