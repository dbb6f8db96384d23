// The loop: wait, hear, act. No timer while nothing is pending, but for one a day that ages the logs, and one for certificates.
#include "daemon/supervisor/house.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utility>

#include "daemon/base/io.hpp"
#include "daemon/child/child.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/engines.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {
constexpr Event service_started{"service.started", Level::info};
constexpr Event service_ended{"service.ended", Level::notice};
constexpr Event service_asleep{"service.asleep", Level::info};
constexpr Event service_killed{"service.killed", Level::warning, "it did not answer in time"};
constexpr Event spawn_failed{"service.spawn_failed", Level::error};
constexpr Event house_closing{"house.closing", Level::notice};
constexpr Event state_refused{"house.state_refused", Level::error, "the state is of a newer Hameau: install that version again; nothing was changed"};
constexpr Event house_ready{"house.ready", Level::notice};
} // namespace

House::House(Place place, std::string configuration_path, std::vector<std::string> overrides, ServiceManager manager) :
    place_(std::move(place)), configuration_path_(std::move(configuration_path)), overrides_(std::move(overrides)),
    manager_(std::move(manager)) {}

House::~House() = default;

void House::epoll_add(int fd, const std::string& tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    tags_[fd] = tag;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

House::Service* House::find(std::string_view name) {
    for (const auto& service : services_) {
        if (service->spec.name == name) {
            return service.get();
        }
    }
    return nullptr;
}

int House::run() {
    for (const auto& service : services_) {
        act(*service, service->policy.on_wanted(clock_.now()));
    }
    journal_.write(house_ready, {{"services", std::to_string(services_.size())}});
    while (true) {
        const Duration wait = until_next();
        epoll_event events[16];
        const int n = ::epoll_wait(epoll_.get(), events, 16, static_cast<int>(wait.count()));
        if (n < 0 && errno != EINTR) {
            return EXIT_FAILURE;
        }
        for (int i = 0; i < n; ++i) {
            const auto found = tags_.find(events[i].data.fd);
            if (found == tags_.end()) {
                continue;
            }
            const std::string tag = found->second;
            if (tag == "signals") {
                on_signal();
            } else if (tag == "notify") {
                on_notify(events[i].data.fd);
            } else if (tag.starts_with("log:")) {
                if (Service* service = find(tag.substr(4))) {
                    (void)service->log.take();  // one piece a turn: who writes much keeps nobody waiting
                }
            } else if (tag.starts_with("control:")) {
                if (Service* service = find(tag.substr(8))) {
                    on_control(*service);
                }
            } else if (Service* service = find(tag)) {
                if (service->policy.state() == State::waiting) {
                    refuse_callers(*service);
                    continue;
                }
                watch(*service, false);
                act(*service, service->policy.on_byte(clock_.now()));
            }
        }
        tick();
        tell_manager();
        if (closing_) {
            continue_closing();
            const bool any = std::any_of(services_.begin(), services_.end(),
                                         [](const auto& service) { return service->policy.running(); });
            if (!any) {
                drain_logs();
                save_energy();
                return exit_code_;
            }
        }
    }
}

Duration House::until_next() const {
    std::optional<Duration> next;
    const auto consider = [&next](std::optional<Duration> deadline) {
        if (deadline && (!next || *deadline < *next)) {
            next = deadline;
        }
    };
    for (const auto& service : services_) {
        consider(service->policy.next_deadline());
    }
    for (const StatusQuery& query : queries_) {
        consider(query.deadline);
    }
    for (const ServeQuery& query : serving_) {
        consider(query.deadline);
    }
    // Of work beside the loop: until when it may run, else when it is due.
    const auto beside = [](const Running& running, Duration deadline, bool may, Duration next) {
        return running.pid != 0 ? std::optional(deadline) : may ? std::optional(next) : std::nullopt;
    };
    consider(beside(provision_, provision_deadline_, false, {}));
    consider(beside(certificates_, certificates_deadline_, may_ask_authority(), next_certificates_));
    consider(beside(backup_, backup_deadline_, may_back_up(), next_backup_));
    consider(beside(diagnosis_, diagnosis_deadline_, may_diagnose_nightly(), next_diagnosis_));
    consider(next_age_);
    consider(next_watchdog_);
    consider(reload_at_);
    return std::max(Duration(0), *next - clock_.now() + Duration(1));
}

void House::tick() {
    const Duration now = clock_.now();
    for (const auto& service : services_) {
        act(*service, service->policy.on_time(now));
    }
    std::erase_if(queries_, [this, now](const StatusQuery& query) {
        if (query.awaited > 0 && query.deadline > now) {
            return false;
        }
        answer_status(query);
        return true;
    });
    std::erase_if(serving_, [this, now](const ServeQuery& query) {
        if (query.deadline > now) {
            return false;
        }
        answer_serving(query, false, "the gate did not answer");
        return true;
    });
    if (provision_.pid != 0 && provision_deadline_ <= now) {
        ::kill(-provision_.pid, SIGKILL);  // with what it started: postfix check, doveconf
    }
    if (certificates_.pid != 0 && certificates_deadline_ <= now) {
        ::kill(-certificates_.pid, SIGKILL);
    }
    if (certificates_.pid == 0 && may_ask_authority() && next_certificates_ <= now) {
        start_certificates();
    }
    if (backup_.pid != 0 && backup_deadline_ <= now) {
        ::kill(-backup_.pid, SIGKILL);
    }
    if (backup_.pid == 0 && may_back_up() && next_backup_ <= now) {
        start_backup();
    }
    tick_diagnosis(now);
    tick_energy(now);
    if (next_watchdog_ && *next_watchdog_ <= now) {
        manager_.feed_watchdog();
        next_watchdog_ = now + *manager_.watchdog_interval();
    }
    if (reload_at_ && *reload_at_ <= now) {
        reload_at_.reset();
        reload();
    }
    if (next_age_ <= now) {
        next_age_ = now + log_age_interval;
        for (const auto& service : services_) {
            service->log.age(now_ms());
        }
    }
    forget_left();
}

void House::tell_manager() {
    std::string failing;
    for (const auto& service : services_) {
        const State state = service->policy.state();
        // An external module that takes long, or never says that it is there, holds up nobody but its callers.
        if (told_.empty() && state == State::starting && service->spec.kind != Kind::external) {
            return;
        }
        if (state == State::waiting) {
            failing += (failing.empty() ? "" : ", ") + service->spec.name;
        }
    }
    std::string now = std::to_string(services_.size()) + " services" + (failing.empty() ? "" : "; failing: " + failing);
    if (closing_ || now == told_) {
        return;
    }
    if (told_.empty()) {
        manager_.ready(now);
    } else {
        manager_.status(now);
    }
    told_ = std::move(now);
}

void House::act(Service& service, Action action) {
    switch (action) {
    case Action::nothing:
        return;
    case Action::spawn:
        start(service);
        return;
    case Action::terminate:
        if (service.pid > 0) {
            ::kill(service.pid, SIGTERM);
        }
        return;
    case Action::kill:
        journal_.write(service_killed, {{"service", service.spec.name}});
        if (service.pid > 0) {
            ::kill(service.spec.own_session ? -service.pid : service.pid, SIGKILL);
        }
        return;
    case Action::listen:
        journal_.write(service_asleep, {{"service", service.spec.name}});
        watch(service, true);
        return;
    }
}

void House::watch(Service& service, bool on) {
    if (service.watched == on || service.listeners.empty()) {
        return;
    }
    service.watched = on;
    for (const auto& [name, fd] : service.listeners) {
        if (on) {
            epoll_add(fd.get(), service.spec.name);
        } else {
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
            tags_.erase(fd.get());
        }
    }
}

void House::crashed(Service& service, bool clean) {
    act(service, service.policy.on_exit(clock_.now(), clean));
    if (!service.policy.is_failing(clock_.now())) {
        return;
    }
    if (service.spec.kind == Kind::module || service.spec.kind == Kind::admin) {
        watch(service, true);
    } else if (service.spec.kind == Kind::external) {
        close_listeners(service);
    }
}

/// A stranger's program shares its listener with hameaud and could make accept() wait: its listener is ended instead, which
/// the kernel answers at once, and made again at the next start.
void House::close_listeners(Service& service) {
    watch(service, false);
    for (const auto& [name, fd] : service.listeners) {
        // For those too that a left-over child of the program holds.
        ::shutdown(fd.get(), SHUT_RDWR);
    }
    service.listeners.clear();
}

/// Whoever calls a service that crashes again and again is told so at once: a connection that is closed without an answer.
/// Otherwise the caller, and the visitor behind it, would wait in the listener for as long as the back-off lasts.
void House::refuse_callers(Service& service) {
    for (const auto& [name, fd] : service.listeners) {
        for (int turn = 0; turn < refused_per_turn; ++turn) {
            const Fd caller(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!caller) {
                break;
            }
        }
    }
}

std::vector<std::string> House::base_environment(const std::string& role, const std::string& notify) const {
    std::string uids;
    for (const RoleUid& entry : role_uids) {
        const uid_t uid = place_.root ? entry.uid : ::getuid();
        uids += (uids.empty() ? "" : " ") + std::string(entry.role) + "=" + std::to_string(uid);
    }
    return {"HAMEAU_ROLE=" + role,
            "HAMEAU_STATE=" + place_.state,
            "HAMEAU_BINARIES=" + place_.binaries,
            "HAMEAU_UIDS=" + uids,
            std::string("HAMEAU_TRIAL=") + (place_.trial ? "1" : "0"),
            "NOTIFY_SOCKET=" + place_.state + "/run/" + notify,
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C.UTF-8"};
}

std::string House::folder_of(const ServiceSpec& spec) const {
    if (spec.kind == Kind::engine) {
        return place_.state;
    }
    return place_.state + (spec.kind == Kind::external ? "/modules/" : "/") + spec.name;
}

void House::start(Service& service) {
    const ServiceSpec& spec = service.spec;
    watch(service, false);
    if (spec.kind == Kind::external && service.listeners.empty()) {
        if (auto opened = open_listeners(service); !opened) {
            journal_.write(spawn_failed, {{"service", spec.name}, {"error", opened.error().message}});
        }
    }
    if (!spec.pid_file.empty()) {
        clear_stale_engine(spec.pid_file, spec.folder);
    }
    if (is_blocked(service)) {
        return;
    }
    SpawnPlan plan;
    plan.name = spec.name;
    plan.errors = service.log.writer();
    plan.environment = service.notify ? base_environment(spec.name, spec.name + ".notify") : base_environment(spec.name);
    plan.environment.insert(plan.environment.end(), spec.environment.begin(), spec.environment.end());
    plan.arguments = {spec.program};
    plan.arguments.insert(plan.arguments.end(), spec.arguments.begin(), spec.arguments.end());
    for (const auto& [name, fd] : service.listeners) {
        plan.listeners.emplace_back(name, fd.get());
    }
    if (service.helper) {
        plan.listeners.emplace_back(spec.helper, service.helper.get());
    }
    plan.folder = folder_of(spec);
    plan.program = service.program ? service.program.get() : -1;
    plan.program_path = spec.program;
    plan.drop = spec.drop && place_.root;
    plan.uid = spec.uid;
    plan.gid = spec.gid;
    plan.death_signal = spec.death_signal;
    plan.own_session = spec.own_session;
    plan.guarded = spec.guarded;
    if (spec.kind != Kind::external) {
        plan.groups = {internal_gid};
        plan.groups.insert(plan.groups.end(), spec.groups.begin(), spec.groups.end());
        plan.settings = settings_memory_.get();
    }
    Fd child_control;
    if (spec.has_control) {
        auto pair = socket_pair(SOCK_SEQPACKET);
        if (pair) {
            service.control = std::move(pair->first);
            child_control = std::move(pair->second);
            (void)set_nonblocking(service.control.get(), true);
            plan.control = child_control.get();
            epoll_add(service.control.get(), "control:" + spec.name);
        }
    }
    const Fd group = cgroups_.open(spec.name, false);
    plan.cgroup = group.get();
    auto pid = spawn(plan);
    if (!pid) {
        journal_.write(spawn_failed, {{"service", spec.name}, {"error", pid.error().message}});
        crashed(service, false);
        return;
    }
    service.pid = *pid;
    service.status.clear();
    service.usage.clear();
    journal_.write(service_started, {{"service", spec.name}, {"pid", std::to_string(*pid)}});
    if (!spec.says_ready) {
        act(service, service.policy.on_ready(clock_.now()));
    }
}

void House::on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap();
        } else if (info.ssi_signo == SIGHUP) {
            reload();
        } else {
            // A trial whose content could not be applied asks for an exit code (sigqueue).
            exit_code_ = info.ssi_code == SI_QUEUE ? info.ssi_int : 0;
            close_house();
        }
    }
}

