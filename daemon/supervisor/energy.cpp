// The energy page's figures: counted when the loop runs anyway, and when a child ends. Nothing here makes the loop wake.
#include <algorithm>
#include <charconv>
#include <sys/resource.h>
#include <sys/wait.h>

#include "daemon/base/io.hpp"
#include "daemon/base/time_zone.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/processes.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event save_failed{"energy.save_failed", Level::warning, "the figures of the last hours are lost when the house ends"};
/// Of a report that we asked for, not somebody who looks at the status: nobody waits for the answer.
constexpr std::uint32_t report_serial = 1;
constexpr const char* backup_name = "backup";
constexpr const char* other_work = "tasks";  ///< hameau-provision for anything else

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

} // namespace

EnergyLog::Moment House::moment() const {
    const std::int64_t wall = now_ms();
    return {clock_.now(), wall + zone_offset_ms(wall)};
}

void House::tick_energy(Duration now) {
    if (energy_ == nullptr || closing_ || !energy_->is_due(now)) {
        return;
    }
    look_at_energy(false);
    if (energy_->is_save_due(now)) {
        save_energy();
    }
}

void House::look_at_energy(bool asked) {
    std::vector<EnergyLog::Running> running;
    for (const auto& service : services_) {
        if (service->pid > 0) {
            running.push_back({service->spec.name, service->pid});
        }
    }
    if (backup_.pid > 0) {
        running.push_back({backup_name, backup_.pid});
    }
    rusage own{};
    ::getrusage(RUSAGE_SELF, &own);
    if (energy_->look(moment(), running, use_of(own), asked)) {
        Message report;
        report.kind = MessageKind::report;
        report.serial = report_serial;
        for (const auto& service : services_) {
            if (service->policy.state() == State::ready && service->control) {
                (void)send_message(service->control.get(), report);
            }
        }
    }
}

void House::save_energy() {
    if (energy_ == nullptr) {
        return;
    }
    if (auto saved = energy_->save(moment()); !saved) {
        journal_.write(save_failed, {{"error", saved.error().message}});
    }
}

std::string House::energy_text() {
    look_at_energy(true);
    return energy_->text(moment());
}

/// Every answer to a `report` tells it, whoever asked.
void House::note_report(const Service& service, const Message& answer) {
    if (energy_ != nullptr && service.pid > 0 && !answer.get("written_bytes").empty()) {
        energy_->reported(moment(), service.spec.name, service.pid, number_of(answer.get("read_bytes")), number_of(answer.get("written_bytes")));
    }
}

bool House::answers_who_asked(const Message& answer) { return answer.serial != report_serial; }

/// Waits for `pid`, which has ended, and books what it used.
int House::take_ended(pid_t pid) {
    int status = 0;
    rusage spent{};
    ::wait4(pid, &status, 0, &spent);
    if (energy_ == nullptr) {
        return status;
    }
    for (const auto& service : services_) {
        if (service->pid == pid) {
            energy_->ended(moment(), service->spec.name, pid, use_of(spent));
            return status;
        }
    }
    energy_->ended(moment(), pid == backup_.pid ? backup_name : other_work, pid, use_of(spent));
    return status;
}

} // namespace hameau::supervisor
