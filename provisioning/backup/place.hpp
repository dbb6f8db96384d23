// Where and as whom a backup works. Filled in by hameau-provision's main and by tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>

namespace hameau::backup {

struct Place {
    std::string state;          ///< the state folder, without symbolic links
    std::string configuration;  ///< hameau.yaml, wherever it is
    std::string restic = "/usr/bin/restic";
    uid_t uid = 0;              ///< of restic; 0: as we are (a trial without root)
    std::int64_t (*now_s)() = nullptr;  ///< the wall's clock; null: the system's. For tests

    std::string folder() const { return state + "/backup"; }
    std::string staging() const { return folder() + "/staging"; }
    std::string scratch() const { return folder() + "/scratch"; }
};

} // namespace hameau::backup
