// The machine: memory, disk, clock, system, kernel.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/limits.hpp"

namespace hameau::diagnose {

namespace {

using provisioning::disk_broken;
using provisioning::disk_low;
using provisioning::memory_low;

constexpr std::uint64_t mega = 1 << 20;
constexpr std::uint64_t memory_free_low = 48 * mega;
constexpr std::uint64_t memory_that_needs_swap = 1024 * mega;
constexpr unsigned inodes_low_percent = 5;
constexpr unsigned pressure_high_percent = 10;
constexpr double load_high = 4;  ///< for each processor, over a quarter of an hour
constexpr std::int64_t hot_millidegrees = 80'000;
constexpr std::uint64_t entropy_low = 128;
constexpr unsigned handles_high_percent = 80;
constexpr std::int64_t day_s = std::int64_t{24} * 3600;
/// When this was written: a clock before that makes every certificate invalid.
constexpr std::int64_t clock_earliest_s = 1'795'000'000;
constexpr unsigned wear_high = 9;   ///< of eMMC: 80 to 90 % of its life are used (JESD84-B51 §7.4.25)
constexpr unsigned wear_over = 11;

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes / mega); }

Verdict memory_total(const Machine& machine) {
    const auto kb = number_behind(machine.text("/proc/meminfo"), "MemTotal:");
    if (!kb) {
        return {State::unknown, any::unreadable};
    }
    const bool low = *kb << 10U < memory_low;
    return {low ? State::attention : State::fine, low ? "low" : "fine", {{"size", megabytes(*kb << 10U)}}};
}

Verdict memory_free(const Machine& machine) {
    const auto kb = number_behind(machine.text("/proc/meminfo"), "MemAvailable:");
    if (!kb) {
        return {State::unknown, any::unreadable};
    }
    const bool low = *kb << 10U < memory_free_low;
    return {low ? State::attention : State::fine, low ? "low" : "fine", {{"size", megabytes(*kb << 10U)}}};
}

/// Of the whole machine since it started. A program that was ended for want of memory may have been ours.
Verdict memory_killed(const Machine& machine) {
    const auto killed = number_behind(machine.text("/proc/vmstat"), "oom_kill ");
    if (!killed) {
        return {State::unknown, any::unreadable};
    }
    return {*killed > 0 ? State::attention : State::fine, *killed > 0 ? "killed" : "fine", {{"count", std::to_string(*killed)}}};
}

/// Share of the last five minutes in which all work waited ("full avg300=", Documentation/accounting/psi.rst of Linux).
Verdict pressure(const Machine& machine, const char* what) {
    const auto text = machine.text(std::string("/proc/pressure/") + what);
    const std::size_t line = text ? text->find("full ") : std::string::npos;
    const std::size_t at = line == std::string::npos ? line : text->find("avg300=", line);
    if (at == std::string::npos) {
        return {State::unknown, any::unreadable};
    }
    const double share = std::strtod(text->c_str() + at + 7, nullptr);
    const bool high = share > pressure_high_percent;
    return {high ? State::attention : State::fine, high ? "high" : "fine", {{"percent", std::to_string(std::lround(share))}}};
}
Verdict memory_pressure(const Machine& machine) { return pressure(machine, "memory"); }
Verdict disk_pressure(const Machine& machine) { return pressure(machine, "io"); }

Verdict memory_swap(const Machine& machine) {
    const auto text = machine.text("/proc/meminfo");
    const auto total = number_behind(text, "SwapTotal:");
    const auto free = number_behind(text, "SwapFree:");
    const auto memory = number_behind(text, "MemTotal:");
    if (!total || !free || !memory) {
        return {State::unknown, any::unreadable};
    }
    if (*total == 0) {
        const bool needed = *memory << 10U < memory_that_needs_swap;
        return {needed ? State::attention : State::fine, needed ? "none" : "not_needed", {}};
    }
    const bool full = *free < *total / 10;
    return {full ? State::attention : State::fine, full ? "full" : "fine", {{"size", megabytes(*total << 10U)}, {"free", megabytes(*free << 10U)}}};
}

Verdict disk_room(const Machine& machine) {
    const auto disk = machine.disk(machine.state());
    if (!disk) {
        return {State::unknown, any::unreadable};
    }
    const State state = disk->free_bytes < disk_broken ? State::broken : disk->free_bytes < disk_low ? State::attention : State::fine;
    return {state, state == State::fine ? "fine" : state == State::broken ? "full" : "low", {{"free", megabytes(disk->free_bytes)}, {"size", megabytes(disk->total_bytes)}}};
}

