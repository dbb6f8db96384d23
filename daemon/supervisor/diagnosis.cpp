// When hameau-provision looks over the house (its verb diagnose): when somebody asks, and each night. One run at a time. What only we
// know, the state of each process, goes with it; what a repair needs of us comes back as lines.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <utility>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/turn_state.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event became_worse{"diagnosis.worse", Level::warning, "hameau diagnose says what to do"};
constexpr Event letter_failed{"diagnosis.mail_failed", Level::warning, "the admins were not told by mail; hameau diagnose says it"};
constexpr Event repaired{"diagnosis.repaired", Level::notice};
constexpr Event diagnosis_failed{"diagnosis.failed", Level::error};
constexpr Event repair_refused{"diagnosis.repair_refused", Level::notice};
constexpr TurnBounds diagnosis_bounds{diagnosis_state_bytes_max, diagnosis_line_max, diagnosis_turn_min, diagnosis_turn_max, diagnosis_after_failure};

} // namespace

/// A trial is looked at when somebody asks.
bool House::may_diagnose_nightly() const { return !closing_ && !place_.trial && !is_waiting(); }

void House::plan_diagnosis() {
    const TurnEnd end = turn_end_in(place_.state + "/diagnosis/state", diagnosis_bounds);
    next_diagnosis_ = clock_.now() + std::max(end.wait, diagnosis_after_start);
}

void House::tick_diagnosis(Duration now) {
    if (diagnosis_.pid != 0 && diagnosis_deadline_ <= now) {
        ::kill(-diagnosis_.pid, SIGKILL);
    }
    if (diagnosis_.pid == 0 && may_diagnose_nightly() && next_diagnosis_ <= now) {
        nightly_diagnosis();
    }
}

void House::nightly_diagnosis() {
    // The wait is never longer than half a day, as the wall's clock may jump: so it may not be due yet.
    const TurnEnd end = turn_end_in(place_.state + "/diagnosis/state", diagnosis_bounds);
    // Put off more often than a night is long: a clock that was wrong wrote that time.
    if (end.wait > diagnosis_bounds.wait_min && ++diagnosis_put_off_ < diagnosis_put_off_max) {
        next_diagnosis_ = clock_.now() + end.wait;
        return;
    }
    diagnosis_put_off_ = 0;
    next_diagnosis_ = clock_.now() + diagnosis_bounds.wait_max;  // until its end says more
    diagnoses_.push_back({{"nightly=1"}, {}});
    start_next_diagnosis();
}

/// Why this service may not have that repair; empty: it may. The command is root's or of the group hameau; every other asker speaks for
/// a page, and may have been broken into: it gets no repair that loses something, and none again and again.
std::string House::refuse_repair(const Service& asker, const Message& message) const {
    if (asker.spec.kind == Kind::admin) {
        return "";
    }
    if (!message.get("yes").empty()) {
        return "diagnose.command";
    }
    const auto last = repaired_.find(message.get("repair"));
    return last != repaired_.end() && clock_.now() - last->second < repairs_of_pages_every ? "diagnose.lately" : "";
}

/// From when it was asked for, whatever comes of it: one that fails, or is killed, is not begun again at once either. False: who asks for so
/// many is no page.
bool House::note_repair(std::string_view check) {
    std::erase_if(repaired_, [this](const auto& one) { return clock_.now() - one.second >= repairs_of_pages_every; });
    if (repaired_.size() >= diagnosis_facts_max) {
        return false;
    }
    if (!check.empty()) {
        repaired_.insert_or_assign(std::string(check.substr(0, diagnosis_argument_bytes_max)), clock_.now());
    }
    return true;
}

/// The same question while the first has not begun is one run. True: `who` waits for that one now.
bool House::join_diagnosis(const std::vector<std::string>& arguments, const std::pair<std::string, std::uint32_t>& who) {
    for (std::size_t i = diagnosis_.pid == 0 ? 0 : 1; i < diagnoses_.size(); ++i) {
        if (diagnoses_[i].arguments == arguments && diagnoses_[i].askers.size() < diagnoses_max) {
            diagnoses_[i].askers.push_back(who);
            return true;
        }
    }
    return false;
}

void House::want_diagnosis(Service& asker, const Message& message) {
    Diagnose wanted;
    for (const char* name : {"only", "repair", "yes"}) {
        if (!message.get(name).empty()) {
            wanted.arguments.push_back(std::string(name) + "=" + std::string(message.get(name).substr(0, diagnosis_argument_bytes_max)));
        }
    }
    const std::pair who{asker.spec.name, message.serial};
    const std::string refused = refuse_repair(asker, message);
    if (refused != "diagnose.command" && join_diagnosis(wanted.arguments, who)) {
        return;
    }
    if (!refused.empty()) {
        journal_.write(repair_refused, {{"from", asker.spec.name}, {"check", std::string(message.get("repair").substr(0, diagnosis_argument_bytes_max))}, {"why", refused}});
        answer_provision(asker, message.serial, refused);
        return;
    }
    if (diagnoses_.size() >= diagnoses_max || !note_repair(message.get("repair"))) {
        answer_provision(asker, message.serial, "diagnose.busy");
        return;
    }
    wanted.askers.push_back(who);
    diagnoses_.push_back(std::move(wanted));
    start_next_diagnosis();
}

