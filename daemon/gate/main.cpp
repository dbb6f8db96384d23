// hameau-gate: opens what it needs, enters its sandbox, then accepts connections.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <malloc.h>
#include <sys/resource.h>

#include "daemon/base/trial.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/modules.hpp"
#include "daemon/sandbox/sandbox.hpp"

namespace hameau::gate {
namespace {

constexpr Event gate_failed{"gate.failed", Level::error};
constexpr int exit_usage = 64;
constexpr int exit_unavailable = 69;
constexpr int exit_software = 70;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::size_t descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

GateOptions options_of(const Settings& settings, const std::string& state_folder, bool trial) {
    GateOptions options;
    options.house_host = settings.text("house.host");
    options.trial = trial;
    options.serve_plain = settings.has("sites.plain_http") && settings.text("sites.plain_http") == "serve";
    options.https_port = static_cast<std::uint16_t>(settings.integer("house.https_port"));
    options.header_time = settings.duration("gate.limits.header_time");
    options.body_time = settings.duration("gate.limits.body_time");
    options.certificates_come = !trial && !settings.text("house.acme_url").empty();
    options.http2 = settings.boolean("gate.http2");
    options.extra_answers = std::min(extra_answers_max, descriptors() / extra_answers_share);
    options.challenge_folder = state_folder + "/tls/acme-challenge";
    options.idle_time = settings.duration("gate.limits.idle_time");
    return options;
}

/// As many connections as were asked for, and as the system has descriptors for.
ConnectionLimits limits_of(const Settings& settings, const GateOptions& options) {
    const auto wanted = static_cast<std::size_t>(settings.integer("gate.limits.connections"));
    return {connections_for(descriptors() - (options.http2 ? options.extra_answers : 0), wanted),
            static_cast<std::size_t>(settings.integer("gate.limits.connections_per_address")),
            Networks(settings.text("gate.limits.exempt_networks"))};
}

SandboxPlan sandbox_of(const ChildEnvironment& environment, const std::string& web) {
    Manifest manifest;
    manifest.name = "gate";
    SandboxPlan plan = sandbox_for(manifest, environment);
    for (const char* folder : {"/tls", "/sites", "/run", "/mail/served"}) {
        plan.reads.push_back(environment.state_folder + folder);
    }
    plan.reads.push_back(web);
    return plan;
}

int run() {
    const Journal journal("gate");
    // OpenSSL takes and gives back 17 KiB for each record that it reads; with fast bins each such free would walk them.
    ::mallopt(M_MXFAST, 0);
    ::mallopt(M_TRIM_THRESHOLD, trim_threshold_bytes);
    ::signal(SIGPIPE, SIG_IGN);
    const std::string web = variable("HAMEAU_BINARIES") + "/web";
    const bool trial = is_trial();
    auto environment = take_child_environment();
    if (!environment) {
        journal.write(gate_failed, {{"error", environment.error().message}});
        return exit_usage;
    }
    const Settings& settings = environment->settings;
    auto tls = TlsStore::open(environment->state_folder + "/tls");
    auto sites = SiteStore::open(environment->state_folder + "/sites");
    if (!tls || !sites) {
        const Error& error = tls ? sites.error() : tls.error();
        journal.write(gate_failed, {{"error", error.message}});
        notify("STATUS=" + error.message);
        return exit_unavailable;
    }
    if (auto read = sites->reload(); !read) {
        journal.write(gate_failed, {{"during", "reading the list of sites"}, {"error", read.error().message}});
    }
    MailNames mail_names = MailNames::open(settings, environment->state_folder + "/mail/served");
    if (auto read = mail_names.reload(); !read) {
        journal.write(gate_failed, {{"during", "reading the list of mail domains"}, {"error", read.error().message}});
    }
    const GateOptions options = options_of(settings, environment->state_folder, trial);
    GateParts parts{options, std::move(*tls), std::move(*sites), std::move(mail_names), WebFiles::open(web),
                    Router::of(builtin_modules(), settings), limits_of(settings, options)};
    if (auto walled = enter_sandbox(sandbox_of(*environment, web)); !walled) {
        journal.write(gate_failed, {{"during", "sandbox"}, {"error", walled.error().message}});
        return exit_software;
    }
    try {
        Gate gate(std::move(parts), std::move(*environment));
        const int code = gate.run();
        // Connections that are cut off here would be taken apart after the parts that they use: the system does it.
        std::_Exit(code);
    } catch (const std::exception& failed) {
        // The one place where a library's exception ends: hameaud starts the process again.
        journal.write(gate_failed, {{"exception", failed.what()}});
        return exit_software;
    }
}

} // namespace
} // namespace hameau::gate

int main() { return hameau::gate::run(); }
