// What a child does between fork and exec, for all that start programs: hameaud's children (daemon/supervisor/spawn), the
// helpers of modules (modules/support/helper), the tools of provisioning, `hameau import`. become() is the whole way; the single
// steps are for a process that goes on without exec, and for restic, which gets its sandbox in between. Each call is safe between fork
// and exec in a process that has threads: none of them allocates, but for exec_words. None returns an error: give_up_child ends the child.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hameau {

/// Says why on standard error, with the reason in errno, and ends the child with exit code 127.
[[noreturn]] void give_up_child(const char* what);

struct ChildFile {
    int from;  ///< changed to where it stands meanwhile
    int to;
};
/// A copy of the file far above those to be placed, so that none is overwritten before its turn; closed by exec. -1 for -1.
int lift_file(int fd);
/// Puts each file at its place (open across exec) and closes everything else from `first_closed` up. `files` may be in any
/// order and overlap; a `from` of -1 is left out.
void place_files(std::span<ChildFile> files, unsigned first_closed);
/// This uid and gid for good, these other groups and no more, and no new privileges (no_new_privs). Also for a process that goes on
/// without exec.
void drop_rights(uid_t uid, gid_t gid, std::span<const gid_t> groups);
/// Both limits of a resource (RLIMIT_CORE and its like).
void limit_child(int resource, std::uint64_t value);
/// Signals as a new program expects them: none blocked, SIGPIPE as by default.
void reset_signals();
/// `death_signal` when the parent dies; ends at once when it died before.
void die_with(pid_t parent, int death_signal);
/// execveat of the open `program`, or execve of `path` where that is -1.
[[noreturn]] void exec_program(int program, const char* path, char* const* arguments, char* const* environment);

/// What a child is to become. The pointers and spans live as long as the child needs them: until exec.
struct ChildStart {
    enum class Group { of_parent, own, own_session };

    std::span<ChildFile> files;
    unsigned first_closed = 3;  ///< everything from here up is closed
    int program = -1;           ///< open (execveat); -1: `path` is looked up (execve)
    const char* path = "";
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    Group group = Group::of_parent;
    int nice = 0;                      ///< more than the parent's; a refusal is no error
    std::uint64_t open_files_max = 0;  ///< 0: as the parent
    const char* folder = nullptr;      ///< null: the parent's
    bool drop = false;                 ///< the next three, for good (drop_rights)
    uid_t uid = 0;
    gid_t gid = 0;
    std::span<const gid_t> groups = {};
    pid_t parent = 0;
    int death_signal = 0;              ///< what the child gets when the parent dies
    void (*last)(pid_t parent) = nullptr;  ///< called before exec, with everything in place
};
/// Everything between fork and exec, in the one order that works for all: the files first, because a later step may need none of the
/// parent's; the death signal after the change of uid, which forgets it.
[[noreturn]] void become(const ChildStart& start);

/// The texts as execve wants them, with the null pointer behind them; valid as long as `texts` is left alone. Allocates: called
/// before fork where there are threads.
std::vector<char*> exec_words(std::vector<std::string>& texts);

} // namespace hameau