void House::reap() {
    on_notify(notify_.get());  // first what the ended one still said: why it ends
    for (const auto& service : services_) {
        if (service->notify) {
            on_notify(service->notify.get());
        }
    }
    for (;;) {
        siginfo_t ended{};
        if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) {
            return;
        }
        const pid_t pid = ended.si_pid;
        const bool leads = std::any_of(services_.begin(), services_.end(), [pid](const auto& service) {
            return service->pid == pid && service->spec.own_session;
        });
        if (leads) {
            // What a killed master left behind holds its ports.
            end_group(pid, ended.si_code == CLD_EXITED ? Patience::long_after_a_stop : Patience::short_after_a_crash);
        }
        const int status = take_ended(pid);
        if (pid == certificates_.pid) {
            on_certificates_end(status);
            continue;
        }
        if (pid == backup_.pid) {
            on_backup_end(status);
            continue;
        }
        if (pid == diagnosis_.pid) {
            on_diagnosis_end(status);
            continue;
        }
        if (pid == provision_.pid) {
            on_provision_end(status);
            continue;
        }
        for (const auto& service : services_) {
            if (service->pid != pid) {
                continue;
            }
            service->pid = 0;
            if (service->control) {
                tags_.erase(service->control.get());
                service->control.reset();
            }
            const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            journal_.write(service_ended,
                           {{"service", service->spec.name},
                            {WIFSIGNALED(status) ? "signal" : "code",
                             std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))}});
            if (WIFSIGNALED(status)) {
                service->status = "ended by signal " + std::to_string(WTERMSIG(status)) + "; hameau logs " + service->spec.name + " says why";
            }
            if (WIFEXITED(status) && WEXITSTATUS(status) == exit_state_refused && told_.empty() && !closing_ &&
                service->spec.kind != Kind::external) {
                refuse_state(*service);
            }
            crashed(*service, clean);
        }
    }
}

