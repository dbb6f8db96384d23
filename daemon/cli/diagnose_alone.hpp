// Without the house: the command starts hameau-provision itself, as root, with the settings of the file. For the diagnosis of a house
// that does not answer, and for questions that need no house.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.hpp"

namespace hameau::cli {

/// What hameau-provision writes on standard error when it is called with these words (a verb, then name=value), with the settings of the
/// state's file. Errors: denied (not root), invalid (the settings have mistakes: the message says each with its line), io (its own words).
Result<std::string> provision_alone(const std::string& state, std::vector<std::string> words);

/// The lines of the verb diagnose (daemon/contract/diagnosis.hpp). `only`: ids of checks; empty: all. Errors: denied (not root), invalid
/// (the settings have mistakes: the message says each with its line), io.
Result<std::string> look_alone(const std::string& state, const std::vector<std::string>& only);

} // namespace hameau::cli
