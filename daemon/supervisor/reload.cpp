// SIGHUP: the settings and the manifests are read again, and the list of services is made again. What is new starts, what
// was taken out ends, the others restart with their new settings. hameaud waits meanwhile: each step has a deadline.
#include <algorithm>
#include <iterator>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/engines.hpp"
#include "daemon/supervisor/house.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event reload_failed{"house.reload_failed", Level::error, "the former settings stay"};
constexpr Event service_added{"service.added", Level::notice};
constexpr Event service_left{"service.left", Level::notice, "its folder stays"};
constexpr Event add_failed{"service.add_failed", Level::error, "it does not run; the others do"};
constexpr Event house_reloaded{"house.reloaded", Level::notice};

std::string of_mail(const Settings& settings) {
    std::string text = settings.text("house.host");
    for (const auto& [key, value] : settings.all()) {
        text += key.starts_with("mail.") ? "\n" + key + "\t" + value : "";
    }
    return text;
}

bool is_engine_part(const ServiceSpec& spec) { return spec.kind == Kind::engine || spec.name == "milter"; }

} // namespace

Status House::refuse_lost_host(const Settings& before) const {
    if (place_.trial || before.text("house.host").empty() || !settings_.text("house.host").empty()) {
        return {};
    }
    return fail(ErrorKind::invalid, "house.host is gone from the settings: a house that is in use does not wait for a set-up again. It goes on as " + before.text("house.host"));
}

void House::reload() {
    if (closing_) {
        return;
    }
    manager_.reloading();
    const Settings before = settings_;
    Fd memory_before = std::move(settings_memory_);
    auto checked = run_check();
    checked = checked ? refuse_lost_host(before) : checked;
    checked = checked ? move_ports(before) : checked;
    if (!checked) {
        settings_ = before;
        settings_memory_ = std::move(memory_before);
        journal_.write(reload_failed, {{"error", checked.error().message}});
    } else {
        (void)say_host();
        const bool engines = plan_again(before);
        if (engines_certificate_changed() && !engines) {
            reload_engines();
        }
        // The children hold their settings from their start: those that run are restarted. The engines too when
        // something of theirs changed: a port is opened at a start only.
        for (const auto& service : services_) {
            service->log.set_bounds(log_bounds());
            if (!service->leaving && (service->spec.kind != Kind::engine || engines) && service->policy.running()) {
                act(*service, service->policy.on_restart_wanted(clock_.now()));
            }
        }
        want_certificates(true);
        plan_backups();
        plan_diagnosis();
        journal_.write(house_reloaded, {{"services", std::to_string(services_.size())}});
    }
    told_.clear();  // ready again once what was restarted is
    // What children said while we waited counts before any deadline of theirs is looked at.
    on_notify(notify_.get());
    for (const auto& service : services_) {
        if (service->notify) {
            on_notify(service->notify.get());
        }
    }
}

/// True when the engines have to restart.
bool House::plan_again(const Settings& before) {
    std::vector<ServiceSpec> plan = plan_services(settings_, place_, module_uids());
    const bool wanted = std::any_of(plan.begin(), plan.end(), [](const ServiceSpec& spec) { return spec.name == "dovecot"; });
    const bool there = find("dovecot") != nullptr;
    bool engines = wanted && (!there || of_mail(before) != of_mail(settings_));
    if (engines) {
        auto made = run_provision_now("mail-engines", {}, engines_limit);
        engines_missing_.clear();
        if (!made) {
            journal_.write(reload_failed, {{"error", made.error().message}});
            engines = false;
            if (!there) {
                std::erase_if(plan, is_engine_part);
                engines_missing_ = "off: " + made.error().message.substr(0, made.error().message.find('\n'));
            }
        }
    }
    for (const auto& service : services_) {
        const bool stays = std::any_of(plan.begin(), plan.end(), [&](const ServiceSpec& spec) { return spec.name == service->spec.name; });
        if (!stays && !service->leaving) {
            leave(*service);
        }
    }
    for (ServiceSpec& spec : plan) {
        const std::string name = spec.name;
        if (Service* service = find(name)) {
            const bool back = std::exchange(service->leaving, false);
            service->policy.set_limits(spec.limits);
            service->spec = std::move(spec);
            act(*service, service->policy.on_wanted(clock_.now()));
            if (back && service->policy.running()) {
                act(*service, service->policy.on_restart_wanted(clock_.now()));
            }
            continue;
        }
        if (auto added = add_service(std::move(spec)); !added) {
            journal_.write(add_failed, {{"service", name}, {"error", added.error().message}});
            continue;
        }
        journal_.write(service_added, {{"service", name}});
        Service& service = *services_.back();
        act(service, service.policy.on_wanted(clock_.now()));
    }
    if (Service* people = find("people"); people != nullptr && find("mail") != nullptr && !there) {
        // Mail must hear at once what changed while it was off: passwords, and who left.
        act(*people, people->policy.on_byte(clock_.now()));
    }
    return engines;
}

