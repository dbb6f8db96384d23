// What a child does between fork and exec, for all that start programs: hameaud's children (daemon/supervisor/spawn), the
// helpers of modules (modules/support/helper), the tools of provisioning, `hameau import`. become() is the whole way; the single
// steps are for a process that goes on without exec, and for restic, which gets its sandbox in between. Each call is safe between fork
// and exec in a process that has threads: none of them allocates, but for exec_words. None returns an error: give_up_child ends the child.
#pragma once

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
/// Signals as a new program expects them: none blocked, SIGPIPE as by default.
void reset_signals();
/// `death_signal` when the parent dies; ends at once when it died before.
void die_with(pid_t parent, int death_signal);
/// execveat of the open `program`, or execve of `path` where that is -1.
[[noreturn]] void exec_program(int program, const char* path, char* const* arguments, char* const* environment);

/// The texts as execve wants them, with the null pointer behind them; valid as long as `texts` is left alone. Allocates: called
/// before fork where there are threads.
std::vector<char*> exec_words(std::vector<std::string>& texts);

} // namespace hameau
