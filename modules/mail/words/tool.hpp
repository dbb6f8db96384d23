// One run of bogofilter or bogoutil in a sandbox: one folder, no other file of the mailboxes' uid, bounded time, memory and output.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::words {

struct ToolRun {
    std::string program;                 ///< absolute
    std::vector<std::string> arguments;
    std::string folder;                  ///< all that it may read and write, beside its own libraries
    int input = -1;                      ///< standard input, from its beginning; -1: nothing
    int output = -1;                     ///< standard output; -1: nowhere
};

/// Its exit code; -1: ended by a signal (also when its time was up). Errors: unavailable when it is not there or cannot be started.
Result<int> run_tool(const ToolRun& run);

} // namespace hameau::words
