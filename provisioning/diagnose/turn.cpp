// One run told from the top: a repair, the checks, what became worse, the file.
#include "provisioning/diagnose/turn.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <unistd.h>
#include <zlib.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/backup_state.hpp"
#include "daemon/contract/diagnosis.hpp"
#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/letter.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/diagnose/repairs.hpp"
#include "provisioning/diagnose/run.hpp"

namespace hameau::diagnose {

namespace {

using diagnosis::Finding;
using diagnosis::Report;

std::string path_of(const std::string& state) { return state + "/diagnosis/state"; }

Report load(const std::string& state) { return Report::parse(read_file(path_of(state), diagnosis_state_bytes_max).value_or("")); }

Status save(const std::string& state, const Report& report) {
    if (auto made = make_folder(state + "/diagnosis", 0700); !made) {
        return made;
    }
    return write_file_atomically(path_of(state), report.to_text(), 0600);
}

void say(const std::string& line) { std::fputs((line + "\n").c_str(), stderr); }

/// Each house has its own minute within an hour, and the same one every night.
std::int64_t next_look(const Machine& machine) {
    const std::string& zone = machine.settings().text("house.time_zone");
    if (!zone.empty()) {
        ::setenv("TZ", zone.c_str(), 1);
        ::tzset();
    }
    const std::string seed = machine.settings().text("house.host") + machine.text("/etc/machine-id").value_or("");
    backup::Night night;
    night.hour = static_cast<unsigned>(machine.settings().integer("house.diagnose_hour"));
    night.jitter_s = static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const unsigned char*>(seed.data()), static_cast<unsigned>(seed.size()))) % jitter_max_s;
    return backup::next_night(machine.now_s(), night);
}

/// What became worse since the admins were told; from now on that counts as told.
std::vector<Finding> note_worse(Report& report) {
    const bool first = report.said.empty();
    auto worse = worse_since(report.said, report.findings);
    if (first) {
        // A new house has things to do, and its page says them: only what does not work is worth a mail.
        std::erase_if(worse, [](const Finding& finding) { return finding.state != State::broken; });
    }
    report.trouble = worse.empty() ? std::string() : std::to_string(worse.size()) + "\t" + worse.front().id;
    return worse;
}

/// The words for the journal and the admin. False: a mail could not be sent.
bool tell(const Machine& machine, const std::vector<Finding>& worse) {
    std::string ids;
    for (const Finding& finding : worse) {
        ids += (ids.empty() ? "" : " ") + finding.id;
    }
    say("worse\t" + ids);
    if (const Status sent = send_letter(machine, worse); !sent) {
        say("mail\t" + sent.error().message);
        // A house without mail has nobody to write to: the journal has said it once.
        return !has_mail(machine);
    }
    return true;
}

std::vector<Check> chosen(const std::vector<std::string>& only) {
    std::vector<Check> out;
    for (const Check& check : all_checks()) {
        if (only.empty() || std::find(only.begin(), only.end(), check.id) != only.end()) {
            out.push_back(check);
        }
    }
    return out;
}

Status repair(const Machine& machine, const Wish& wish) {
    const Repair* wanted = repair_of(wish.repair);
    const std::vector<Check> check = chosen({wish.repair});
    if (check.empty()) {
        return fail(ErrorKind::invalid, "diagnose.no_check: " + wish.repair);
    }
    if (wanted == nullptr) {
        return fail(ErrorKind::invalid, "diagnose.no_repair: " + wish.repair);
    }
    RunBounds bounds;
    bounds.budget = repair_budget;
    const auto before = run_checks(machine, check, bounds);
    if (before.front().state == State::fine) {
        say("nothing\t" + wish.repair);
        return {};
    }
    if (wanted->asks && !wish.yes) {
        return fail(ErrorKind::denied, "diagnose.yes: " + wish.repair);
    }
    RepairPlace place{machine, {}};
    if (const Status mended = wanted->mend(place); !mended) {
        say("not_mended\t" + wish.repair + "\t" + backup::one_line(mended.error().message));
        return {};
    }
    say("mended\t" + wish.repair);
    for (const std::string& line : place.asked) {
        say("ask\t" + line);
    }
    return {};
}

} // namespace

Status diagnose(House house, const Wish& wish) {
    const std::string state = house.state;
    const auto machine = make_system(std::move(house));
    std::vector<std::string> only = wish.only;
    if (!wish.repair.empty()) {
        if (auto done = repair(*machine, wish); !done) {
            return done;
        }
        only = {wish.repair};
    }
    const std::vector<Check> checks = chosen(only);
    if (checks.empty() || checks.size() < only.size()) {
        return fail(ErrorKind::invalid, "diagnose.no_check: " + some_of(only));
    }
    const auto findings = run_checks(*machine, checks);
    if (wish.alone) {
        for (const Finding& finding : findings) {
            say(diagnosis::to_line(finding));
        }
        return {};
    }
    Report report = load(state);
    if (only.empty()) {
        report.findings = findings;  // a check that an older version had goes
        report.at = machine->now_s();
    } else {
        report.take(findings);
    }
    for (const Finding& finding : findings) {
        say(diagnosis::to_line(finding));
    }
    // A clock that was wrong once must not put off the nights for years.
    if (wish.nightly || report.next == 0 || report.next > machine->now_s() + next_look_at_most_s) {
        report.next = next_look(*machine);
    }
    if (!wish.nightly) {
        return save(state, report);
    }
    // Noted before it is told: a file that cannot be written must not make a letter each time.
    Report told = report;
    const std::vector<Finding> worse = note_worse(told);
    if (auto saved = save(state, told); !saved) {
        return saved;
    }
    if (!worse.empty() && !tell(*machine, worse)) {
        told.said = report.said;  // tried again the next night
        return save(state, told);
    }
    return {};
}

Status print_diagnosis(const std::string& state) {
    Report report = load(state);
    say("at\t" + std::to_string(report.at));
    for (const Finding& finding : report.findings) {
        say(diagnosis::to_line(finding));
    }
    return {};
}

} // namespace hameau::diagnose