/// Each message and each file of a site takes one.
Verdict disk_inodes(const Machine& machine) {
    const auto disk = machine.disk(machine.state());
    if (!disk || disk->inodes == 0) {
        return {State::unknown, any::unreadable};
    }
    const bool low = disk->inodes_free * 100 < disk->inodes * inodes_low_percent;
    const State state = disk->inodes_free == 0 ? State::broken : low ? State::attention : State::fine;
    return {state, state == State::fine ? "fine" : "low", {{"count", std::to_string(disk->inodes_free)}}};
}

/// The kernel remounts a disk read-only when it finds errors on it.
Verdict disk_writable(const Machine& machine) {
    const auto disk = machine.disk(machine.state());
    if (!disk) {
        return {State::unknown, any::unreadable};
    }
    return {disk->read_only ? State::broken : State::fine, disk->read_only ? "read_only" : "fine", {}};
}

/// ext4 counts the errors that it found (fs/ext4/sysfs.c of Linux): of all file systems of the machine.
Verdict disk_errors(const Machine& machine) {
    std::uint64_t errors = 0;
    bool seen = false;
    for (const std::string& name : machine.names("/sys/fs/ext4", 32).value_or(std::vector<std::string>())) {
        if (const auto count = number_behind(machine.text("/sys/fs/ext4/" + name + "/errors_count"), "")) {
            seen = true;
            errors += *count;
        }
    }
    if (!seen) {
        return {State::unknown, any::unreadable};
    }
    return {errors > 0 ? State::broken : State::fine, errors > 0 ? "errors" : "fine", {{"count", std::to_string(errors)}}};
}

/// A partition has its disk's files one folder up. What only SMART tells is not in /sys.
Verdict disk_wear(const Machine& machine) {
    const auto disk = machine.disk(machine.state());
    if (!disk || disk->device.empty()) {
        return {State::unknown, any::unreadable};
    }
    for (const char* place : {"/device/life_time", "/../device/life_time"}) {
        const auto text = machine.text("/sys/dev/block/" + disk->device + place);
        if (!text) {
            continue;
        }
        char* rest = nullptr;
        const unsigned long first = std::strtoul(text->c_str(), &rest, 16);
        const unsigned long used = std::max(first, std::strtoul(rest, nullptr, 16));
        if (used == 0) {
            break;  // "not defined"
        }
        const State state = used >= wear_over ? State::broken : used >= wear_high ? State::attention : State::fine;
        return {state, state == State::fine ? "fine" : "worn", {{"percent", std::to_string(used * 10)}}};
    }
    return {State::unknown, "unknown", {}};
}

Verdict clock_value(const Machine& machine) {
    const bool wrong = machine.now_s() < clock_earliest_s;
    return {wrong ? State::broken : State::fine, wrong ? "wrong" : "fine", {}};
}

Verdict clock_follows(const Machine& machine) {
    const auto follows = machine.clock_follows();
    if (!follows) {
        return {State::unknown, any::unreadable};
    }
    return {*follows ? State::fine : State::attention, *follows ? "fine" : "free", {}};
}

Verdict clock_zone(const Machine& machine) {
    const std::string& zone = machine.settings().text("house.time_zone");
    if (zone.empty()) {
        const bool set = machine.file("/etc/localtime").has_value();
        return {set ? State::fine : State::attention, set ? "machine" : "none", {}};
    }
    const bool known = machine.file("/usr/share/zoneinfo/" + zone).has_value();
    return {known ? State::fine : State::broken, known ? "fine" : "missing", {{"zone", zone}}};
}

struct Release {
    std::string_view number;
    std::int64_t ends_s;  ///< of the long-term support (wiki.debian.org/LTS)
};
constexpr std::array releases = {Release{"12", 1'845'936'000}, Release{"13", 1'909'008'000}};

Verdict system_release(const Machine& machine) {
    const auto text = machine.text("/etc/os-release");
    if (!text) {
        return {State::unknown, any::unreadable};
    }
    const bool debian = text->find("\nID=debian") != std::string::npos || text->starts_with("ID=debian") || text->find("\nID=raspbian") != std::string::npos;
    const std::size_t at = text->find("VERSION_ID=\"");
    const std::string number = at == std::string::npos ? std::string() : text->substr(at + 12, text->find('"', at + 12) - at - 12);
    const auto* found = std::find_if(releases.begin(), releases.end(), [&number](const Release& one) { return one.number == number; });
    if (!debian || found == releases.end()) {
        return {State::attention, "other", {{"release", number}}};
    }
    if (machine.now_s() > found->ends_s) {
        return {State::broken, "over", {{"release", number}}};
    }
    const bool soon = found->ends_s - machine.now_s() < release_warning_s;
    return {soon ? State::attention : State::fine, soon ? "ends" : "fine", {{"release", number}}};
}

