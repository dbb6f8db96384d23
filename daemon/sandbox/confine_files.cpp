// Landlock by hand: three system calls, no library in Debian 12.
#include "daemon/sandbox/confine_files.hpp"

#include <cstdint>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"

namespace hameau {

namespace {

constexpr std::uint64_t file_reads = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t all_reads = file_reads | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t file_writes = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t all_writes = file_writes | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

void allow_path(int ruleset, const std::string& path, std::uint64_t access) {
    const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        return;
    }
    landlock_path_beneath_attr rule{};
    rule.allowed_access = S_ISDIR(facts.st_mode) ? access : access & (file_reads | file_writes);
    rule.parent_fd = fd.get();
    ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

} // namespace

void confine_files(const std::vector<std::string>& reads, const std::vector<std::string>& writes, const std::vector<std::string>& files_below) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = all_reads | all_writes | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK;
    // Since its second version Landlock can allow a rename from one folder to another; the first never does.
    std::uint64_t write_access = all_writes;
    if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2) {
        attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
        write_access |= LANDLOCK_ACCESS_FS_REFER;
    }
    const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!ruleset) {
        return;
    }
    for (const std::string& path : reads) {
        allow_path(ruleset.get(), path, all_reads);
    }
    for (const std::string& path : files_below) {
        allow_path(ruleset.get(), path, LANDLOCK_ACCESS_FS_READ_FILE);
    }
    for (const std::string& path : writes) {
        allow_path(ruleset.get(), path, all_reads | write_access);
    }
    ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0);
}

} // namespace hameau
