// The sentences of the trial, side by side.
#include "daemon/cli/trial_texts.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace hameau::cli {

bool trial_speaks_english() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        const std::string_view locale = value == nullptr ? std::string_view() : std::string_view(value);
        if (!locale.empty()) {
            return !locale.starts_with("fr") && !locale.starts_with("C") && !locale.starts_with("POSIX");
        }
    }
    return false;
}

std::string trial_text(const TrialHints& hints, bool english) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f s", hints.seconds);
    const auto either = [english](const char* french_text, const char* english_text) { return std::string(english ? english_text : french_text); };
    std::string out = either("\n  La maison est prête en ", "\n  The house is ready in ") + seconds + ".\n\n";
    out += either("  La maison        ", "  The house        ") + "http://localhost:" + hints.http_port +
           either("/   ou  https://", "/   or  https://") + hints.host + ":" + hints.https_port + "/\n";
    if (hints.example) {
        out += either("  Le site          ", "  The site         ") + "http://amis.localhost:" + hints.http_port + "/\n";
        out += either("  Deuxième personne, même navigateur   ", "  A second person, same browser   ") + "http://yann.localhost:" +
               hints.http_port + "/\n";
        out += either("  Pour entrer      marie, yann ou annick (mots de passe : config/examples/trial.yaml)\n",
                      "  To sign in       marie, yann or annick (passwords: config/examples/trial.yaml)\n");
    }
    if (!hints.setup.empty()) {
        out += either("  Première visite  ", "  First visit      ") + hints.setup + "\n";
    }
    out += either("  Courrier         envoi : port ", "  Mail             sending: port ") + hints.submission_port + " (STARTTLS) " +
           either("ou ", "or ") + hints.submissions_port + either(" ; lecture : IMAPS port ", "; reading: IMAPS port ") +
           hints.imaps_port + "\n";
    return out + either("\n  Rien ne sort de cet ordinateur. Ctrl-C arrête tout.\n\n", "\n  Nothing leaves this computer. Ctrl-C stops everything.\n\n");
}

} // namespace hameau::cli
