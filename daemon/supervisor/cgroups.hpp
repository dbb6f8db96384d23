// Control groups (cgroup v2): one for each process of the house, below the unit's own, so that none takes the processor or the memory
// of the others. Used by hameaud alone, and only where systemd gave the unit its part of the tree (Delegate=); else, and where the kernel
// lacks a controller, all processes share what the unit has. Never an error: a house without control groups is a house.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"

namespace hameau::supervisor {

class Cgroups {
public:
    /// Nothing is grouped.
    Cgroups() = default;
    /// `group`: the unit's own group as an absolute path. Moves the calling process into the group "hameaud.own" below it, for a group that
    /// gives controllers away may hold no process (kernel, cgroup-v2, "no internal process constraint").
    /// `memory_bytes`: the machine's, of which each group may take a share.
    Cgroups(std::string group, std::uint64_t memory_bytes);

    /// The file that a process joins the group `name` by (write "0"); made when it is missing. Closed when there are no groups.
    /// A low share is for work that nobody waits for: backups, diagnosis.
    Fd open(std::string_view name, bool low_share) const;
    /// Removes the group of a service that is there no more; one that still holds processes stays.
    void forget(std::string_view name) const;
    bool active() const { return !group_.empty(); }

private:
    std::string group_;  ///< empty: not active
    std::uint64_t memory_bytes_ = 0;
};

/// The groups of this house: those of the unit when `word` (HAMEAU_CGROUPS) is "delegated" and the kernel has one tree (v2).
Cgroups delegated_cgroups(std::string_view word);
/// The path within the tree in the text of /proc/self/cgroup ("0::/system.slice/hameau.service"); empty when it is not the one of v2.
std::string_view own_group(std::string_view text);

} // namespace hameau::supervisor
