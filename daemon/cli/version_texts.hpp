// What `hameau version --check` tells the person at the terminal, in French and English.
#pragma once

#include <string>

namespace hameau::cli {

/// No repository is configured.
std::string no_repository(bool english);
/// `published`: the date of the repository's list, as it says it.
std::string is_newest(const std::string& installed, const std::string& published, bool english);
/// The repository is behind: its newest version, and the one that is installed.
std::string is_older(const std::string& newest, const std::string& installed, bool english);
std::string is_newer(const std::string& newest, const std::string& installed, bool english);

} // namespace hameau::cli