/// A house whose parts are of two versions would run on half of its state. It has not begun: it ends as a whole, and says why.
void House::refuse_state(const Service& service) {
    const std::string why = service.spec.name + ": " + (service.status.empty() ? "hameau logs " + service.spec.name + " says why" : service.status);
    journal_.write(state_refused, {{"service", service.spec.name}, {"error", service.status}});
    exit_code_ = exit_state_refused;
    close_house();
    manager_.status(why);
}

void House::on_notify(int socket) {
    char text[notify_bytes_max];
    char control[CMSG_SPACE(sizeof(ucred))];
    // At most this many a turn: a child that says READY for ever must not keep the others waiting.
    for (int turn = 0; turn < notify_datagrams_per_turn; ++turn) {
        iovec part{text, sizeof text};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        const ssize_t n = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
        if (n < 0) {
            return;
        }
        const cmsghdr* message = CMSG_FIRSTHDR(&header);
        if (message == nullptr || message->cmsg_type != SCM_CREDENTIALS) {
            continue;
        }
        ucred credentials{};
        std::copy_n(reinterpret_cast<const char*>(CMSG_DATA(message)), sizeof credentials,
                    reinterpret_cast<char*>(&credentials));
        const auto found = std::find_if(services_.begin(), services_.end(), [this, &credentials](const auto& service) {
            // The pid says which child it is; the uid that it is still the program that was started there.
            const uid_t expected = place_.root && service->spec.drop ? service->spec.uid : ::geteuid();
            return service->pid != 0 && service->pid == credentials.pid && credentials.uid == expected;
        });
        if (found != services_.end()) {
            on_notify_lines(**found, std::string_view(text, static_cast<std::size_t>(n)));
        }
    }
}

