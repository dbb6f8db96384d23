// run_program: one program of the distribution, by absolute path, with a fixed environment and a deadline. No shell.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::provisioning {

/// What it wrote (both streams, at most 64 KiB are kept). Errors: unavailable when it is not there, timed_out,
/// invalid with its words when it ended with another code than 0.
Result<std::string> run_program(const std::string& path, std::vector<std::string> arguments);

} // namespace hameau::provisioning
