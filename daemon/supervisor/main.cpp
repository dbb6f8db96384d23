// hameaud: read where the house is, prepare it, run it.
//   hameaud [--config FILE] [--state DIR] [--trial] [--set SETTING=VALUE]...
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "daemon/supervisor/house.hpp"

namespace {

constexpr const char* usage = "usage: hameaud [--config FILE] [--state DIR] [--trial] [--set SETTING=VALUE]...\n";
constexpr int exit_usage = 64;
constexpr int exit_unavailable = 69;
constexpr int exit_configuration = 78;

std::string folder_of_this_program() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

} // namespace

int main(int count, char** words) {
    using namespace hameau;
    supervisor::Place place;
    place.state = "/var/lib/hameau";
    place.binaries = folder_of_this_program();
    place.root = ::geteuid() == 0;
    std::string configuration = "/etc/hameau/hameau.yaml";
    std::vector<std::string> overrides;
    for (int i = 1; i < count; ++i) {
        const std::string_view word(words[i]);
        if (word == "--trial") {
            place.trial = true;
        } else if ((word == "--config" || word == "--state") && i + 1 < count) {
            (word == "--config" ? configuration : place.state) = words[++i];
        } else if (word == "--set" && i + 1 < count) {
            overrides.emplace_back(words[++i]);
        } else {
            const bool asked = word == "--help";
            std::fputs(usage, asked ? stdout : stderr);
            return asked ? 0 : exit_usage;
        }
    }
    std::error_code ignored;
    place.state = std::filesystem::absolute(place.state, ignored).lexically_normal().string();
    configuration = std::filesystem::absolute(configuration, ignored).string();
    supervisor::House house(place, configuration, std::move(overrides), supervisor::ServiceManager::from_environment());
    if (const auto prepared = house.prepare(); !prepared) {
        std::fprintf(stderr, "%s\n", prepared.error().message.c_str());
        return prepared.error().kind == ErrorKind::invalid ? exit_configuration : exit_unavailable;
    }
    return house.run();
}
