// The child's side of hameaud's contract: what it was given, how it says what it does.
// Used by the gate, every module's host and hameau-admin. The parent's side is daemon/supervisor/contract.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/message.hpp"
#include "daemon/base/result.hpp"
#include "daemon/child/limits.hpp"
#include "daemon/settings/settings.hpp"

namespace hameau {

/// What hameaud handed over; taken out of the environment so that no grandchild inherits it.
struct ChildEnvironment {
    std::multimap<std::string, Fd> listeners;  ///< by LISTEN_FDNAMES; one name may stand for several addresses
    Settings settings;
    std::string state_folder;             ///< absolute
    std::string role;
    std::map<std::string, uid_t> uids;    ///< role -> uid, for peer checks
    Fd control;
};

/// Reads and unsets LISTEN_*, HAMEAU_*. Errors: invalid when not started by hameaud.
Result<ChildEnvironment> take_child_environment();

/// sd_notify(3): lines such as "READY=1". Opens the socket at the first call (make it before the sandbox).
/// Without NOTIFY_SOCKET it does nothing.
void notify(std::string_view lines);

/// How a child ends whose database a newer Hameau, or another program, wrote: nothing was changed, and another try says
/// the same. Before the house was ready hameaud ends with it too, and hameau.service lets it rest (RestartPreventExitStatus).
inline constexpr int exit_state_refused = 79;

/// What this process uses.
struct Usage {
    std::uint64_t pss_kb = 0;   ///< /proc/self/smaps_rollup
    std::uint64_t cpu_ms = 0;   ///< user + system
    std::uint64_t wakeups = 0;  ///< voluntary context switches
    std::uint64_t read_bytes = 0;     ///< of the disk
    std::uint64_t written_bytes = 0;
};
Usage measure_usage();
/// The answer to a `report` message.
Message usage_message(const Message& question);

} // namespace hameau
