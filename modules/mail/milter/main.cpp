// hameau-milter: what leaves is really from its sender, what does not fit is refused in time. Own uid; reads mail.db,
// asks Dovecot's quota-status, and hears nobody but Postfix. When it is down, submission waits (451) and mail from
// outside comes in all the same (milter_default_action in provisioning/postfix.cpp).
#include <csignal>
#include <cstdio>
#include <exception>

#include "daemon/base/disk.hpp"
#include "daemon/base/journal.hpp"
#include "daemon/child/child.hpp"
#include "daemon/sandbox/sandbox.hpp"
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
    return plan;
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
