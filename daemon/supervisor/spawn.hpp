// spawn: fork and exec of one child with exactly what it may have: files, uid, environment, limits.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::supervisor {

struct SpawnPlan {
    std::string name;                 ///< for errors
    int program = -1;                 ///< opened before any drop of rights (a private home must work)
    std::string program_path;         ///< instead of `program`, for engines and scripts
    std::vector<std::string> arguments;
    std::vector<std::string> environment;          ///< NAME=value; nothing is inherited
    std::vector<std::pair<std::string, int>> listeners;  ///< name, fd: become 3, 4, ...
    int settings = -1;
    int control = -1;
    int input = -1;                   ///< standard input, else /dev/null
    int output = -1;                  ///< standard output, else as `errors`
    int errors = -1;                  ///< standard error
    int cgroup = -1;                  ///< cgroup.procs of the control group that it joins; -1: hameaud's
    std::string folder = "/";
    bool drop = false;                ///< to uid/gid/groups, with no_new_privs
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    int death_signal = 9;             ///< what it gets when hameaud dies
    bool own_session = false;         ///< Postfix's master wants to lead one
    bool guarded = false;             ///< a small process in its session ends the group when hameaud dies
    unsigned open_files_max = 8192;
    int nice = 0;                     ///< more than hameaud's own, by nice(2)
};

/// The pid. Errors: io when fork fails; an exec that fails shows as exit code 127 with a line on standard error.
Result<pid_t> spawn(const SpawnPlan& plan);

} // namespace hameau::supervisor
