// The machine that is there. What strangers say (the DNS, another server) is read by a child under the uid hameau-acme, a module's database
// by one under the module's uid (database.hpp).
#pragma once

#include <memory>

#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

struct House {
    const Settings& settings;
    std::string state;
    std::string binaries;
    bool root = false;
    bool trial = false;
    unsigned stranger_uid = 0;  ///< 0: as we are
    std::vector<ServiceFacts> services = {};
    std::vector<std::pair<std::string, std::string>> missing = {};
    std::vector<std::string> walls = {};  ///< as hameaud found them: "landlock", "seccomp"
};

std::unique_ptr<Machine> make_system(House house);

} // namespace hameau::diagnose
