// hameau-milter: what leaves is really from its sender, what arrives is checked, what does not fit is refused in time. Own uid; reads
// mail.db, asks Dovecot's quota-status and DNS, and hears nobody but Postfix. When it is down, mail waits at its sender, on submission and
// from outside (451: default_action in provisioning/postfix.cpp).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "daemon/base/disk.hpp"
#include "daemon/base/journal.hpp"
#include "daemon/base/trial.hpp"
#include "daemon/child/child.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "modules/mail/auth/outgoing_signatures.hpp"
#include "modules/mail/milter/server.hpp"

namespace hameau::milter {

namespace {

constexpr Event milter_failed{"milter.failed", Level::error, "hameaud starts it again"};
constexpr Event milter_ready{"milter.ready", Level::info};
constexpr int exit_usage = 64;
constexpr int exit_failed = 70;

SandboxPlan plan_sandbox(const ChildEnvironment& environment) {
    Manifest manifest;
    manifest.name = "milter";
    SandboxPlan plan = sandbox_for(manifest, environment);
    plan.reads.push_back(environment.state_folder + "/mail");
    // DNS. c-ares reads resolv.conf, hosts, nsswitch.conf and host.conf for each burst of questions. resolv.conf is often a link into /run,
    // and whoever changes it renames a new file over it, or makes it after this process began: so the folders, not the files.
    plan.internet = true;
    plan.files_below = {"/etc", "/run"};
    plan.asks_clock = true;
    return plan;
}

std::string setting(const ChildEnvironment& environment, const std::string& name) {
    return environment.settings.has(name) ? environment.settings.text(name) : "automatic";
}

bool signs(const ChildEnvironment& environment) { return mailauth::signs_outgoing(setting(environment, "mail.outgoing_signatures"), is_trial()); }

/// mail.incoming_checks. A trial is on this computer alone: it asks no DNS unless it is told to.
IncomingMode incoming_mode(const ChildEnvironment& environment) {
    const std::string word = setting(environment, "mail.incoming_checks");
    if (word == "automatic") {
        return is_trial() ? IncomingMode::off : IncomingMode::obey;
    }
    return word == "obey" ? IncomingMode::obey : word == "note" ? IncomingMode::note : IncomingMode::off;
}

int run() {
    const Journal journal("milter");
    auto environment = take_child_environment();
    if (!environment) {
        journal.write(milter_failed, {{"error", environment.error().message}});
        return exit_usage;
    }
    const auto listener = environment->listeners.find("milter");
    if (listener == environment->listeners.end()) {
        journal.write(milter_failed, {{"error", "no listening socket was lent"}});
        return exit_usage;
    }
    Places places;
    places.database = environment->state_folder + "/mail/mail.db";
    places.state = environment->state_folder;
    places.disk_floor_bytes = environment->settings.has("house.disk_floor") ? environment->settings.size_bytes("house.disk_floor") : disk_floor_bytes_default;
    places.quota_socket = environment->state_folder + "/engines/dovecot/post/quota-status";
    places.postfix_data = environment->state_folder + "/engines/postfix/data";
    places.host = environment->settings.has("house.host") ? environment->settings.text("house.host") : "";
    places.incoming = incoming_mode(*environment);
    places.sign = signs(*environment);
    const SandboxPlan sandbox = plan_sandbox(*environment);
    Server server(places, std::move(listener->second), std::move(environment->control));
    if (auto walled = enter_sandbox(sandbox); !walled) {
        journal.write(milter_failed, {{"error", walled.error().message}});
        return exit_failed;
    }
    notify("READY=1\nSTATUS=ready");
    journal.write(milter_ready);
    return server.run();
}

} // namespace

} // namespace hameau::milter

int main() {
    try {
        return hameau::milter::run();
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "<3>milter: %s\n", failed.what());
        return hameau::milter::exit_failed;
    }
}
