// Reading /proc. A file that cannot be read counts as nothing: the process has just ended.
#include "daemon/supervisor/processes.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"

namespace hameau::supervisor {

namespace {

/// The number behind `key` in a file such as /proc/PID/status; nothing when it cannot be read.
std::optional<std::uint64_t> number_in(const std::filesystem::path& file, std::string_view key) {
    const auto text = read_file(file, 8192);
    const std::size_t at = text ? text->find(key) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    return std::strtoull(text->c_str() + at + key.size(), nullptr, 10);
}

bool descends(const std::map<pid_t, pid_t>& parents, pid_t pid, pid_t root) {
    for (int depth = 0; depth < 8 && pid > 1; ++depth) {
        if (pid == root) {
            return true;
        }
        const auto parent = parents.find(pid);
        pid = parent == parents.end() ? 0 : parent->second;
    }
    return false;
}

/// utime, stime, cutime and cstime: fields 14 to 17 of proc(5)'s stat, in clock ticks. The name, which may hold anything, ends at the last ")".
std::uint64_t cpu_ms_of(const std::filesystem::path& folder) {
    const auto text = read_file(folder / "stat", 8192);
    const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
    if (name_end == std::string::npos || name_end + 2 >= text->size()) {
        return 0;
    }
    const auto fields = split(std::string_view(*text).substr(name_end + 2), ' ');  // begins with field 3
    std::uint64_t ticks = 0;
    for (std::size_t field = 14; field <= 17 && field - 3 < fields.size(); ++field) {
        ticks += std::strtoull(std::string(fields[field - 3]).c_str(), nullptr, 10);
    }
    const long per_second = ::sysconf(_SC_CLK_TCK);
    return ticks * 1000 / static_cast<std::uint64_t>(per_second > 0 ? per_second : 100);
}

std::uint64_t wakeups_of(const std::filesystem::path& folder) {
    std::uint64_t sum = 0;
    std::error_code gone;
    for (std::filesystem::directory_iterator task(folder / "task", gone), end; !gone && task != end; task.increment(gone)) {
        sum += number_in(task->path() / "status", "\nvoluntary_ctxt_switches:").value_or(0);
    }
    return sum;
}

} // namespace

std::map<pid_t, pid_t> parents_of_all(const std::string& proc) {
    std::map<pid_t, pid_t> parents;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(proc, ignored)) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        const auto parent = pid > 0 ? number_in(entry.path() / "status", "\nPPid:") : std::nullopt;
        if (parent) {
            parents[pid] = static_cast<pid_t>(*parent);
        }
    }
    return parents;
}

TreeMemory memory_of(const std::map<pid_t, pid_t>& parents, pid_t root) {
    TreeMemory proportional;
    TreeMemory resident{0, false};
    for (const auto& [pid, parent] : parents) {
        if (!descends(parents, pid, root)) {
            continue;
        }
        const std::filesystem::path folder = "/proc/" + std::to_string(pid);
        const auto rss = number_in(folder / "status", "\nVmRSS:");
        // Of another user's process this needs root (ptrace(2), PTRACE_MODE_READ).
        const auto pss = number_in(folder / "smaps_rollup", "\nPss:");
        resident.kb += rss.value_or(0);
        proportional.kb += pss.value_or(0);
        proportional.proportional = proportional.proportional && (pss || !rss);
    }
    return proportional.proportional ? proportional : resident;
}

TreeUse use_of(const std::map<pid_t, pid_t>& parents, pid_t root, const std::string& proc) {
    TreeUse out;
    for (const auto& [pid, parent] : parents) {
        if (!descends(parents, pid, root)) {
            continue;
        }
        const std::filesystem::path folder = proc + "/" + std::to_string(pid);
        out.use.cpu_ms += cpu_ms_of(folder);
        out.use.wakeups += wakeups_of(folder);
        const auto read = number_in(folder / "io", "\nread_bytes:");
        out.bytes = out.bytes && read;
        out.use.read_bytes += read.value_or(0);
        out.use.written_bytes += number_in(folder / "io", "\nwrite_bytes:").value_or(0);
    }
    if (!out.bytes) {
        out.use.read_bytes = 0;
        out.use.written_bytes = 0;
    }
    return out;
}

energy::Use use_of(const rusage& spent) {
    const auto ms = [](const timeval& t) { return static_cast<std::uint64_t>(t.tv_sec) * 1000 + static_cast<std::uint64_t>(t.tv_usec) / 1000; };
    constexpr std::uint64_t block_bytes = 512;
    return {ms(spent.ru_utime) + ms(spent.ru_stime), static_cast<std::uint64_t>(spent.ru_nvcsw), static_cast<std::uint64_t>(spent.ru_inblock) * block_bytes,
            static_cast<std::uint64_t>(spent.ru_oublock) * block_bytes};
}

} // namespace hameau::supervisor
