// Each check runs in a process of its own: one that hangs (a disk that does not answer, a program that waits) or crashes takes nothing
// with it, and is told as "cannot know".
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

struct RunBounds {
    std::chrono::milliseconds budget = run_budget;  ///< of all together; what has not begun by then is "late"
    std::size_t at_once = checks_at_once;
};

/// In the order of `checks`. Takes no longer than the budget, whatever the checks do.
std::vector<diagnosis::Finding> run_checks(const Machine& machine, std::span<const Check> checks, const RunBounds& bounds = {});

} // namespace hameau::diagnose
