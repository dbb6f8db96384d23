// Who may read what of the state: the check and the repair go by the same list.
#pragma once

#include <string>
#include <vector>

#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

struct WrongFolder {
    std::string path;  ///< absolute
    unsigned uid;
    unsigned gid;
    unsigned mode;
};
/// Folders of daemon/contract/state_folders.hpp that are there with another owner or mode. Without root nobody has a uid of its own:
/// then only modes count.
std::vector<WrongFolder> wrong_folders(const Machine& machine);

struct OpenSecret {
    std::string path;  ///< absolute
    unsigned mode;     ///< what it should be
};
/// Files with keys, passwords or hashes that people of this machine without a right can read or write.
std::vector<OpenSecret> open_secrets(const Machine& machine);

} // namespace hameau::diagnose
