// Before the first child: the lock, the folders with their owners, the settings, the sockets.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/time_zone.hpp"
#include "daemon/supervisor/collect.hpp"
#include "daemon/contract/state_folders.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/limits.hpp"
#include "daemon/supervisor/uids.hpp"
#include "daemon/supervisor/view.hpp"

namespace hameau::supervisor {

namespace {

constexpr Event uids_failed{"modules.uids_failed", Level::error, "no external module runs; mend STATE/modules/uids"};
constexpr Event engines_failed{"engines.failed", Level::error, "the former configuration stays; see the message"};

Status refuse_long_path(const std::string& state) {
    return fail(ErrorKind::invalid, "the path of the state folder is too long for its sockets: " + state + " has " +
                                        std::to_string(state.size()) + " bytes, at most " + std::to_string(state_path_max) +
                                        " are possible. Choose another --state folder. Nothing was changed.");
}

Status apply_folder(const Place& place, const StateFolder& folder) {
    const std::string path = place.state + std::string(folder.path);
    if (auto made = make_folder(path, folder.mode); !made) {
        return made;
    }
    if (!place.root) {
        return {};
    }
    const uid_t uid = folder.owner.empty() ? 0 : uid_of(folder.owner);
    const gid_t gid = folder.group.empty() ? uid : uid_of(folder.group);
    return chown_path(path, uid, gid);
}

} // namespace

Status House::prepare() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    started_ = clock_.now();
    manager_.extend(preparing_max);
    journal_stream_ = is_journal_stream();
    // Nothing is readable by others that does not say so: what another uid must read has its mode given by the code that makes it.
    ::umask(0077);
    const char* const groups = std::getenv("HAMEAU_CGROUPS");
    cgroups_ = delegated_cgroups(groups == nullptr ? "" : groups);
    const auto steps = {&House::take_state, &House::make_folders, &House::run_check, &House::say_host, &House::open_loop};
    for (const auto step : steps) {
        if (auto done = (this->*step)(); !done) {
            return done;
        }
    }
    energy_ = std::make_unique<EnergyLog>(place_.state + "/energy");
    for (ServiceSpec& spec : plan_services(settings_, place_, module_uids())) {
        if (auto added = add_service(std::move(spec)); !added) {
            return added;
        }
    }
    manager_.forget_rest();
    if (auto made = make_certificates(); !made) {
        return made;
    }
    configure_engines();
    plan_backups();
    plan_diagnosis();
    if (const auto interval = manager_.watchdog_interval()) {
        next_watchdog_ = clock_.now();
    }
    return {};
}

