// When hameau-provision makes a backup (its verb backup), and what happens when it is done. hameaud itself reads two lines of
// STATE/backup/state, which root alone writes: when the next turn is due, and what the admin is to know.
#include <algorithm>
#include <cstdlib>
#include <sys/wait.h>
#include <utility>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/turn_state.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event backup_saved{"backup.saved", Level::notice};
constexpr Event backup_failed{"backup.failed", Level::warning, "tried again later; hameau backup says more"};
constexpr Event drill_fine{"backup.drilled", Level::notice};
constexpr Event drill_failed{"backup.drill_failed", Level::error, "hameau backup says why, and whether the backup was not whole or only could not be tried"};
constexpr Event backup_turn_failed{"backup.turn_failed", Level::error, "tried again within the hour"};
constexpr const char* backup_stopped = "stopped\t\t0\t1";

/// Trouble: "CODE TAB TARGET TAB LAST_GOOD TAB COUNT".
constexpr TurnBounds backup_turn_bounds{backup_state_bytes_max, backup_line_max, backup_turn_min, backup_turn_max, backup_after_failure};

} // namespace

bool House::may_back_up() const { return !closing_ && (!settings_.text("house.backup_targets").empty() || !backup_wish_.empty()); }

void House::read_backup_trouble() {
    // A trial has nothing to lose, and is told nothing.
    const bool any = !settings_.text("house.backup_targets").empty();
    backup_trouble_ = any ? turn_end_in(place_.state + "/backup/state", backup_turn_bounds).trouble : place_.trial ? "" : "none\t\t0\t0";
}

void House::plan_backups() {
    read_backup_trouble();
    next_backup_ = clock_.now() + backup_after_start;
}

std::string House::want_backup(const Message& message) {
    if (backup_.pid != 0) {
        return "backup.running";
    }
    if (settings_.text("house.backup_targets").empty()) {
        return "backup.none";
    }
    backup_wish_.clear();
    for (const char* name : {"target", "drill", "anew"}) {
        if (!message.get(name).empty()) {
            backup_wish_.push_back(std::string(name) + "=" + std::string(message.get(name)));
        }
    }
    next_backup_ = clock_.now();
    start_backup();
    return backup_.pid == 0 ? "backup.failed" : "";
}

void House::start_backup() {
    next_backup_ = clock_.now() + backup_after_failure;
    std::vector<std::string> arguments = std::exchange(backup_wish_, {});
    arguments.push_back("configuration=" + configuration_path_);
    auto running = spawn_provision("backup", arguments, background_nice);
    if (!running) {
        journal_.write(backup_turn_failed, {{"error", running.error().message}});
        return;
    }
    backup_ = std::move(*running);
    backup_deadline_ = clock_.now() + backup_limit;
}

void House::on_backup_end(int wait_status) {
    const std::string text = take_words(backup_);
    std::string error;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, std::min(end - begin, backup_line_max));
        begin = end + 1;
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string kind = line.substr(0, blank);
        const std::string rest = line.substr(std::min(blank + 1, line.size()));
        const Event* event = kind == "saved"          ? &backup_saved
                             : kind == "failed"       ? &backup_failed
                             : kind == "drilled"      ? &drill_fine
                             : kind == "drill_failed" ? &drill_failed
                                                      : nullptr;
        if (event != nullptr) {
            journal_.write(*event, {{"what", rest}});
        } else {
            error = line;
        }
    }
    TurnEnd end = turn_end_in(place_.state + "/backup/state", backup_turn_bounds);
    if (closing_) {
        return;
    }
    const bool failed = !WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0;
    backup_turns_failed_ = failed ? backup_turns_failed_ + 1 : 0;
    if (failed) {
        journal_.write(backup_turn_failed, {{"error", error}});
        end.wait = backup_after_failure;
        if (end.trouble.empty() && backup_turns_failed_ >= backup_turns_failed_said) {
            end.trouble = backup_stopped;
        }
    }
    next_backup_ = clock_.now() + end.wait;
    backup_trouble_ = std::move(end.trouble);
}

/// A backup that is cut goes on in the next run of the house, with what it has sent already.
void House::end_backup() {
    if (backup_.pid != 0) {
        ::kill(-backup_.pid, SIGKILL);
    }
}

} // namespace hameau::supervisor
