// What the loop does for the mail engines besides starting and stopping them: their ports, their certificate.
#include <csignal>
#include <sys/stat.h>
#include <utility>

#include "daemon/supervisor/engines.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/ports.hpp"

namespace hameau::supervisor {

namespace {
constexpr Event port_taken{"engine.port_taken", Level::error, "not started; tried again every minute. Stop the other program, or give the house other ports"};
} // namespace

/// Whether another program has a port of this engine. Said once in the journal, and in the status for as long as it is so.
bool House::is_blocked(Service& service) {
    const auto port = taken_port(service.spec.ports, web_addresses());
    if (!port) {
        return false;
    }
    std::string status = "port " + std::to_string(*port) + " is taken by another program";
    if (service.status != status) {
        journal_.write(port_taken, {{"service", service.spec.name}, {"port", std::to_string(*port)}});
        service.status = std::move(status);
    }
    act(service, service.policy.on_blocked(clock_.now()));
    return true;
}

bool House::engines_certificate_changed() {
    struct stat facts {};
    std::string now;
    if (::stat((place_.state + "/tls/default.pem").c_str(), &facts) == 0) {
        now = std::to_string(facts.st_ino) + "/" + std::to_string(facts.st_size) + "/" + std::to_string(facts.st_mtim.tv_sec) + "." +
              std::to_string(facts.st_mtim.tv_nsec);
    }
    return std::exchange(engines_certificate_, now) != now;
}

/// Both read their configuration and certificates again. Connections stay, but Dovecot's login processes end: who is about
/// to sign in is disconnected. So only when something of theirs changed.
void House::reload_engines() {
    for (const auto& service : services_) {
        // One that has no handler yet would die of it; it has not read what changed yet either.
        if (service->spec.kind == Kind::engine && service->pid > 0 && catches(service->pid, SIGHUP)) {
            ::kill(service->pid, SIGHUP);
        }
    }
}

} // namespace hameau::supervisor
