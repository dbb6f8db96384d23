// What the house can mend by itself: one row each. A repair does one thing that may be done again at any time; what loses something
// (a log, what somebody held back) asks first (`asks`). What hameaud has to do is asked of it by a line, and done behind our end.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

struct RepairPlace {
    const Machine& machine;
    std::vector<std::string> asked;  ///< of hameaud: "restart NAME", "engines", "certificates", "backup", "drill"
};

struct Repair {
    std::string_view id;  ///< of the check
    bool asks;            ///< only with --yes
    Status (*mend)(RepairPlace& place);
};
std::span<const Repair> all_repairs();
const Repair* repair_of(std::string_view id);

} // namespace hameau::diagnose
