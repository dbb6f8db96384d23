// The sandbox that a process enters by itself, after it opened what it needs and before it reads an untrusted byte:
// no_new_privs, Landlock where the kernel has it, a seccomp allow-list. uid and rlimits were set by hameaud before.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/child/child.hpp"
#include "daemon/contract/manifest.hpp"

namespace hameau {

enum class Violation { refuse, kill, off };

struct SandboxPlan {
    bool internet = false;  ///< may make sockets other than AF_UNIX
    bool fork = false;      ///< may start programs
    bool threads = false;
    Violation violation = Violation::refuse;
    std::vector<std::string> reads;   ///< absolute paths, files or folders
    std::vector<std::string> writes;  ///< likewise; read and write
    std::vector<std::string> files_below;  ///< folders whose files may be read, also files that are put there later
    bool asks_clock = false;  ///< may ask whether the clock is set (clock_adjtime, which changes nothing without CAP_SYS_TIME)
};

/// The plan for a module, from its manifest and the setting house.sandbox.
SandboxPlan sandbox_for(const Manifest& manifest, const ChildEnvironment& environment);
/// Errors: unavailable when seccomp cannot be installed. A kernel without Landlock is no error.
Status enter_sandbox(const SandboxPlan& plan);
/// "seccomp" and "landlock" where this kernel has them, for the status page.
std::vector<std::string> available_walls();

} // namespace hameau