/// Without unattended-upgrades somebody has to think of it.
Verdict system_updates(const Machine& machine) {
    const auto text = machine.text("/etc/apt/apt.conf.d/20auto-upgrades");
    const bool installed = machine.file("/usr/share/unattended-upgrades").has_value();
    const bool on = installed && text && text->find("Unattended-Upgrade \"1\"") != std::string::npos;
    return {on ? State::fine : State::attention, on ? "fine" : "by_hand", {}};
}

Verdict system_lists(const Machine& machine) {
    const auto lists = machine.file("/var/lib/apt/lists");
    if (!lists) {
        return {State::unknown, any::unreadable};
    }
    const std::int64_t age = machine.now_s() - lists->changed_s;
    const bool old = age > lists_old_s;
    return {old ? State::attention : State::fine, old ? "old" : "fine", {{"days", std::to_string(std::max<std::int64_t>(age, 0) / day_s)}}};
}

/// A kernel that was installed since the machine started is not the one that runs.
Verdict system_kernel(const Machine& machine) {
    std::string release = machine.text("/proc/sys/kernel/osrelease").value_or("");
    release.erase(std::min(release.find('\n'), release.size()));
    const auto uptime = machine.text("/proc/uptime");
    const auto boot = machine.names("/boot", 64);
    if (release.empty() || !uptime || !boot) {
        return {State::unknown, any::unreadable};
    }
    const std::int64_t started = machine.now_s() - std::atoll(uptime->c_str());
    bool any_kernel = false;
    bool newer = false;
    for (const std::string& name : *boot) {
        const auto facts = name.starts_with("vmlinuz-") ? machine.file("/boot/" + name) : std::nullopt;
        any_kernel = any_kernel || facts;
        newer = newer || (facts && name != "vmlinuz-" + release && facts->changed_s > started);
    }
    if (!any_kernel) {
        return {State::unknown, any::unreadable};
    }
    return {newer ? State::attention : State::fine, newer ? "newer" : "fine", {{"kernel", release}}};
}

Verdict system_locale(const Machine& machine) {
    const bool there = machine.has_locale("C.UTF-8");
    return {there ? State::fine : State::broken, there ? "fine" : "missing", {}};
}

Verdict system_load(const Machine& machine) {
    const auto text = machine.text("/proc/loadavg");
    const auto cpus = machine.text("/proc/cpuinfo");
    if (!text || !cpus) {
        return {State::unknown, any::unreadable};
    }
    double load = 0;
    const char* at = text->c_str();
    for (int i = 0; i < 3; ++i) {
        char* rest = nullptr;
        load = std::strtod(at, &rest);
        at = rest;
    }
    std::size_t count = 0;
    for (std::size_t found = cpus->find("processor\t"); found != std::string::npos; found = cpus->find("processor\t", found + 1)) {
        ++count;
    }
    const bool high = load > load_high * static_cast<double>(std::max<std::size_t>(count, 1));
    return {high ? State::attention : State::fine, high ? "high" : "fine", {{"load", std::to_string(std::lround(load))}, {"count", std::to_string(std::max<std::size_t>(count, 1))}}};
}