/// The folder is ours alone, and reachable by the services under a path that suits them.
Status House::take_state() {
    if (!place_.root && place_.state.size() > state_path_max) {
        return refuse_long_path(place_.state);
    }
    if (auto made = make_folder(place_.state, 0755); !made) {
        return made;
    }
    lock_.reset(::open((place_.state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorKind::conflict, "a house already runs with the folder " + place_.state +
                                             ". Stop it first, or choose another folder. Nothing was changed.");
    }
    if (::access((place_.state + "/restoring").c_str(), F_OK) == 0) {
        return fail(ErrorKind::conflict, "a restore of this house began and did not end: give the same hameau restore again, then start the house. Nothing was changed.");
    }
    if (!place_.root) {
        return {};
    }
    const auto state = check_reachable(place_.state);
    const bool closed = !state || !check_reachable(place_.binaries);
    if (closed || !suits_engines(place_.state) || !suits_engines(place_.binaries)) {
        // Without a view a long path costs the mail only, and the provisioning says so.
        if (auto opened = open_private_view(place_); !opened && closed) {
            return state ? opened : state;
        }
    }
    return place_.state.size() > state_path_max ? refuse_long_path(place_.state) : Status{};
}

/// Signals, the loop, the socket for what children say.
Status House::open_loop() {
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
        sigaddset(&mask, number);
    }
    ::sigprocmask(SIG_BLOCK, &mask, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    epoll_add(signals_.get(), "signals");
    if (::chdir((place_.state + "/run").c_str()) != 0) {
        return fail_errno(place_.state + "/run");
    }
    auto notify = open_notify("notify", 0, internal_gid, 0660);
    if (!notify) {
        return fail(std::move(notify.error()));
    }
    notify_ = std::move(*notify);
    next_age_ = clock_.now();
    return {};
}

Result<Fd> House::open_notify(const std::string& file, uid_t uid, gid_t gid, mode_t mode) {
    Fd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if ((place_.state + "/run/" + file).size() >= sizeof address.sun_path) {
        return fail(ErrorKind::invalid, place_.state + "/run/" + file + ": too long for a socket; choose a shorter state folder");
    }
    file.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(file.c_str());
    const int on = 1;
    ::setsockopt(made.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    // Closed to everybody until it has its owner.
    const mode_t before = ::umask(0777);
    const bool bound = made && ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::umask(before);
    if (!bound || (place_.root && ::chown(file.c_str(), uid, gid) != 0) || ::chmod(file.c_str(), mode) != 0) {
        return fail_errno("run/" + file);
    }
    epoll_add(made.get(), "notify");
    return made;
}

LogBounds House::log_bounds() const {
    LogBounds bounds;
    bounds.bytes_max = std::max<std::uint64_t>(settings_.size_bytes("house.log_size"), log_bytes_min);
    bounds.age_max_ms = settings_.integer("house.log_days") * std::int64_t{24 * 3600 * 1000};
    return bounds;
}

Status House::add_service(ServiceSpec spec) {
    const PolicyLimits limits = spec.limits;
    LogSink log(place_.state + "/log", spec.name, log_bounds(), journal_stream_);
    auto service = std::make_unique<Service>(Service{std::move(spec), ServicePolicy(limits), std::move(log)});
    if (auto opened = service->log.open(uid_of("admin")); !opened) {
        return opened;
    }
    if (auto opened = open_listeners(*service); !opened) {
        return opened;
    }
    if (auto opened = open_programs(*service); !opened) {
        return opened;
    }
    epoll_add(service->log.reader(), "log:" + service->spec.name);
    service->log.age(now_ms());
    services_.push_back(std::move(service));
    return {};
}

/// What it is started from: our programs are held open; an external module has a folder and a socket of its own.
Status House::open_programs(Service& service) {
    const ServiceSpec& spec = service.spec;
    if (spec.kind == Kind::engine) {
        return {};
    }
    if (spec.kind == Kind::external) {
        const std::string folder = folder_of(spec);
        auto made = make_folder(folder, 0700);
        if (made && place_.root) {
            made = chown_path(folder, spec.uid, spec.gid);
        }
        if (!made) {
            return made;
        }
        // Its own: one that fills its socket keeps nobody else from speaking.
        auto notify = open_notify(spec.name + ".notify", spec.uid, spec.gid, 0600);
        if (!notify) {
            return fail(std::move(notify.error()));
        }
        service.notify = std::move(*notify);
        return {};
    }
    const std::string path = place_.binaries + "/" + spec.program;
    service.program.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!service.program) {
        return fail_errno(path);
    }
    if (!spec.helper.empty()) {
        const std::string helper = place_.binaries + "/hameau-" + spec.helper;
        service.helper.reset(::open(helper.c_str(), O_RDONLY | O_CLOEXEC));
        if (!service.helper) {
            return fail_errno(helper);
        }
    }
    return {};
}

/// Without any certificate nobody could even see the first page: the house makes one of its own until a real one comes.
Status House::make_certificates() {
    if (!place_.trial && ::access((place_.state + "/tls/default.pem").c_str(), F_OK) == 0) {
        return {};
    }
    if (auto made = run_provision_now("trial-ca", {}); !made) {
        return fail(std::move(made.error()).during("making the house's own certificates"));
    }
    return {};
}

void House::configure_engines() {
    if (find("dovecot") == nullptr) {
        return;
    }
    (void)engines_certificate_changed();
    if (auto made = run_provision_now("mail-engines", {}, engines_limit); !made) {
        journal_.write(engines_failed, {{"error", made.error().message}});
        drop_engines(made.error().message);
    }
}

/// Which uid each external module has. A module without one does not run: it might read another's folder.
std::map<std::string, uid_t> House::module_uids() const {
    std::vector<std::string> names = external_names(settings_);
    std::map<std::string, uid_t> uids;
    if (!place_.root) {
        for (std::string& name : names) {
            uids.emplace(std::move(name), ::getuid());
        }
        return uids;
    }
    auto kept = keep_module_uids(place_.state + "/modules", names);
    if (!kept) {
        journal_.write(uids_failed, {{"error", kept.error().message}});
        return uids;
    }
    for (const std::string& name : names) {
        if (const auto uid = kept->take(name, 0)) {
            uids.emplace(name, *uid);
        }
    }
    return uids;
}

/// An engine that never had a configuration would only fail again and again.
void House::drop_engines(const std::string& reason) {
    const auto configured = [this](const char* file) { return ::access((place_.state + "/engines" + file).c_str(), F_OK) == 0; };
    if (configured("/dovecot/dovecot.conf") && (!place_.root || configured("/postfix/master.cf"))) {
        return;
    }
    engines_missing_ = "off: " + reason.substr(0, reason.find('\n'));
    std::erase_if(services_, [](const auto& service) {
        return service->spec.kind == Kind::engine || service->spec.name == "milter";
    });
}

Status House::make_folders() {
    for (const StateFolder& folder : state_folders) {
        if (auto made = apply_folder(place_, folder); !made) {
            return made;
        }
    }
    return {};
}

std::vector<std::string> House::web_addresses() const {
    return place_.trial ? std::vector<std::string>{"127.0.0.1", "::1"} : std::vector<std::string>{"0.0.0.0", "::"};
}

Result<Fd> House::open_web_port(const std::string& address, std::uint16_t port) {
    if (auto left = manager_.take_listener(address, port)) {
        return std::move(*left);
    }
    auto made = listen_tcp(address, port);
    if (made) {
        manager_.keep_listener(made->get(), address, port);
    }
    return made;
}

Status House::open_listeners(Service& service) {
    const ServiceSpec& spec = service.spec;
    if (spec.kind == Kind::engine) {
        return {};
    }
    if (spec.kind == Kind::gate) {
        for (const char* name : {"https", "http"}) {
            const bool open = std::any_of(service.listeners.begin(), service.listeners.end(), [name](const auto& listener) { return listener.first == name; });
            if (open) {
                continue;
            }
            const auto port = static_cast<std::uint16_t>(settings_.integer(std::string("house.") + name + "_port"));
            for (const std::string& address : web_addresses()) {
                auto listener = open_web_port(address, port);
                const bool absent = !listener && (listener.error().code == std::errc::address_family_not_supported ||
                                                  listener.error().code == std::errc::address_not_available);
                if (absent && address.find(':') != std::string::npos) {
                    continue;  // a machine without IPv6
                }
                if (!listener) {
                    return fail(std::move(listener.error()).during("opening the web port"));
                }
                service.listeners.emplace_back(name, std::move(*listener));
            }
        }
        return {};
    }
    const std::string file = spec.name + ".sock";
    auto listener = listen_unix(file);
    if (!listener) {
        return fail(std::move(listener.error()));
    }
    ::chmod(file.c_str(), 0660);
    if (place_.root) {
        gid_t group = spec.kind == Kind::external ? uid_of("gate") : internal_gid;
        if (spec.kind == Kind::admin) {
            group = 0;
        }
        if (spec.name == "milter") {
            ::chmod(file.c_str(), 0666);  // Postfix's cleanup and smtpd connect; the folder and the uid check stand
        }
        if (::chown(file.c_str(), 0, group) != 0) {
            return fail_errno(file);
        }
    }
    service.listeners.emplace_back(spec.name, std::move(*listener));
    return {};
}

std::vector<std::string> House::check_words(const std::string& host_of_setup) const {
    std::vector<std::string> words = {"hameau-check", "--name", configuration_path_, "--modules-folder", place_.state + "/modules.d"};
    const std::string beside = std::filesystem::path(configuration_path_).parent_path().string() + "/modules.d";
    std::error_code other;
    if (!std::filesystem::equivalent(beside, place_.state + "/modules.d", other)) {
        words.insert(words.end(), {"--modules-folder", beside});
    }
    for (const std::string& setting : overrides_) {
        words.insert(words.end(), {"--set", setting});
    }
    if (place_.trial) {
        words.emplace_back("--trial");
    } else if (!host_of_setup.empty()) {
        words.insert(words.end(), {"--host-of-setup", host_of_setup});
    }
    words.emplace_back("-");
    return words;
}

/// The YAML is parsed by an unprivileged child; what comes back is bounded and flat.
Status House::run_check() {
    auto configuration = read_file(configuration_path_, settings_bytes_max);
    if (!configuration) {
        return fail(std::move(configuration.error()));
    }
    const std::string host_of_setup = read_host_of_setup();
    auto input = sealed_memory("configuration", *configuration);
    int out[2];
    int err[2];
    if (!input || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
        return fail_errno("pipe");
    }
    Fd out_read(out[0]);
    Fd out_write(out[1]);
    Fd err_read(err[0]);
    Fd err_write(err[1]);
    const Fd program(::open((place_.binaries + "/hameau-check").c_str(), O_RDONLY | O_CLOEXEC));
    if (!program) {
        return fail_errno(place_.binaries + "/hameau-check");
    }
    SpawnPlan plan;
    plan.name = "hameau-check";
    plan.program = program.get();
    plan.arguments = check_words(host_of_setup);
    plan.environment = {"LC_ALL=C"};
    plan.input = input->get();
    plan.output = out_write.get();
    plan.errors = err_write.get();
    plan.drop = place_.root;
    plan.uid = uid_of("check");
    plan.gid = plan.uid;
    auto pid = spawn(plan);
    out_write.reset();
    err_write.reset();
    if (!pid) {
        return fail(std::move(pid.error()));
    }
    auto checked = collect(*pid, std::move(out_read), std::move(err_read), settings_bytes_max, check_limit);
    if (!checked) {
        return fail(std::move(checked.error()).during("checking the configuration"));
    }
    if (!checked->good()) {
        return fail(ErrorKind::invalid, checked->errors.empty() ? "the configuration could not be checked" : checked->errors);
    }
    auto parsed = Settings::parse_flat(checked->output);
    if (!parsed) {
        return fail(std::move(parsed.error()));
    }
    settings_ = std::move(*parsed);
    set_time_zone(settings_.text("house.time_zone"));
    auto memory = sealed_memory("settings", checked->output);
    if (!memory) {
        return fail(std::move(memory.error()));
    }
    settings_memory_ = std::move(*memory);
    return {};
}

} // namespace hameau::supervisor
