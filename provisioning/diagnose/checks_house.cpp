// The house itself: its processes, its files, its databases, quotas, backups.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "daemon/base/text.hpp"
#include "daemon/contract/backup_state.hpp"
#include "daemon/contract/parts.hpp"
#include "daemon/modules.hpp"
#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/diagnose/rights.hpp"

namespace hameau::diagnose {

namespace {

constexpr std::int64_t day_s = std::int64_t{24} * 3600;
constexpr std::uint64_t mega = 1 << 20;
constexpr std::uint64_t restarts_many = 5;
constexpr std::uint64_t quota_near_percent = 90;
constexpr std::uint64_t wal_large = 64 * mega;

std::vector<std::string> databases() {
    std::vector<std::string> out;
    for (const Manifest* manifest : builtin_modules()) {
        for (const BackupPart& part : manifest->backup) {
            if (part.keep == Keep::database) {
                out.push_back(std::string(manifest->name) + "/" + std::string(part.path));
            }
        }
    }
    return out;
}

/// hameaud tells of its processes when it asks for the look; the command that looks alone knows of none.
Verdict house_runs(const Machine& machine) {
    const bool runs = !machine.services().empty();
    return {runs ? State::fine : State::broken, runs ? "fine" : "silent", {}};
}

Verdict services_states(const Machine& machine) {
    if (machine.services().empty()) {
        return {State::unknown, any::unreadable};
    }
    std::vector<std::string> failing;
    for (const ServiceFacts& service : machine.services()) {
        if (service.state == "failing") {
            failing.push_back(service.name);
        }
    }
    return {failing.empty() ? State::fine : State::broken, failing.empty() ? "fine" : "failing",
            {{"names", some_of(failing)}, {"count", std::to_string(machine.services().size())}}};
}

/// Since the house started: a service that ends by itself lost what it was doing.
Verdict services_restarts(const Machine& machine) {
    if (machine.services().empty()) {
        return {State::unknown, any::unreadable};
    }
    std::vector<std::string> often;
    for (const ServiceFacts& service : machine.services()) {
        if (service.restarts >= restarts_many) {
            often.push_back(service.name + " (" + std::to_string(service.restarts) + ")");
        }
    }
    return {often.empty() ? State::fine : State::attention, often.empty() ? "fine" : "often", {{"names", some_of(often)}}};
}

Verdict services_all(const Machine& machine) {
    if (machine.services().empty()) {
        return {State::unknown, any::unreadable};
    }
    std::vector<std::string> missing;
    for (const auto& [name, why] : machine.missing()) {
        missing.push_back(name);
    }
    return {missing.empty() ? State::fine : State::attention, missing.empty() ? "fine" : "missing", {{"names", some_of(missing)}}};
}

Verdict services_root(const Machine& machine) { return {machine.root() ? State::fine : State::attention, machine.root() ? "fine" : "one_user", {}}; }

Verdict house_host(const Machine& machine) {
    const std::string& host = machine.settings().text("house.host");
    return {host.empty() ? State::broken : State::fine, host.empty() ? "none" : "fine", {{"name", host}}};
}

/// Who forgets a password can be helped by another admin only.
Verdict house_admins(const Machine& machine) {
    const auto rows = machine.ask("people/people.db", "SELECT count(*) FROM person WHERE admin = 1 AND disabled = 0 AND binned = 0 AND password_hash IS NOT NULL");
    if (!rows || rows->empty()) {
        return {State::unknown, any::unreadable};
    }
    const int count = std::atoi(rows->front().front().c_str());
    const State state = count == 0 ? State::broken : count == 1 ? State::attention : State::fine;
    return {state, count == 0 ? "none" : count == 1 ? "one" : "fine", {{"count", std::to_string(count)}}};
}

Verdict house_programs(const Machine& machine) {
    std::vector<std::string> missing;
    for (const char* name : {"hameaud", "hameau", "hameau-gate", "hameau-people", "hameau-mail", "hameau-sites", "hameau-pads", "hameau-admin", "hameau-check",
                             "hameau-convert", "hameau-unpack", "hameau-milter", "hameau-submit", "hameau-seats", "hameau-password", "hameau-boxes", "hameau-words"}) {
        if (!machine.file(machine.binaries() + "/" + name)) {
            missing.emplace_back(name);
        }
    }
    return {missing.empty() ? State::fine : State::broken, missing.empty() ? "fine" : "missing", {{"names", some_of(missing)}}};
}

Verdict house_pages(const Machine& machine) {
    const bool there = machine.file(machine.binaries() + "/web/index.html").has_value();
    return {there ? State::fine : State::broken, there ? "fine" : "missing", {}};
}

Verdict state_folders_check(const Machine& machine) {
    if (!machine.file(machine.state() + "/people")) {
        return {State::unknown, any::unreadable};
    }
    const auto wrong = wrong_folders(machine);
    std::vector<std::string> names;
    for (const WrongFolder& folder : wrong) {
        names.push_back(folder.path.substr(machine.state().size() + 1));
    }
    return {wrong.empty() ? State::fine : State::broken, wrong.empty() ? "fine" : "wrong", {{"names", some_of(names)}}};
}

Verdict state_secrets(const Machine& machine) {
    if (!machine.file(machine.state() + "/tls/default.pem")) {
        return {State::unknown, any::unreadable};
    }
    const auto open = open_secrets(machine);
    std::vector<std::string> names;
    for (const OpenSecret& secret : open) {
        names.push_back(secret.path.starts_with(machine.state()) ? secret.path.substr(machine.state().size() + 1) : secret.path);
    }
    return {open.empty() ? State::fine : State::broken, open.empty() ? "fine" : "open", {{"names", some_of(names)}}};
}

Verdict logs_size(const Machine& machine) {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    for (const auto& [path, facts] : machine.files_below(machine.state() + "/log", 1000)) {
        bytes += facts.bytes;
        ++files;
    }
    if (files == 0) {
        return {State::unknown, "journal", {}};
    }
    // Each service may have house.log_size, its older half included.
    const std::uint64_t allowed = machine.settings().size_bytes("house.log_size") * (machine.services().size() + 2);
    const bool large = bytes > allowed;
    return {large ? State::attention : State::fine, large ? "large" : "fine", {{"size", std::to_string(bytes / mega)}}};
}

/// quick_check reads every page: what the disk lost is found before somebody needs it.
Verdict databases_sound(const Machine& machine) {
    std::vector<std::string> damaged;
    std::size_t looked = 0;
    bool unread = false;
    for (const std::string& name : databases()) {
        if (!machine.file(machine.state() + "/" + name)) {
            continue;
        }
        const auto rows = machine.ask(name, "PRAGMA quick_check(1)");
        if (!rows) {
            unread = true;  // what is known to be damaged is said all the same
            continue;
        }
        ++looked;
        if (rows->empty() || rows->front().front() != "ok") {
            damaged.push_back(name);
        }
    }
    if (damaged.empty() && (unread || looked == 0)) {
        return {State::unknown, unread ? any::unreadable : any::empty};
    }
    return {damaged.empty() ? State::fine : State::broken, damaged.empty() ? "fine" : "damaged", {{"names", some_of(damaged)}, {"count", std::to_string(looked)}}};
}

/// A reader that never ends keeps SQLite from emptying it.
Verdict databases_journal(const Machine& machine) {
    std::vector<std::string> large;
    bool any_database = false;
    for (const std::string& name : databases()) {
        any_database = any_database || machine.file(machine.state() + "/" + name);
        const auto facts = machine.file(machine.state() + "/" + name + "-wal");
        if (facts && facts->bytes > wal_large) {
            large.push_back(name);
        }
    }
    if (!any_database) {
        return {State::unknown, any::empty};
    }
    return {large.empty() ? State::fine : State::attention, large.empty() ? "fine" : "large", {{"names", some_of(large)}}};
}

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

Verdict quota_associations(const Machine& machine) {
    const auto rows = machine.ask("people/people.db", "SELECT a.slug, a.quota_bytes, coalesce(sum(u.bytes), 0) FROM association a LEFT JOIN usage u "
                                                      "ON u.association = a.slug WHERE a.binned_ms = 0 GROUP BY a.slug ORDER BY a.slug");
    if (!rows) {
        return {State::unknown, any::unreadable};
    }
    if (rows->empty()) {
        return {State::unknown, any::empty};
    }
    std::vector<std::string> full;
    std::vector<std::string> near;
    for (const Row& row : *rows) {
        const std::uint64_t quota = number(row[1]);
        const std::uint64_t used = number(row[2]);
        if (quota > 0 && used >= quota) {
            full.push_back(row[0]);
        } else if (quota > 0 && used >= quota / 100 * quota_near_percent) {
            near.push_back(row[0]);
        }
    }
    if (!full.empty()) {
        return {State::broken, "full", {{"associations", some_of(full)}}};
    }
    return {near.empty() ? State::fine : State::attention, near.empty() ? "fine" : "near", {{"associations", some_of(near)}, {"count", std::to_string(rows->size())}}};
}

/// The sizes stand in the names of the messages (",S=1234": Maildir of Dovecot), so no message is opened.
std::uint64_t bytes_in(const Machine& machine, const std::string& folder) {
    std::uint64_t bytes = 0;
    for (const auto& [path, facts] : machine.files_below(folder, mailbox_files_max)) {
        const std::size_t at = path.rfind(",S=");
        bytes += at == std::string::npos ? 0 : std::strtoull(path.c_str() + at + 3, nullptr, 10);
    }
    return bytes;
}

Verdict quota_mailboxes(const Machine& machine) {
    if (!has_mail(machine)) {
        return {State::unknown, any::off};
    }
    const auto rows = machine.ask("mail/mail.db", "SELECT folder, quota_bytes FROM mailbox WHERE quota_bytes > 0");
    if (!rows) {
        return {State::unknown, any::unreadable};
    }
    if (rows->empty()) {
        return {State::unknown, any::empty};
    }
    std::size_t full = 0;
    std::size_t near = 0;
    for (const Row& row : *rows) {
        const std::uint64_t quota = number(row[1]);
        if (!is_part_path(row[0])) {
            return {State::unknown, any::unreadable};  // the module's database says something else than a folder of its own
        }
        const std::uint64_t used = bytes_in(machine, machine.state() + "/mail/boxes/" + row[0]);
        full += used >= quota ? 1 : 0;
        near += used < quota && used >= quota / 100 * quota_near_percent ? 1 : 0;
    }
    const bool any_full = full > 0;
    const State state = any_full ? State::broken : near > 0 ? State::attention : State::fine;
    return {state, any_full ? "full" : near > 0 ? "near" : "fine", {{"count", std::to_string(any_full ? full : near > 0 ? near : rows->size())}}};
}

Verdict sites_files(const Machine& machine) {
    const auto text = machine.text(machine.state() + "/sites/hosts.map");
    if (!text) {
        return {State::unknown, any::empty};
    }
    std::vector<std::string> broken;
    std::size_t published = 0;
    for (const std::string_view line : split(*text, '\n')) {
        const auto columns = split(line, '\t');
        if (columns.size() < 2 || columns[1] == "-") {
            continue;
        }
        ++published;
        // What a module wrote leads nowhere but below its folder.
        if (!is_part_path(columns[1]) || !machine.file(machine.state() + "/sites/" + std::string(columns[1]))) {
            broken.emplace_back(columns[0]);
        }
    }
    if (published == 0) {
        return {State::unknown, any::empty};
    }
    return {broken.empty() ? State::fine : State::broken, broken.empty() ? "fine" : "missing", {{"names", some_of(broken)}, {"count", std::to_string(published)}}};
}

std::optional<backup::State> backup_state(const Machine& machine) {
    const auto text = machine.text(machine.state() + "/backup/state");
    return text ? std::optional(backup::State::parse(*text)) : std::nullopt;
}

/// Empty when the settings name targets, and there is a state to judge by.
std::optional<Verdict> without_backups(const Machine& machine) {
    if (!machine.settings().text("house.backup_targets").empty()) {
        return backup_state(machine) ? std::nullopt : std::optional(Verdict{State::unknown, any::empty});
    }
    return Verdict{State::unknown, machine.trial() ? any::trial : any::empty};
}

Verdict backup_targets(const Machine& machine) {
    if (machine.settings().text("house.backup_targets").empty()) {
        return machine.trial() ? Verdict{State::unknown, any::trial} : Verdict{State::broken, "none", {}};
    }
    if (auto without = without_backups(machine)) {
        return *without;
    }
    std::size_t bad = 0;
    const auto state = *backup_state(machine);
    for (const auto& target : state.targets) {
        bad += target.code != backup::code::fine ? 1 : 0;
    }
    const bool all = bad == state.targets.size();
    return {bad == 0 ? State::fine : all ? State::broken : State::attention, bad == 0 ? "fine" : "failing",
            {{"count", std::to_string(bad == 0 ? state.targets.size() : bad)}, {"all", std::to_string(state.targets.size())}}};
}

Verdict backup_age(const Machine& machine) {
    if (auto without = without_backups(machine)) {
        return *without;
    }
    std::int64_t newest = 0;
    const auto state = *backup_state(machine);
    for (const auto& target : state.targets) {
        newest = std::max(newest, target.last_good);
    }
    if (newest == 0) {
        return {State::broken, "never", {}};
    }
    const std::int64_t age = std::max<std::int64_t>(machine.now_s() - newest, 0);
    const bool old = age > backup_old_s;
    return {old ? State::broken : State::fine, old ? "old" : "fine", {{"hours", std::to_string(age / 3600)}, {"days", std::to_string(age / day_s)}}};
}

Verdict backup_drill(const Machine& machine) {
    if (auto without = without_backups(machine)) {
        return *without;
    }
    const auto state = *backup_state(machine);
    if (state.drill.code.empty()) {
        return {State::attention, "never", {}};
    }
    const std::int64_t age = std::max<std::int64_t>(machine.now_s() - state.drill.at, 0);
    if (state.drill.code != backup::code::fine && !state.drill.was_not_whole()) {
        return {State::attention, "untried", {{"days", std::to_string(age / day_s)}}};
    }
    const bool failed = state.drill.code != backup::code::fine;
    const bool old = age > drill_old_s;
    return {failed ? State::broken : old ? State::attention : State::fine, failed ? "failed" : old ? "old" : "fine", {{"days", std::to_string(age / day_s)}}};
}

Verdict backup_key(const Machine& machine) {
    if (auto without = without_backups(machine)) {
        return *without;
    }
    const bool seen = backup_state(machine)->key_shown != 0;
    return {seen ? State::fine : State::broken, seen ? "fine" : "unseen", {}};
}

constexpr std::array table = {
    Check{"house.runs", house_runs},
    Check{"services.states", services_states},
    Check{"services.restarts", services_restarts},
    Check{"services.all", services_all},
    Check{"services.root", services_root},
    Check{"house.host", house_host},
    Check{"house.admins", house_admins},
    Check{"house.programs", house_programs},
    Check{"house.pages", house_pages},
    Check{"state.folders", state_folders_check},
    Check{"state.secrets", state_secrets},
    Check{"logs.size", logs_size},
    Check{"databases.sound", databases_sound, slow_deadline},
    Check{"databases.journal", databases_journal},
    Check{"quota.associations", quota_associations},
    Check{"quota.mailboxes", quota_mailboxes, slow_deadline},
    Check{"sites.files", sites_files},
    Check{"backup.targets", backup_targets},
    Check{"backup.age", backup_age},
    Check{"backup.drill", backup_drill},
    Check{"backup.key", backup_key},
};

} // namespace

std::span<const Check> house_checks() { return table; }

} // namespace hameau::diagnose
