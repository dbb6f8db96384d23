// The sentences of `hameau setup`, side by side.
#include "daemon/cli/setup_texts.hpp"

#include <cstdlib>

#include "daemon/base/io.hpp"
#include "daemon/cli/trial_texts.hpp"

namespace hameau::cli {

bool setup_speaks_english() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') {
            return trial_speaks_english();
        }
    }
    // A shell without a locale (a serial console, a service): the machine's own.
    const std::string text = "\n" + read_file("/etc/default/locale", 4096).value_or("");
    const std::size_t at = text.find("\nLANG=");
    const std::string lang = at == std::string::npos ? std::string() : text.substr(at + 6, 3);
    return !lang.empty() && lang.find("fr") == std::string::npos && lang.front() != 'C' && lang.find("PO") == std::string::npos;
}

std::string setup_text(const SetupFacts& facts, bool english) {
    const auto either = [english](const char* french_text, const char* english_text) { return std::string(english ? english_text : french_text); };
    if (!facts.needed && !facts.host_needed) {
        return either("La maison est installée : https://", "The house is set up: https://") + facts.host + "/\n";
    }
    if (!facts.needed) {
        return either("La maison a ses comptes, mais pas de nom d’hôte. Donnez-le : hameau setup --host maison.example.org\n",
                      "The house has its accounts, but no host name. Give it: hameau setup --host maison.example.org\n");
    }
    std::string out = either("\n  Ouvrez l’un de ces liens, sur un ordinateur du même réseau :\n\n", "\n  Open one of these links, on a computer of the same network:\n\n");
    for (const std::string& link : facts.links) {
        out += "    " + link + "\n";
    }
    if (facts.links.empty()) {
        out += either("    (cet ordinateur n’a pas encore d’adresse sur un réseau)\n", "    (this computer has no address on a network yet)\n");
    }
    out += either("\n  Ou ouvrez l’adresse sans ce qui suit le #, et tapez ce code :  ", "\n  Or open the address without what follows the #, and type this code:  ") + facts.code + "\n";
    out += either("  Lien et code servent une fois, jusqu’au ", "  Link and code work once, until ") + facts.expires + either(" (UTC).\n", " (UTC).\n");
    out += either("  Gardez-les pour vous : qui les a peut installer la maison.\n", "  Keep them to yourself: who has them can set the house up.\n");
    if (facts.host.empty()) {
        out += either("\n  Le navigateur avertira une fois, parce que la maison n’a pas encore de nom certifié :\n  « Avancé », puis « Continuer ».",
                      "\n  The browser warns once, because the house has no certified name yet:\n  \"Advanced\", then \"Continue\".");
        out += facts.fingerprint.empty() ? "\n" : either(" Il doit montrer cette empreinte (SHA-256) :\n    ", " It must show this fingerprint (SHA-256):\n    ") + facts.fingerprint + "\n";
    }
    return out + "\n";
}

} // namespace hameau::cli
