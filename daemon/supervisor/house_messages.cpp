// What children may ask over their control socket: status, provisioning verbs, announcements, restarts.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/wait.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/child/child.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "daemon/supervisor/collect.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/processes.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event message_refused{"control.refused", Level::warning};
constexpr Event provision_failed{"provision.failed", Level::error};
// As daemon/host tells it of the other databases.
constexpr Event database_copied{"module.database_copied", Level::notice, "a new version changes the form of this database; the copy goes away by itself after two weeks"};
constexpr Event database_not_copied{"module.database_not_copied", Level::warning, "the new version goes on without a copy: to go back to the version before, a backup is needed"};

} // namespace

void House::on_message(Service& service, const Message& message) {
    const bool admin = service.spec.kind == Kind::admin;
    const bool people = service.spec.name == "people";
    switch (message.kind) {
    case MessageKind::report_answer:
        for (const auto& [name, value] : message.fields) {
            // Digits only: a tab in a value would shift the columns of the status answer.
            const bool number = value.size() <= 20 && value.find_first_not_of("0123456789") == std::string::npos;
            if (number && service.usage.size() < 16) {
                service.usage[name] = value;
            }
        }
        note_report(service, message);
        for (StatusQuery& query : queries_) {
            query.awaited -= query.awaited > 0 && answers_who_asked(message) ? 1 : 0;
        }
        return;
    case MessageKind::status:
        if ((admin || people) && queries_.size() < status_queries_max) {
            begin_status(service, message);
            return;
        }
        break;
    case MessageKind::provision:
        on_provision(service, message);
        return;
    case MessageKind::announce: {
        const std::string what(message.get("what"));
        if (service.spec.kind == Kind::gate && what == "served") {
            on_served(message);
            return;
        }
        Service* gate = find("gate");
        if (service.spec.name == "mail" && what == "hosts") {
            want_certificates();  // the names beside a mail domain are ordered once DNS leads here
        }
        if ((service.spec.name == "sites" || service.spec.name == "mail") && what == "hosts" && gate != nullptr && gate->control) {
            Message forward = message;
            forward.kind = MessageKind::announce;
            (void)send_message(gate->control.get(), forward);
            return;
        }
        break;
    }
    case MessageKind::restart: {
        Service* target = find(message.get("service"));
        if (admin && target != nullptr) {
            act(*target, target->policy.on_restart_wanted(clock_.now()));
            return;
        }
        break;
    }
    case MessageKind::stop_house:
        if (admin) {
            close_house();
            return;
        }
        break;
    default:
        break;
    }
    journal_.write(message_refused, {{"from", service.spec.name}, {"kind", std::to_string(static_cast<int>(message.kind))}});
}

/// Not a program: the gate itself says when it serves what hosts.map says of a host. An answer comes within serve_wait.
void House::begin_serving(Service& asker, const Message& question) {
    serving_.push_back({asker.spec.name, question.serial, next_gate_serial_++, std::string(question.get("host")), clock_.now() + serve_wait});
    ask_gate(serving_.back());
}

void House::ask_gate(const ServeQuery& query) {
    Service* gate = find("gate");
    if (gate == nullptr || !gate->control) {
        return;  // asked when it says READY, or answered when time is up
    }
    Message announce;
    announce.kind = MessageKind::announce;
    announce.serial = query.gate_serial;
    announce.fields = {{"what", "hosts"}, {"host", query.host}};
    (void)send_message(gate->control.get(), announce);
}

void House::on_served(const Message& answer) {
    const auto found = std::find_if(serving_.begin(), serving_.end(),
                                    [&answer](const ServeQuery& query) { return query.gate_serial == answer.serial; });
    if (found == serving_.end()) {
        return;  // too late, or the second answer after a restart
    }
    const ServeQuery query = std::move(*found);
    serving_.erase(found);
    answer_serving(query, answer.get("ok") == "1", std::string(answer.get("error")));
}

void House::answer_serving(const ServeQuery& query, bool good, const std::string& error) {
    if (Service* asker = find(query.asker)) {
        answer_provision(*asker, query.serial, good ? "" : error.empty() ? "the gate did not say why" : error);
    }
}

