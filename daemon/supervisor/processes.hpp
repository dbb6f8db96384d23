// What /proc tells of a process and those below it: memory for the status, processor time and wake-ups for the energy page. No process is
// asked, so none wakes for it. The folder of /proc is a parameter for tests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>

#include "daemon/contract/energy.hpp"

namespace hameau::supervisor {

/// The parent of each process of the machine.
std::map<pid_t, pid_t> parents_of_all(const std::string& proc = "/proc");

/// What an engine or an external module uses: its main process and its descendants.
struct TreeMemory {
    std::uint64_t kb = 0;
    bool proportional = true;  ///< PSS; else resident memory, which counts shared pages in each process
};
TreeMemory memory_of(const std::map<pid_t, pid_t>& parents, pid_t root);

/// What `root` and its living descendants have used, with the processor time of those that they have waited for. Wake-ups: of the living
/// ones. `bytes`: false where the kernel does not let us read them (another user's process, without CAP_SYS_PTRACE); they are 0 then.
struct TreeUse {
    energy::Use use;
    bool bytes = true;
};
TreeUse use_of(const std::map<pid_t, pid_t>& parents, pid_t root, const std::string& proc = "/proc");

/// Of a process that has ended, with those that it has waited for (wait4(2), getrusage(2)).
energy::Use use_of(const rusage& spent);

} // namespace hameau::supervisor
