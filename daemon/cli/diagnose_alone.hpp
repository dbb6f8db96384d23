// The diagnosis of a house that does not answer: the command starts hameau-provision itself, as root, with the settings of the file.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::cli {

/// The lines of the verb diagnose (daemon/contract/diagnosis.hpp). `only`: ids of checks; empty: all. Errors: denied (not root), invalid
/// (the settings have mistakes: the message says each with its line), io.
Result<std::string> look_alone(const std::string& state, const std::vector<std::string>& only);

} // namespace hameau::cli
