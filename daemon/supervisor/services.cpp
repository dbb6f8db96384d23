// From settings and manifests to the list of processes.
#include "daemon/supervisor/services.hpp"

#include <filesystem>
#include <grp.h>

#include "daemon/modules.hpp"
#include "daemon/supervisor/contract.hpp"

namespace hameau::supervisor {

namespace {

ServiceSpec base_spec(std::string name, Kind kind) {
    ServiceSpec spec;
    spec.program = "hameau-" + name;
    spec.name = std::move(name);
    spec.kind = kind;
    spec.uid = uid_of(spec.name);
    spec.gid = spec.uid;
    return spec;
}

ServiceSpec engine_spec(std::string name, std::string program, std::vector<std::string> arguments) {
    ServiceSpec spec;
    spec.name = std::move(name);
    spec.kind = Kind::engine;
    spec.program = std::move(program);
    spec.arguments = std::move(arguments);
    spec.drop = false;
    spec.says_ready = false;
    spec.has_control = false;
    spec.stop_stage = 0;
    spec.death_signal = 15;
    spec.own_session = true;
    return spec;
}

std::vector<std::uint16_t> mail_ports(const Settings& settings, std::initializer_list<const char*> names) {
    std::vector<std::uint16_t> ports;
    for (const char* name : names) {
        ports.push_back(static_cast<std::uint16_t>(settings.integer(std::string("mail.") + name + "_port")));
    }
    return ports;
}

void plan_engines(const Settings& settings, const Place& place, std::vector<ServiceSpec>& specs) {
    const std::string engines = place.state + "/engines";
    ServiceSpec dovecot = engine_spec("dovecot", "/usr/sbin/dovecot", {"-F", "-c", engines + "/dovecot/dovecot.conf"});
    dovecot.folder = engines + "/dovecot/run";
    dovecot.ports = mail_ports(settings, {"imap", "imaps", "sieve"});
    dovecot.pid_file = dovecot.folder + "/master.pid";
    if (!place.root) {
        specs.push_back(std::move(dovecot));
        return;
    }
    ServiceSpec milter = base_spec("milter", Kind::module);
    // It reads mail.db and asks Dovecot where Postfix does: by the rights of Postfix's group.
    if (const group* postfix = ::getgrnam("postfix"); postfix != nullptr) {
        milter.groups.push_back(postfix->gr_gid);
    }
    specs.push_back(std::move(milter));
    specs.push_back(std::move(dovecot));
    ServiceSpec postfix = engine_spec("postfix", "/usr/lib/postfix/sbin/master", {"-s", "-c", engines + "/postfix"});
    postfix.guarded = true;
    postfix.ports = mail_ports(settings, {"smtp", "submission", "submissions"});
    postfix.folder = engines + "/postfix/queue";
    postfix.pid_file = postfix.folder + "/pid/master.pid";
    specs.push_back(std::move(postfix));
}

void plan_external(const Settings& settings, const std::map<std::string, uid_t>& uids, std::vector<ServiceSpec>& specs) {
    for (const std::string& name : external_names(settings)) {
        const auto uid = uids.find(name);
        if (uid == uids.end()) {
            continue;
        }
        const std::string base = "external." + name;
        ServiceSpec spec = base_spec(name, Kind::external);
        spec.program = settings.text(base + ".executable");
        spec.uid = uid->second;
        spec.gid = uid->second;
        spec.says_ready = true;
        spec.has_control = false;
        for (int i = 0; settings.has(base + ".arguments." + std::to_string(i)); ++i) {
            spec.arguments.push_back(settings.text(base + ".arguments." + std::to_string(i)));
        }
        spec.limits.on_demand = !settings.has(base + ".idle_stop") || settings.duration(base + ".idle_stop").count() > 0;
        if (settings.has(base + ".idle_stop")) {
            spec.environment.push_back("HAMEAU_IDLE_STOP_MS=" +
                                       std::to_string(settings.duration(base + ".idle_stop").count()));
        }
        specs.push_back(std::move(spec));
    }
}

} // namespace

uid_t uid_of(std::string_view role) {
    for (const RoleUid& entry : role_uids) {
        if (entry.role == role) {
            return entry.uid;
        }
    }
    return external_uid_first;
}

std::vector<std::string> external_names(const Settings& settings) {
    constexpr std::string_view prefix = "external.";
    constexpr std::string_view suffix = ".executable";
    std::vector<std::string> names;
    for (const auto& [key, value] : settings.all()) {
        if (key.starts_with(prefix) && key.ends_with(suffix)) {
            names.push_back(key.substr(prefix.size(), key.size() - prefix.size() - suffix.size()));
        }
    }
    return names;
}

std::vector<ServiceSpec> plan_services(const Settings& settings, const Place& place,
                                       const std::map<std::string, uid_t>& module_uids) {
    std::vector<ServiceSpec> specs;
    for (const Manifest* manifest : builtin_modules()) {
        const std::string name(manifest->name);
        if (settings.has(name + ".enabled") && !settings.boolean(name + ".enabled")) {
            continue;
        }
        ServiceSpec spec = base_spec(name, Kind::module);
        spec.limits.on_demand = settings.duration(name + ".idle_stop").count() > 0;
        spec.stop_stage = name == "people" ? 2 : 1;
        for (const std::string_view verb : manifest->verbs) {
            spec.verbs.emplace_back(verb);
        }
        if (manifest->sandbox.may_fork) {
            spec.helper = name == "sites" ? "unpack" : name == "pads" ? "convert" : "";
        }
        specs.push_back(std::move(spec));
        if (name == "mail" && !settings.text("house.host").empty()) {
            plan_engines(settings, place, specs);
        }
    }
    plan_external(settings, module_uids, specs);
    ServiceSpec admin = base_spec("admin", Kind::admin);
    admin.limits.on_demand = true;
    admin.verbs = {"backup-now", "backup-state", "backup-key", "backup-list", "backup-ssh", "diagnose", "diagnosis"};
    specs.push_back(std::move(admin));
    ServiceSpec gate = base_spec("gate", Kind::gate);
    gate.stop_stage = 0;
    specs.push_back(std::move(gate));
    return specs;
}

std::vector<std::pair<std::string, std::string>> missing_parts(const Settings& settings, const Place& place) {
    std::vector<std::pair<std::string, std::string>> missing;
    const bool mail = settings.has("mail.enabled") && settings.boolean("mail.enabled");
    if (mail && !place.root) {
        missing.emplace_back("mail", "off: Postfix needs root");
    } else if (mail && settings.text("house.host").empty()) {
        missing.emplace_back("mail", "off: the house has no host name yet (hameau setup)");
    }
    return missing;
}

} // namespace hameau::supervisor
