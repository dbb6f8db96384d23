// A process for each check, some at a time; who is late is ended.
#include "provisioning/diagnose/run.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

namespace {

using diagnosis::Finding;

struct Running {
    std::size_t check;
    pid_t pid;
    Fd reader;
    Duration deadline;
    std::string words = {};
};

Finding unknown(const Machine& machine, const Check& check, std::string_view word) {
    return {std::string(check.id), State::unknown, code_of(check.id, word), {}, machine.now_s()};
}

/// In the child: looks, writes one line, ends.
[[noreturn]] void look(const Machine& machine, const Check& check, int out) {
    Verdict verdict = check.look(machine);
    const Finding finding{std::string(check.id), verdict.state, code_of(check.id, verdict.word), std::move(verdict.values), machine.now_s()};
    (void)write_all(out, diagnosis::to_line(finding) + "\n");
    ::_exit(0);
}

std::optional<Running> begin(const Machine& machine, std::span<const Check> checks, std::size_t number, Duration now) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    Running running{number, 0, Fd(ends[0]), now + checks[number].deadline};
    const Fd writer(ends[1]);
    const pid_t parent = ::getpid();
    running.pid = ::fork();
    if (running.pid == 0) {
        ::setpgid(0, 0);  // what it starts ends with it
        die_with(parent, SIGKILL);
        look(machine, checks[number], writer.get());
    }
    return running.pid < 0 ? std::nullopt : std::optional(std::move(running));
}

/// True when it has said all; it is ended in either case when the answer is true.
bool take(Running& running, short events, Duration now) {
    std::array<char, check_line_bytes_max> part{};
    const ssize_t n = events != 0 ? ::read(running.reader.get(), part.data(), part.size()) : -1;
    if (n > 0 && running.words.size() < check_line_bytes_max) {
        running.words.append(part.data(), static_cast<std::size_t>(n));
    }
    const bool over = n == 0 || running.words.ends_with('\n') || running.deadline <= now;
    if (over) {
        ::kill(-running.pid, SIGKILL);
        ::kill(running.pid, SIGKILL);
        // A process that waits for a dead disk cannot be ended: it is left behind rather than waited for.
        for (int i = 0; i < 20 && ::waitpid(running.pid, nullptr, WNOHANG) == 0; ++i) {
            ::poll(nullptr, 0, 5);
        }
    }
    return over;
}

} // namespace

std::vector<Finding> run_checks(const Machine& machine, std::span<const Check> checks, const RunBounds& bounds) {
    const SystemClock clock;
    const Duration end = clock.now() + bounds.budget;
    std::vector<Finding> out;
    for (const Check& check : checks) {
        out.push_back(unknown(machine, check, any::late));
    }
    std::vector<Running> running;
    std::size_t next = 0;
    while (!running.empty() || (next < checks.size() && clock.now() < end)) {
        const Duration now = clock.now();
        while (next < checks.size() && running.size() < bounds.at_once && now < end) {
            auto begun = begin(machine, checks, next, now);
            if (begun) {
                begun->deadline = std::min(begun->deadline, end);
                running.push_back(std::move(*begun));
            } else {
                out[next] = unknown(machine, checks[next], any::failed);
            }
            ++next;
        }
        std::vector<pollfd> waiting;
        Duration nearest = end;
        for (const Running& one : running) {
            waiting.push_back({one.reader.get(), POLLIN, 0});
            nearest = std::min(nearest, one.deadline);
        }
        ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>((nearest - clock.now()).count() + 1, 0)));
        std::vector<Running> left;
        for (std::size_t i = 0; i < running.size(); ++i) {
            if (!take(running[i], waiting[i].revents, clock.now())) {
                left.push_back(std::move(running[i]));
                continue;
            }
            const auto told = diagnosis::Report::parse(running[i].words).findings;
            const bool ended_early = running[i].deadline > clock.now();
            if (told.size() == 1) {
                out[running[i].check] = told.front();
            } else if (ended_early) {
                out[running[i].check] = unknown(machine, checks[running[i].check], any::failed);
            }
        }
        running = std::move(left);
    }
    return out;
}

} // namespace hameau::diagnose