Verdict system_temperature(const Machine& machine) {
    std::optional<std::int64_t> hottest;
    for (const std::string& name : machine.names("/sys/class/thermal", 64).value_or(std::vector<std::string>())) {
        if (const auto text = name.starts_with("thermal_zone") ? machine.text("/sys/class/thermal/" + name + "/temp") : std::nullopt) {
            hottest = std::max<std::int64_t>(hottest.value_or(-273'000), std::atoll(text->c_str()));
        }
    }
    if (!hottest) {
        return {State::unknown, any::unreadable};
    }
    const bool hot = *hottest > hot_millidegrees;
    return {hot ? State::attention : State::fine, hot ? "hot" : "fine", {{"degrees", std::to_string(*hottest / 1000)}}};
}

/// Only the Raspberry Pi's firmware tells (drivers/hwmon/raspberrypi-hwmon.c of Linux).
Verdict system_voltage(const Machine& machine) {
    for (const std::string& name : machine.names("/sys/class/hwmon", 64).value_or(std::vector<std::string>())) {
        const std::string folder = "/sys/class/hwmon/" + name;
        if (machine.text(folder + "/name").value_or("").starts_with("rpi_volt")) {
            const auto low = number_behind(machine.text(folder + "/in0_lcrit_alarm"), "");
            if (low) {
                return {*low != 0 ? State::broken : State::fine, *low != 0 ? "low" : "fine", {}};
            }
        }
    }
    return {State::unknown, any::unreadable};
}

Verdict system_entropy(const Machine& machine) {
    const auto bits = number_behind(machine.text("/proc/sys/kernel/random/entropy_avail"), "");
    if (!bits) {
        return {State::unknown, any::unreadable};
    }
    const bool low = *bits < entropy_low;
    return {low ? State::attention : State::fine, low ? "low" : "fine", {{"bits", std::to_string(*bits)}}};
}

/// /proc/sys/fs/file-nr: taken, 0, most.
Verdict system_handles(const Machine& machine) {
    const auto text = machine.text("/proc/sys/fs/file-nr");
    if (!text) {
        return {State::unknown, any::unreadable};
    }
    char* rest = nullptr;
    const double taken = std::strtod(text->c_str(), &rest);
    std::strtod(rest, &rest);
    const double most = std::strtod(rest, nullptr);
    if (most <= 0) {
        return {State::unknown, any::unreadable};
    }
    const bool high = taken * 100 > most * handles_high_percent;
    return {high ? State::attention : State::fine, high ? "high" : "fine", {{"count", std::to_string(std::llround(taken))}}};
}

Verdict wall(const Machine& machine, std::string_view name) {
    if (machine.services().empty()) {
        return {State::unknown, any::unreadable};  // hameaud looks for them, and tells of its processes with them
    }
    const auto walls = machine.walls();
    const bool there = std::find(walls.begin(), walls.end(), name) != walls.end();
    return {there ? State::fine : State::attention, there ? "fine" : "missing", {}};
}
Verdict kernel_landlock(const Machine& machine) { return wall(machine, "landlock"); }
Verdict kernel_seccomp(const Machine& machine) { return wall(machine, "seccomp"); }

Verdict controller(const Machine& machine, std::string_view name) {
    const auto text = machine.text("/sys/fs/cgroup/cgroup.controllers");
    if (!text) {
        return {State::unknown, any::unreadable};
    }
    std::string words = " " + *text + " ";
    std::replace(words.begin(), words.end(), '\n', ' ');
    const bool there = words.find(" " + std::string(name) + " ") != std::string::npos;
    return {there ? State::fine : State::attention, there ? "fine" : "missing", {}};
}
Verdict kernel_cgroup_memory(const Machine& machine) { return controller(machine, "memory"); }
Verdict kernel_cgroup_pids(const Machine& machine) { return controller(machine, "pids"); }

constexpr std::array table = {
    Check{"memory.total", memory_total},
    Check{"memory.free", memory_free},
    Check{"memory.killed", memory_killed},
    Check{"memory.pressure", memory_pressure},
    Check{"memory.swap", memory_swap},
    Check{"disk.room", disk_room},
    Check{"disk.inodes", disk_inodes},
    Check{"disk.writable", disk_writable},
    Check{"disk.errors", disk_errors},
    Check{"disk.wear", disk_wear},
    Check{"disk.pressure", disk_pressure},
    Check{"clock.value", clock_value},
    Check{"clock.follows", clock_follows},
    Check{"clock.zone", clock_zone},
    Check{"system.release", system_release},
    Check{"system.updates", system_updates},
    Check{"system.lists", system_lists},
    Check{"system.kernel", system_kernel},
    Check{"system.locale", system_locale},
    Check{"system.load", system_load},
    Check{"system.temperature", system_temperature},
    Check{"system.voltage", system_voltage},
    Check{"system.entropy", system_entropy},
    Check{"system.handles", system_handles},
    Check{"kernel.landlock", kernel_landlock},
    Check{"kernel.seccomp", kernel_seccomp},
    Check{"kernel.cgroup_memory", kernel_cgroup_memory},
    Check{"kernel.cgroup_pids", kernel_cgroup_pids},
};

} // namespace

std::span<const Check> machine_checks() { return table; }

} // namespace hameau::diagnose
