// Whether this process belongs to a trial house: on this computer alone, without the internet. hameaud says it to each child.
#pragma once

#include <cstdlib>
#include <string_view>

namespace hameau {

/// HAMEAU_TRIAL is "1".
inline bool is_trial() {
    const char* const trial = std::getenv("HAMEAU_TRIAL");
    return trial != nullptr && std::string_view(trial) == "1";
}

} // namespace hameau
