// run_program: one program of the distribution, by absolute path, with a fixed environment and a deadline. No shell.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::provisioning {

struct ProgramRun {
    std::string path;                       ///< absolute; or "" with `program`
    int program = -1;                       ///< an open program instead of `path`
    std::vector<std::string> arguments;
    std::vector<std::string> environment;   ///< NAME=value, beside PATH and LC_ALL
    int input = -1;                         ///< standard input; -1: nothing
    int kept_file = -1;                     ///< is file 3 of the program; -1: none
    unsigned uid = 0;                       ///< and gid, without other groups or new privileges; 0: as we are
    std::chrono::milliseconds deadline{40000};
    std::size_t kept_bytes = 0;             ///< of what it writes; 0: 64 KiB
};
/// What it wrote (both streams, as much as was to be kept), and how it ended.
struct ProgramEnd {
    std::string output;
    int exit_code = 0;  ///< -1: by a signal
};
/// Errors: unavailable when it is not there, timed_out (it and what it started are ended).
Result<ProgramEnd> run_to_end(ProgramRun run);

/// What it wrote (both streams, at most 64 KiB are kept). Errors: unavailable when it is not there, timed_out,
/// invalid with its words when it ended with another code than 0.
Result<std::string> run_program(const std::string& path, std::vector<std::string> arguments);

} // namespace hameau::provisioning