/// Arguments of the verb: service=NAME TAB STATE TAB RESTARTS TAB MILLISECONDS TAB WORDS, missing=NAME TAB WHY, wall=NAME.
std::vector<std::string> House::facts_for_diagnosis() const {
    std::vector<std::string> out;
    for (const auto& service : services_) {
        const auto since = (clock_.now() - service->policy.since()).count();
        out.push_back("service=" + service->spec.name + "\t" + to_text(service->policy.state()) + "\t" + std::to_string(service->policy.restarts()) + "\t" +
                      std::to_string(since) + "\t" + service->status.substr(0, diagnosis_argument_bytes_max));
    }
    for (const auto& [name, why] : missing_parts(settings_, place_)) {
        out.push_back("missing=" + name + "\t" + why);
    }
    if (!engines_missing_.empty()) {
        out.push_back("missing=mail\t" + engines_missing_.substr(0, diagnosis_argument_bytes_max));
    }
    for (const std::string& wall : available_walls()) {
        out.push_back("wall=" + wall);
    }
    out.resize(std::min(out.size(), diagnosis_facts_max));
    return out;
}

void House::start_next_diagnosis() {
    while (diagnosis_.pid == 0 && !diagnoses_.empty() && !closing_) {
        const Diagnose& wanted = diagnoses_.front();
        std::vector<std::string> arguments = facts_for_diagnosis();
        arguments.insert(arguments.end(), wanted.arguments.begin(), wanted.arguments.end());
        auto running = spawn_provision("diagnose", arguments, wanted.askers.empty() ? background_nice : 0);
        if (running) {
            diagnosis_ = std::move(*running);
            diagnosis_deadline_ = clock_.now() + diagnosis_limit;
            return;
        }
        journal_.write(diagnosis_failed, {{"error", running.error().message}});
        for (const auto& [name, serial] : wanted.askers) {
            if (Service* asker = find(name)) {
                answer_provision(*asker, serial, running.error().message);
            }
        }
        diagnoses_.pop_front();
    }
}

/// Why nothing comes of it, as a code (diagnosis_texts.cpp, "refused."); empty: it is done, or begun.
std::string House::on_diagnosis_wish(std::string_view line) {
    const auto words = split(line, '\t');
    if (words.size() == 2 && words[0] == "restart") {
        // Not waiting any more: it was started meanwhile.
        if (Service* target = find(words[1]); target != nullptr && target->policy.state() == State::waiting) {
            act(*target, target->policy.on_restart_wanted(clock_.now()));
        }
    } else if (words[0] == "engines") {
        provisions_.push_back({"", 0, "mail-engines", {}});
        start_next_provision();
    } else if (words[0] == "certificates") {
        // Each wish passes over the waits between orders: an authority closes the account of who asks too often.
        if (certificates_mended_ != Duration{} && clock_.now() - certificates_mended_ < certificates_mended_every) {
            return "certificates.lately";
        }
        certificates_mended_ = clock_.now();
        want_certificates(true);
    } else if (words[0] == "show-certificates") {
        reload_gate_certificates();
    } else if (words[0] == "backup" || words[0] == "drill") {
        Message wish;
        wish.fields.emplace_back(words[0] == "drill" ? "drill" : "target", words[0] == "drill" ? "1" : "*");
        return want_backup(wish);
    }
    return "";
}

/// What a repair needs of us. The first refusal.
std::string House::on_diagnosis_wishes(std::string_view text) {
    std::string refused;
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("ask\t")) {
            const std::string why = on_diagnosis_wish(line.substr(4));
            refused = refused.empty() ? why : refused;
        }
    }
    return refused;
}

/// What the asker gets. "mended" that we refused is not mended.
std::string House::answer_of_diagnosis(std::string_view text, bool good) {
    const std::string refused = good ? on_diagnosis_wishes(text) : "";
    std::string answer;
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(line, '\t');
        if (words[0] == "ask" && good) {
            answer += refused.empty() ? "later\t1\n" : "";
        } else if (words[0] == "worse") {
            journal_.write(became_worse, {{"checks", std::string(line.substr(6))}});
        } else if (words[0] == "mail") {
            journal_.write(letter_failed, {{"error", std::string(line.substr(5))}});
        } else if (words[0] == "mended" && words.size() == 2 && !refused.empty()) {
            answer += "not_mended\t" + std::string(words[1]) + "\t" + refused + "\n";
        } else if (!line.empty()) {
            if (words[0] == "mended" && words.size() == 2) {
                journal_.write(repaired, {{"check", std::string(words[1])}});
            }
            answer += std::string(line.substr(0, diagnosis_line_max)) + "\n";
        }
    }
    answer.resize(std::min(answer.size(), answer_text_max));
    return answer;
}

void House::on_diagnosis_end(int wait_status) {
    const Diagnose done = std::move(diagnoses_.front());
    diagnoses_.pop_front();
    const std::string text = take_words(diagnosis_);
    const bool good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    const std::string answer = answer_of_diagnosis(text, good);
    if (done.askers.empty()) {
        if (!good) {
            journal_.write(diagnosis_failed, {{"error", answer.substr(0, diagnosis_line_max)}});
        }
        plan_diagnosis();
        if (!good) {
            // Its file says nothing of this run: not again each two minutes, whatever the reason.
            next_diagnosis_ = clock_.now() + diagnosis_bounds.wait_max;
        }
    }
    for (const auto& [name, serial] : done.askers) {
        if (Service* asker = find(name)) {
            const std::string error = answer.empty() ? "hameau-provision ended without a word" : answer.substr(0, answer.find('\n'));
            answer_provision(*asker, serial, good ? "" : error, good ? answer : "");
        }
    }
    start_next_diagnosis();
}

} // namespace hameau::supervisor