void House::on_provision(Service& service, const Message& message) {
    const std::string verb(message.get("verb"));
    const auto& verbs = service.spec.verbs;
    const bool allowed = std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
    const bool serve = verb == "serve-hosts";
    const bool full = serve ? serving_.size() >= serve_queries_max : provisions_.size() >= provision_queue_max;
    if (!allowed || full) {
        journal_.write(message_refused, {{"from", service.spec.name}, {"kind", std::to_string(static_cast<int>(message.kind))}});
        answer_provision(service, message.serial, allowed ? "too much is waiting; ask again later" : "this service may not ask for " + verb);
        return;
    }
    if (serve) {
        begin_serving(service, message);
        return;
    }
    if (verb == "backup-now") {
        const std::string refused = want_backup(message);
        answer_provision(service, message.serial, refused, std::to_string(backup_.pid));  // whose end the command waits for
        return;
    }
    if (verb == "diagnose") {
        want_diagnosis(service, message);
        return;
    }
    if (verb == "energy") {
        answer_provision(service, message.serial, "", energy_text());
        return;
    }
    Provision wanted{service.spec.name, message.serial, verb, {}};
    for (const auto& [name, value] : message.fields) {
        if (name != "verb") {
            wanted.arguments.push_back(name + "=" + value);
        }
    }
    provisions_.push_back(std::move(wanted));
    start_next_provision();
}

void House::begin_status(Service& asker, const Message& question) {
    StatusQuery query{asker.spec.name, question.serial, clock_.now() + usage_wait, 0};
    Message report;
    report.kind = MessageKind::report;
    for (const auto& service : services_) {
        if (service->policy.state() == State::ready && service->control &&
            send_message(service->control.get(), report)) {
            ++query.awaited;
        }
    }
    queries_.push_back(std::move(query));
}

void House::answer_status(const StatusQuery& query) {
    Service* asker = find(query.asker);
    if (asker == nullptr || !asker->control) {
        return;
    }
    Message answer;
    answer.kind = MessageKind::status_answer;
    answer.serial = query.serial;
    const Duration now = clock_.now();
    // Columns: state, pid, uptime_ms, restarts, pss_kb, cpu_ms, wakeups, kind (ours|engine|external), status text,
    // what the memory is (pss|rss).
    const auto add = [&answer](const std::string& name, std::initializer_list<std::string> columns) {
        std::string line;
        for (const std::string& column : columns) {
            line += (line.empty() ? "" : "\t") + column;
        }
        answer.fields.emplace_back(name, std::move(line));
    };
    const Usage own = measure_usage();
    add("hameaud", {"ready", std::to_string(::getpid()), std::to_string((now - started_).count()), "0",
                    std::to_string(own.pss_kb), std::to_string(own.cpu_ms), std::to_string(own.wakeups), "ours", "", "pss"});
    const auto parents = parents_of_all();
    for (const auto& service : services_) {
        auto& usage = service->usage;
        const bool engine = service->spec.kind == Kind::engine;
        const bool running = service->policy.running();
        const auto column = [&usage](const char* name) { return usage.contains(name) ? usage[name] : std::string("0"); };
        std::string memory = running ? column("pss_kb") : "0";
        const char* measure = "pss";
        if ((engine || service->spec.kind == Kind::external) && running) {
            const TreeMemory used = memory_of(parents, service->pid);
            memory = std::to_string(used.kb);
            measure = used.proportional ? "pss" : "rss";
        }
        add(service->spec.name, {to_text(service->policy.state()), std::to_string(service->pid),
                                 std::to_string((now - service->policy.since()).count()),
                                 std::to_string(service->policy.restarts()), memory,
                                 running ? column("cpu_ms") : "0", running ? column("wakeups") : "0",
                                 engine ? "engine" : service->spec.kind == Kind::external ? "external" : "ours",
                                 service->status, measure});
    }
    for (const auto& [name, reason] : missing_parts(settings_, place_)) {
        answer.fields.emplace_back("missing:" + name, reason);
    }
    if (!engines_missing_.empty()) {
        answer.fields.emplace_back("missing:mail", engines_missing_);
    }
    if (!certificates_trouble_.empty()) {
        answer.fields.emplace_back("trouble:certificates", certificates_trouble_);
    }
    if (!backup_trouble_.empty()) {
        answer.fields.emplace_back("trouble:backup", backup_trouble_);
    }
    // One field for each part of the sandbox.
    if (place_.root) {
        answer.fields.emplace_back("walls", "own uids");
    }
    for (const std::string& wall : available_walls()) {
        answer.fields.emplace_back("walls", wall);
    }
    (void)send_message(asker->control.get(), answer);
}

SpawnPlan House::provision_plan(const std::string& verb, const std::vector<std::string>& arguments) const {
    SpawnPlan plan;
    plan.name = "hameau-provision";
    plan.arguments = {"hameau-provision", verb};
    plan.arguments.insert(plan.arguments.end(), arguments.begin(), arguments.end());
    plan.settings = settings_memory_.get();
    plan.environment = base_environment("provision");
    plan.folder = place_.state;
    return plan;
}

