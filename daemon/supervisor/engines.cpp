// Groups are looked up in /proc: only at the death or the start of an engine.
#include "daemon/supervisor/engines.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

/// Whether a process that is not a zombie belongs to the session or group of `leader`.
bool group_lives(pid_t leader) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        if (std::atoi(entry.path().filename().c_str()) <= 0) {
            continue;
        }
        const auto text = read_file(entry.path() / "stat", 4096);
        // The name in brackets may hold anything; the fields follow the last bracket.
        const std::size_t bracket = text ? text->rfind(')') : std::string::npos;
        if (bracket == std::string::npos) {
            continue;
        }
        std::istringstream fields(text->substr(bracket + 1));
        char state = 0;
        pid_t parent = 0;
        pid_t group = 0;
        pid_t session = 0;
        if (fields >> state >> parent >> group >> session && state != 'Z' && state != 'X' &&
            (group == leader || session == leader)) {
            return true;
        }
    }
    return false;
}

bool wait_for_group(pid_t leader, int naps) {
    while (group_lives(leader)) {
        if (naps-- == 0) {
            return false;
        }
        ::poll(nullptr, 0, nap_ms);
    }
    return true;
}

/// The same folder, whatever it is called in the other's view of the file system.
bool works_in(pid_t pid, const std::string& folder) {
    struct stat there {};
    struct stat here {};
    return ::stat(("/proc/" + std::to_string(pid) + "/cwd").c_str(), &there) == 0 && ::stat(folder.c_str(), &here) == 0 &&
           there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

} // namespace

bool catches(pid_t pid, int signal) {
    const auto text = read_file("/proc/" + std::to_string(pid) + "/status", 16384);
    constexpr std::string_view field = "SigCgt:";
    const std::size_t at = text ? text->find(field) : std::string::npos;
    if (at == std::string::npos) {
        return false;
    }
    const unsigned long long caught = std::strtoull(text->c_str() + at + field.size(), nullptr, 16);
    return ((caught >> (signal - 1)) & 1U) != 0;
}

void end_group(pid_t leader, Patience patience) {
    if (leader <= 1 || ::kill(-leader, SIGTERM) != 0) {
        return;
    }
    if (!wait_for_group(leader, patience == Patience::long_after_a_stop ? naps_after_stop : naps_after_crash)) {
        ::kill(-leader, SIGKILL);
        (void)wait_for_group(leader, naps_after_kill);
    }
}

void clear_stale_engine(const std::string& pid_file, const std::string& folder) {
    const auto text = read_file(pid_file, 64);
    if (!text) {
        return;
    }
    const pid_t pid = std::atoi(text->c_str());
    if (pid > 1 && ::kill(pid, 0) == 0 && ::getsid(pid) == pid && works_in(pid, folder)) {
        end_group(pid, Patience::long_after_a_stop);
    }
    ::unlink(pid_file.c_str());
}

} // namespace hameau::supervisor
