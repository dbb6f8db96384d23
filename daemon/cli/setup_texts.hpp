// What `hameau setup` tells the person at the terminal, in French and English. Prints nothing itself.
#pragma once

#include <string>
#include <vector>

namespace hameau::cli {

struct SetupFacts {
    std::vector<std::string> links;  ///< whole links, the secret included; the first is the one of the QR code
    std::string code;                ///< as it is typed: KORI-MADE
    std::string expires;             ///< in UTC, as the API says it
    std::string fingerprint;         ///< SHA-256 of the certificate; empty: not known
    std::string host;                ///< empty: the house has none yet
    bool needed = true;              ///< nobody has set it up yet
    bool host_needed = false;
};

/// English when the locale (LC_ALL, LC_MESSAGES, LANG, else LANG of /etc/default/locale) names another language than French.
bool setup_speaks_english();
std::string setup_text(const SetupFacts& facts, bool english);

} // namespace hameau::cli