Status House::move_ports(const Settings& before) {
    Service* gate = find("gate");
    if (gate == nullptr) {
        return {};
    }
    std::vector<std::pair<std::string, Fd>> former;
    for (const char* name : {"https", "http"}) {
        const std::string key = std::string("house.") + name + "_port";
        if (settings_.integer(key) == before.integer(key)) {
            continue;
        }
        for (auto& listener : gate->listeners) {
            if (listener.first == name) {
                former.push_back(std::move(listener));
            }
        }
        std::erase_if(gate->listeners, [](const auto& listener) { return !listener.second; });
    }
    // Two ports that change places stay open: each listener goes on under the other name.
    const auto opposite = [](const std::string& name) { return std::string(name == "https" ? "http" : "https"); };
    const auto swapped = [&](const auto& listener) {
        return settings_.integer("house." + opposite(listener.first) + "_port") == before.integer("house." + listener.first + "_port");
    };
    const std::size_t kept = gate->listeners.size();
    for (auto& listener : former) {
        if (swapped(listener)) {
            gate->listeners.emplace_back(opposite(listener.first), std::move(listener.second));
        }
    }
    const std::size_t taken_over = gate->listeners.size();
    auto opened = former.empty() ? Status{} : open_listeners(*gate);
    if (!opened) {
        gate->listeners.resize(taken_over);
        for (auto& listener : former) {
            if (!listener.second) {  // it went on under the other name
                listener.second = std::move(gate->listeners[kept].second);
                gate->listeners.erase(gate->listeners.begin() + static_cast<std::ptrdiff_t>(kept));
            }
        }
        std::move(former.begin(), former.end(), std::back_inserter(gate->listeners));
        // A port that could be opened before another one failed is with the service manager already: kept there, it would stay
        // open with nobody behind it, and taken for the next reload.
        for (const char* name : {"house.https_port", "house.http_port"}) {
            const std::int64_t port = settings_.integer(name);
            const bool was_ours = port == before.integer("house.https_port") || port == before.integer("house.http_port");
            for (const std::string& address : was_ours ? std::vector<std::string>() : web_addresses()) {
                manager_.forget_listener(address, static_cast<std::uint16_t>(port));
            }
        }
    }
    for (const char* name : {"house.https_port", "house.http_port"}) {
        const std::int64_t port = before.integer(name);
        const bool left = opened && port != settings_.integer("house.https_port") && port != settings_.integer("house.http_port");
        for (const std::string& address : left ? web_addresses() : std::vector<std::string>()) {
            manager_.forget_listener(address, static_cast<std::uint16_t>(port));
        }
    }
    // The gate has its own copies of the former ones until it restarts, which reload() does next.
    return opened;
}

void House::leave(Service& service) {
    journal_.write(service_left, {{"service", service.spec.name}});
    service.leaving = true;
    watch(service, false);
    act(service, service.policy.on_stop_wanted(clock_.now()));
}

/// Those that left and have ended: their sockets go with them.
void House::forget_left() {
    std::erase_if(services_, [this](const auto& service) {
        if (!service->leaving || service->policy.running() || service->pid != 0) {
            return false;
        }
        while (service->log.take()) {
        }
        tags_.erase(service->log.reader());
        if (service->notify) {
            tags_.erase(service->notify.get());
            ::unlink((service->spec.name + ".notify").c_str());
        }
        if (!service->listeners.empty()) {
            ::unlink((service->spec.name + ".sock").c_str());
        }
        cgroups_.forget(service->spec.name);
        return true;
    });
}

void House::drain_logs() {
    for (const auto& service : services_) {
        while (service->log.take()) {
        }
    }
}

} // namespace hameau::supervisor
