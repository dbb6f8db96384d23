// Called by mail.cpp. Prints nothing itself.
#include "daemon/cli/mail_texts.hpp"

#include <algorithm>
#include <array>

namespace hameau::cli {

namespace {

struct StateWord {
    std::string_view state;
    std::string_view french;
    std::string_view english;
};

constexpr std::array state_words = {
    StateWord{"right", "juste", "right"},         StateWord{"wrong", "faux", "wrong"},           StateWord{"unseen", "pas vu", "not seen"},
    StateWord{"unknown", "inconnu", "not known"}, StateWord{"unchecked", "à vérifier", "unchecked"},
};

} // namespace

std::string record_state(std::string_view state, bool english) {
    const auto* found = std::find_if(state_words.begin(), state_words.end(), [state](const StateWord& one) { return one.state == state; });
    return std::string(found == state_words.end() ? state : english ? found->english : found->french);
}

std::string no_such_domain(const std::string& domain, bool english) {
    return english ? "No association of this house has the domain " + domain + "." : "Aucune association de cette maison n’a le domaine " + domain + ".";
}

std::string looked_at(const std::string& at, const std::string& servers, bool english) {
    if (at.empty()) {
        return english ? "Nobody has looked yet." : "Personne n’a encore vérifié.";
    }
    return english ? "Looked at " + at + "; asked: " + servers : "Vérifié le " + at + " ; interrogés : " + servers;
}

std::string record_to_write(bool at_provider, bool english) {
    if (at_provider) {
        return english ? "At the internet provider:" : "Chez le fournisseur d’accès :";
    }
    return english ? "At the registrar:" : "Chez le registrar :";
}

std::string records_to_do(std::int64_t count, bool known, bool english) {
    if (count == 0 && !known) {
        return english ? "Not everything is known." : "Tout n’est pas connu.";
    }
    if (count == 0) {
        return english ? "Nothing to do." : "Rien à faire.";
    }
    return english ? "To do: " + std::to_string(count) : "À faire : " + std::to_string(count);
}

} // namespace hameau::cli