void House::on_notify_lines(Service& service, std::string_view lines) {
    const Duration now = clock_.now();
    const auto microseconds = [](std::string_view digits, Duration most) {
        const long long usec = std::atoll(std::string(digits.substr(0, 20)).c_str());
        return Duration(std::clamp<long long>(usec / 1000, 0, most.count()));
    };
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line == "READY=1") {
            act(service, service.policy.on_ready(now));
            if (service.spec.kind == Kind::gate) {
                on_gate_ready();
                for (const ServeQuery& query : serving_) {
                    ask_gate(query);  // the gate before it may have ended without an answer
                }
            }
        } else if (line == "STOPPING=1") {
            service.policy.on_stopping(now);
        } else if (line == "WATCHDOG=1") {
            service.policy.feed_watchdog(now);
        } else if (line.starts_with("WATCHDOG_USEC=")) {
            service.policy.set_watchdog(now, microseconds(line.substr(14), watchdog_max));
        } else if (line.starts_with("EXTEND_TIMEOUT_USEC=")) {
            const Duration by = microseconds(line.substr(20), extension_max);
            service.policy.extend(now, by);
            if ((told_.empty() && service.spec.kind != Kind::external) || closing_) {
                manager_.extend(by + extension_of_our_own);
            }
        } else if (line.starts_with("STATUS=")) {
            service.status = line.substr(7, status_text_max);
            // A tab would shift the columns of the status answer.
            std::replace_if(service.status.begin(), service.status.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        }
    }
}

void House::on_control(Service& service) {
    for (int i = 0; i < 32; ++i) {
        auto message = receive_message(service.control.get());
        if (message) {
            on_message(service, *message);
            continue;
        }
        if (message.error().code != std::errc::resource_unavailable_try_again) {
            tags_.erase(service.control.get());
            service.control.reset();
        }
        return;
    }
}

void House::close_house() {
    if (closing_) {
        return;
    }
    closing_ = true;
    closing_stage_ = -1;
    manager_.stopping();
    journal_.write(house_closing);
    end_backup();
    for (const auto& service : services_) {
        watch(*service, false);
    }
}

/// Stage by stage: a service ends before what it depends on.
void House::continue_closing() {
    while (closing_stage_ < 3) {
        const bool any = std::any_of(services_.begin(), services_.end(), [this](const auto& service) {
            return service->spec.stop_stage <= closing_stage_ && service->policy.running();
        });
        if (any) {
            return;
        }
        ++closing_stage_;
        for (const auto& service : services_) {
            if (service->spec.stop_stage == closing_stage_) {
                act(*service, service->policy.on_stop_wanted(clock_.now()));
            }
        }
    }
}

} // namespace hameau::supervisor
