// The verbs "diagnose" and "diagnosis": one run of the checks or of a repair, and what the last run found. Called by hameau-provision as
// root. Answers are lines on standard error (daemon/contract/diagnosis.hpp), and besides:
//   "mended TAB ID" or "not_mended TAB ID TAB WHY": what became of a repair;
//   "ask TAB WHAT [TAB NAME]": what hameaud has to do behind our end;
//   "worse TAB IDS": of the nightly run, for the journal; "mail TAB WHY": the mail to the admin could not be sent.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "provisioning/diagnose/system.hpp"

namespace hameau::diagnose {

struct Wish {
    bool nightly = false;
    bool alone = false;             ///< no hameaud: nothing is written
    std::vector<std::string> only;  ///< ids; empty: all
    std::string repair;             ///< an id; empty: nothing is changed
    bool yes = false;               ///< for repairs that ask
};

/// Errors: invalid (an id that is not known), denied (a repair that asks, without yes), io (the state cannot be written).
Status diagnose(House house, const Wish& wish);
/// Prints STATE/diagnosis/state.
Status print_diagnosis(const std::string& state);

} // namespace hameau::diagnose
