// `hameau version`: which one this is, and, when asked, whether the configured package repository has a newer one.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include <boost/json.hpp>

#include "daemon/base/text.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/diagnose_alone.hpp"
#include "daemon/cli/setup_texts.hpp"
#include "daemon/cli/version_texts.hpp"
#include "daemon/cli/words.hpp"

namespace hameau::cli {

namespace {

constexpr std::string_view this_version = HAMEAU_VERSION;
constexpr const char* package_keyring = "/usr/share/keyrings/hameau-archive-keyring.gpg";

constexpr const char* version_usage =
    "usage: hameau version [--check] [--keyring FILE] [--json] [--state DIR]\n"
    "Says which version this is. Nobody is asked for it.\n"
    "  --check         asks the package repository of house.update_repository, and nobody else, whether there is a newer one; as root.\n"
    "                  Its answer counts only with a signature of the keyring. Nothing is installed. Takes a minute at most\n"
    "  --keyring FILE  the public keys; else those of the package hameau-archive-keyring\n"
    "Ends with 0 when the answer is known, newer or not; with 69 when it is not.\n";

int check_version(const Words& words, bool english) {
    const auto said = provision_alone(words.state, {"newest-version", "keyring=" + words.value("--keyring").value_or(package_keyring), "running=" + std::string(this_version)});
    if (!said) {
        std::fprintf(stderr, "hameau version: %s\n", said.error().message.c_str());
        return exit_unavailable;
    }
    if (said->starts_with("none")) {
        std::fprintf(stderr, "%s\n", no_repository(english).c_str());
        return exit_unavailable;
    }
    std::map<std::string, std::string> facts;
    for (const std::string_view line : split(*said, '\n')) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        facts[std::string(line.substr(0, tab))] = line.substr(std::min(tab + 1, line.size()));
    }
    if (words.json) {
        const boost::json::object out = {{"version", facts["installed"]}, {"newest", facts["newest"]}, {"newer", facts["newer"] == "1"}, {"published", facts["published"]}};
        std::printf("%s\n", boost::json::serialize(out).c_str());
        return 0;
    }
    const bool newer = facts["newer"] == "1";
    const bool same = facts["newest"] == facts["installed"];
    std::printf("%s\n", (newer  ? is_newer(facts["newest"], facts["installed"], english)
                         : same ? is_newest(facts["installed"], facts["published"], english)
                                : is_older(facts["newest"], facts["installed"], english)).c_str());
    return 0;
}

} // namespace

int version_command(std::span<char*> arguments) {
    constexpr Option options[] = {{"--check", false}, {"--keyring"}};
    const auto words = read_words("version", arguments, options);
    if (!words || words->help || !words->plain.empty()) {
        std::fputs(version_usage, words && words->help ? stdout : stderr);
        return words && words->help ? 0 : exit_usage;
    }
    if (words->has("--check")) {
        return check_version(*words, setup_speaks_english());
    }
    if (words->json) {
        std::printf("%s\n", boost::json::serialize(boost::json::object{{"version", this_version}}).c_str());
    } else {
        std::printf("hameau %s\n", std::string(this_version).c_str());
    }
    return 0;
}

} // namespace hameau::cli