Result<House::Running> House::spawn_provision(const std::string& verb, const std::vector<std::string>& arguments, int nice) {
    const Fd program(::open((place_.binaries + "/hameau-provision").c_str(), O_RDONLY | O_CLOEXEC));
    Running running;
    running.output.reset(::open(place_.state.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_APPEND, 0600));
    SpawnPlan plan = provision_plan(verb, arguments);
    plan.program = program.get();
    plan.errors = running.output.get();
    plan.nice = nice;
    const Fd group = cgroups_.open(nice > 0 ? "hameaud.work" : "hameaud.provision", nice > 0);
    plan.cgroup = group.get();
    const auto pid = spawn(plan);
    if (!pid) {
        return fail(pid.error());
    }
    running.pid = *pid;
    return running;
}

std::string House::take_words(Running& running) {
    std::string text;
    if (running.output) {
        ::lseek(running.output.get(), 0, SEEK_SET);
        text = read_all(running.output.get(), settings_bytes_max).value_or("");
    }
    running = Running();
    return text;
}

std::string House::tell_copies(const std::string& words) {
    std::string rest;
    for (const std::string_view line : split(words, '\n')) {
        const auto columns = split(line, '\t');
        if (columns[0] == "copied" && columns.size() == 2) {
            journal_.write(database_copied, {{"file", std::string(columns[1])}});
        } else if (columns[0] == "not_copied" && columns.size() == 3) {
            journal_.write(database_not_copied, {{"file", std::string(columns[1])}, {"error", std::string(columns[2])}});
        } else if (!line.empty()) {
            rest.append(line).append("\n");
        }
    }
    return rest;
}

Result<std::string> House::run_provision_now(const std::string& verb, const std::vector<std::string>& arguments, Duration limit) {
    const Fd program(::open((place_.binaries + "/hameau-provision").c_str(), O_RDONLY | O_CLOEXEC));
    int ends[2];
    if (!program || ::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno("hameau-provision");
    }
    Fd reader(ends[0]);
    Fd writer(ends[1]);
    SpawnPlan plan = provision_plan(verb, arguments);
    plan.program = program.get();
    plan.errors = writer.get();
    const auto pid = spawn(plan);
    writer.reset();
    if (!pid) {
        return fail(pid.error());
    }
    auto done = collect(*pid, Fd(), std::move(reader), settings_bytes_max, limit);
    if (!done) {
        return fail(std::move(done.error()).during("hameau-provision " + verb));
    }
    done->errors = tell_copies(done->errors);
    if (!done->good()) {
        return fail(ErrorKind::io, done->errors.empty() ? "no answer" : done->errors.substr(0, error_text_max));
    }
    return done->errors;
}

void House::start_next_provision() {
    if (provision_.pid != 0 || provisions_.empty()) {
        return;
    }
    const Provision& wanted = provisions_.front();
    auto running = spawn_provision(wanted.verb, wanted.arguments);
    if (!running) {
        on_provision_end(1 << 8);
        return;
    }
    provision_ = std::move(*running);
    provision_deadline_ = clock_.now() + provision_limit;
}

void House::on_provision_end(int wait_status) {
    const Provision done = std::move(provisions_.front());
    provisions_.pop_front();
    std::string text = take_words(provision_);
    text = (done.verb == "mail-engines" ? tell_copies(text) : text).substr(0, provision_text_max);
    text.erase(text.find_last_not_of('\n') + 1);
    const bool good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    // A certificate that is not there yet is no failure of ours: the turn that asks for it says what comes of it.
    if (!good && !text.starts_with("certificate.")) {
        journal_.write(provision_failed, {{"verb", done.verb}, {"error", text.substr(0, error_text_max)}});
    }
    // The certificate of a site is the gate's alone: the engines have one of their own.
    if (good && (done.verb == "mail-engines" || (done.verb == "certificate" && engines_certificate_changed()))) {
        reload_engines();
    }
    if (good && done.verb == "certificate") {
        reload_gate_certificates();
    }
    if (good && done.verb == "backup-key") {
        read_backup_trouble();  // the sheet was shown
    }
    if (good && done.verb == "set-host" && is_waiting()) {
        reload_at_ = clock_.now() + after_set_host;
    }
    if (!good && done.verb == "certificate") {
        want_certificates();
    }
    if (Service* asker = find(done.asker)) {
        answer_provision(*asker, done.serial, good ? "" : text.empty() ? "hameau-provision ended without a word" : text, good ? text : "");
    }
    start_next_provision();
}

/// `error`: empty when it was done. `words`: what a verb that looks (probe) found.
void House::answer_provision(Service& asker, std::uint32_t serial, const std::string& error, const std::string& words) {
    if (!asker.control) {
        return;
    }
    Message answer;
    answer.kind = MessageKind::provision_answer;
    answer.serial = serial;
    answer.fields.emplace_back("ok", error.empty() ? "1" : "0");
    answer.fields.emplace_back("error", error.substr(0, error_text_max));
    answer.fields.emplace_back("words", words);
    (void)send_message(asker.control.get(), answer);
}

} // namespace hameau::supervisor
