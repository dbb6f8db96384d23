// Mounts for a closed folder: done once, before the first child; ends with the last process of the house.
#include "daemon/supervisor/view.hpp"

#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

constexpr const char* view_folder = "/mnt";

Status show_as(const std::string& from, const std::string& name, std::string& place) {
    const std::string target = std::string(view_folder) + "/" + name;
    if (::mkdir(target.c_str(), 0755) != 0 || ::mount(from.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
        return fail_errno("showing " + from + " as " + target);
    }
    place = target;
    return {};
}

} // namespace

Status check_reachable(const std::string& folder) {
    for (std::filesystem::path path = folder; path.has_relative_path(); path = path.parent_path()) {
        struct stat facts {};
        if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IXOTH) == 0) {
            return fail(ErrorKind::denied, "the folder " + path.string() + " is closed to other users, so the services cannot reach " +
                                               folder + ". Choose another --state folder, or run: chmod o+x " + path.string());
        }
    }
    return {};
}

bool suits_engines(const std::string& folder) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
    return folder.size() <= engines_path_max && folder.find_first_not_of(plain) == std::string::npos;
}

Status open_private_view(Place& place) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0 ||
        ::mount("hameau", view_folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0) {
        return fail_errno("a private view of the folders");
    }
    std::string state;
    std::string binaries;
    if (auto done = show_as(place.state, "state", state); !done) {
        return done;
    }
    if (auto done = show_as(place.binaries, "programs", binaries); !done) {
        return done;
    }
    place.state = state;
    place.binaries = binaries;
    return {};
}

} // namespace hameau::supervisor
