// Called by version.cpp. Prints nothing itself.
#include "daemon/cli/version_texts.hpp"

namespace hameau::cli {

std::string no_repository(bool english) {
    return english ? "No repository is configured (house.update_repository): nobody was asked."
                   : "Aucun dépôt n’est indiqué (house.update_repository) : personne n’a été interrogé.";
}

std::string is_newest(const std::string& installed, const std::string& published, bool english) {
    return english ? "This is the newest version of the repository: " + installed + ". Its list is of " + published + "."
                   : "C’est la version la plus récente du dépôt : " + installed + ". Sa liste porte la date " + published + ".";
}

std::string is_older(const std::string& newest, const std::string& installed, bool english) {
    return english ? "The version here, " + installed + ", is newer than the newest one of the repository: " + newest + "."
                   : "La version installée ici, " + installed + ", est plus récente que celle du dépôt : " + newest + ".";
}

std::string is_newer(const std::string& newest, const std::string& installed, bool english) {
    return english ? "There is a newer version: " + newest + " (here: " + installed + "). To install it: apt update, then apt upgrade. The page “What is new” says afterwards what has changed."
                   : "Une version plus récente existe : " + newest + " (ici : " + installed + "). Pour l’installer : apt update, puis apt upgrade. La page « Nouveautés » dira ensuite ce qui a changé.";
}

} // namespace hameau::cli
