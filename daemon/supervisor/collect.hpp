// Reads what a short-lived child writes, and waits for its end. Called by hameaud for hameau-check and hameau-provision.
// The child is not trusted: both pipes are read as they fill, the bytes are bounded, and one deadline covers everything.
#pragma once

#include <string>
#include <sys/types.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::supervisor {

struct Collected {
    std::string output;
    std::string errors;
    int wait_status = 0;

    /// It exited by itself, with code 0.
    bool good() const;
};

/// Takes what the child writes into both pipes (either may be empty) until it ended, and reaps it. A child that is too
/// slow or writes more than `bytes_max` into one pipe is killed with its process group. A grandchild that keeps a pipe
/// open cannot hold hameaud: the child's own end is what counts.
/// Errors: timed_out, too_large.
Result<Collected> collect(pid_t pid, Fd output, Fd errors, std::size_t bytes_max, Duration deadline);

} // namespace hameau::supervisor
