// The verb `newest-version`: what the configured package repository offers. apt asks, reads and verifies; it is given one source
// and a state folder of its own, so that nobody else is asked and nothing of the machine's packages changes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "provisioning/limits.hpp"

namespace hameau::provisioning {

struct VersionQuestion {
    std::string repository;  ///< house.update_repository
    std::string keyring;     ///< absolute; whose signatures are believed
    std::string running;     ///< the version of this program, where no package is installed
    unsigned uid = 0;        ///< under which apt runs; 0: as we are
    std::chrono::milliseconds limit = version_limit;  ///< for all of it
    std::string root = {};                            ///< in front of the paths of apt's and dpkg's programs; for tests
    std::string scratch = "/tmp";                     ///< below it is the work folder
};
struct VersionAnswer {
    std::string installed;
    std::string newest;     ///< the repository's; may be older than `installed`
    std::string published;  ///< the date that the repository's signed list bears, as it says it
    bool newer = false;
};

/// Within the limit of the question. Errors: invalid (no https address, no release of Debian), not_found (no keyring, no package
/// there), unavailable (it does not answer, or its signature does not hold: in apt's words), timed_out.
Result<VersionAnswer> ask_newest_version(const VersionQuestion& question);
/// Lines "installed TAB ...", "newest TAB ...", "published TAB ...", "newer TAB 0|1".
std::string version_lines(const VersionAnswer& answer);

/// Whether apt can take it as the address of a source: https, and no character that means something to it.
bool is_repository_address(std::string_view text);
/// What `dpkg-query -f "State: ${db:Status-Abbrev} Version: ${Version}"` says is installed; empty: nothing, or its settings alone are left.
std::string installed_version(std::string_view said);
/// Removes the work folders that a killed run left: those of `uid` and ours, older than an hour.
void drop_left_folders(const std::string& scratch, unsigned uid);
/// The value of `key` in what apt-cache policy prints; empty: none, or "(none)".
std::string policy_value(std::string_view said, std::string_view key);
/// The first complaint of apt, on one line, without what a terminal would obey.
std::string first_complaint(std::string_view said);

} // namespace hameau::provisioning
