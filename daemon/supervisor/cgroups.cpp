// Writes to /sys/fs/cgroup: short texts into files that exist already. A controller that is not there has no files.
#include "daemon/supervisor/cgroups.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

constexpr std::string_view tree = "/sys/fs/cgroup";

/// True when the whole text was taken at once, as the kernel wants it.
bool put(const std::string& file, std::string_view text) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace

Cgroups::Cgroups(std::string group, std::uint64_t memory_bytes) : memory_bytes_(memory_bytes) {
    const std::string own = group + "/hameaud.own";
    if ((::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) || !put(own + "/cgroup.procs", "0")) {
        return;
    }
    for (const std::string_view controller : {"+cpu", "+memory", "+pids"}) {
        (void)put(group + "/cgroup.subtree_control", controller);
    }
    group_ = std::move(group);
}

Fd Cgroups::open(std::string_view name, bool low_share) const {
    if (!active()) {
        return {};
    }
    const std::string group = group_ + "/" + std::string(name);
    if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) {
        return {};
    }
    (void)put(group + "/cpu.weight", std::to_string(low_share ? cgroup_low_weight : cgroup_weight));
    (void)put(group + "/memory.max", std::to_string(memory_bytes_ / 100 * cgroup_memory_percent));
    (void)put(group + "/pids.max", std::to_string(cgroup_pids_max));
    return Fd(::open((group + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
}

void Cgroups::forget(std::string_view name) const {
    if (active()) {
        ::rmdir((group_ + "/" + std::string(name)).c_str());
    }
}

std::string_view own_group(std::string_view text) {
    constexpr std::string_view start = "0::/";
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        if (line.starts_with(start)) {
            return line.substr(start.size() - 1);
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {};
}

Cgroups delegated_cgroups(std::string_view word) {
    const auto text = word == "delegated" ? read_file("/proc/self/cgroup", cgroup_text_max) : Result<std::string>("");
    std::string own(text ? own_group(*text) : "");
    // A hameaud that is started again by exec, or that systemd kept alive, is within its group already.
    if (own.ends_with("/hameaud.own")) {
        own.resize(own.size() - std::string_view("/hameaud.own").size());
    }
    struct sysinfo facts {};
    if (own.size() < 2 || ::sysinfo(&facts) != 0 || ::access((std::string(tree) + "/cgroup.controllers").c_str(), F_OK) != 0) {
        return {};
    }
    return {std::string(tree) + own, std::uint64_t{facts.totalram} * facts.mem_unit};
}

} // namespace hameau::supervisor
