// What `hameau trial` tells the person who started it, in French and English. Called by trial.cpp alone; prints nothing.
#pragma once

#include <string>

namespace hameau::cli {

struct TrialHints {
    double seconds = 0;
    std::string http_port;
    std::string https_port;
    std::string host;
    bool example = false;  ///< the example's people and site were applied
    std::string setup;     ///< the link of the first visit, or empty
    std::string submission_port;
    std::string submissions_port;
    std::string imaps_port;
};

/// English when the locale (LC_ALL, LC_MESSAGES, LANG) names another language than French; French otherwise.
bool trial_speaks_english();
std::string trial_text(const TrialHints& hints, bool english);

} // namespace hameau::cli
