// What is particular to engines (Postfix, Dovecot): they fork a group of their own, and leave files that name a pid.
#pragma once

#include <string>
#include <sys/types.h>

namespace hameau::supervisor {

/// Whether the process has a handler for the signal (SigCgt of /proc/PID/status).
bool catches(pid_t pid, int signal);

enum class Patience { short_after_a_crash, long_after_a_stop };

/// Ends every process of the session that `leader` led: asks, waits a moment, kills. Call while the leader is still a
/// zombie, so that its number cannot belong to anybody else. When it returns, the group's ports are free.
void end_group(pid_t leader, Patience patience);

/// Before a start: an engine of the same state that outlived its hameaud (named by pid_file, working in `folder`) is
/// ended with its group, and the file removed: Dovecot refuses to start when the pid in it lives, whosever it is now.
void clear_stale_engine(const std::string& pid_file, const std::string& folder);

} // namespace hameau::supervisor
