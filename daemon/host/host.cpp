// The life of a module's process: start -> serve -> idle -> stop.
#include "daemon/host/host.hpp"

#include <csignal>
#include <cstdlib>

#include <boost/asio/post.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/base/time_zone.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/base/io.hpp"
#include "daemon/host/client.hpp"
#include "daemon/host/limits.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "daemon/store/before_migration.hpp"
#include "daemon/store/long_work.hpp"

namespace hameau {

namespace asio = boost::asio;

namespace {
constexpr Event module_ready{"module.ready", Level::info};
constexpr Event module_stopping{"module.stopping", Level::info};
constexpr Event module_failed{"module.failed", Level::error, "the service is started again by hameaud"};
constexpr Event accept_failed{"module.accept_failed", Level::error};
constexpr Event module_late{"module.late", Level::error, "it ends without having finished; the next start repairs what is left"};

constexpr Event database_checked{"module.database_checked", Level::notice, "it was not closed in order, or is of an older version"};
constexpr Event database_copied{"module.database_copied", Level::notice, "a new version changes the form of this database; the copy goes away by itself after two weeks"};
constexpr Event database_not_copied{"module.database_not_copied", Level::warning, "the new version goes on without a copy: to go back to the version before, a backup is needed"};

constexpr int exit_database = 65;

/// What the journal hears of the copy that is made before a migration.
void tell_migration_copies(const Journal& journal, const Settings& settings) {
    MigrationCopies copies;
    if (settings.has("house.disk_floor")) {
        copies.floor_bytes = settings.size_bytes("house.disk_floor");
    }
    copies.told = [&journal](const std::string& copy, const Status& made) {
        if (made) {
            journal.write(database_copied, {{"file", copy}});
        } else {
            journal.write(database_not_copied, {{"file", copy}, {"error", made.error().message}});
        }
    };
    set_migration_copies(std::move(copies));
}
} // namespace

Host::Host(const Manifest& manifest, std::unique_ptr<Module> module, ChildEnvironment environment,
           std::optional<Database> database) :
    manifest_(manifest), module_(std::move(module)), environment_(std::move(environment)),
    database_(std::move(database)), journal_(std::string(manifest.name)),
    folder_(environment_.state_folder + "/" + std::string(manifest.name)),
    websocket_message_bytes_max_(websocket_message_bytes_default) {
    const std::string name(manifest_.name);
    const std::string frame_key = name + ".limits.frame_max";
    if (environment_.settings.has(frame_key)) {
        websocket_message_bytes_max_ = environment_.settings.size_bytes(frame_key);
    }
    idle_stop_ = environment_.settings.has(name + ".idle_stop") ? environment_.settings.duration(name + ".idle_stop")
                                                               : manifest_.idle_stop;
}

Host::~Host() {
    if (worker_) {
        worker_->join();
    }
}

int Host::run() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](boost::system::error_code failed, int) {
        if (!failed) {
            spawn(io_, stop("asked to stop"), journal_, "stop");
        }
    });
    control_ = std::make_unique<ControlChannel>(
        io_, std::move(environment_.control), [this](const Message& message) { on_control(message); },
        [this] { spawn(io_, stop("hameaud has gone"), journal_, "stop"); });
    control_->start();
    spawn(io_, begin(), journal_, "start");
    io_.run();
    return exit_code_;
}

Task<void> Host::begin() {
    const auto held = busy();
    const Status started = co_await module_->start(*this);
    if (!started) {
        journal_.write(module_failed, {{"during", "start"}, {"error", started.error().message}});
        notify("STATUS=" + started.error().message);
        exit_code_ = 70;
        io_.stop();
        co_return;
    }
    const auto found = environment_.listeners.find(std::string(manifest_.name));
    if (found == environment_.listeners.end()) {
        journal_.write(module_failed, {{"error", "no listening socket was lent"}});
        exit_code_ = 64;
        io_.stop();
        co_return;
    }
    (void)set_nonblocking(found->second.get(), true);
    acceptor_.assign(asio::local::stream_protocol(), found->second.release());
    started_ = true;
    notify("READY=1\nSTATUS=ready");
    journal_.write(module_ready);
    spawn(io_, accept_loop(), journal_, "accept");
    drop_copies_daily();
}

/// A process that is in use for weeks opens its database no second time. Does not keep it awake.
void Host::drop_copies_daily() {
    copies_timer_.expires_after(copies_looked_at_every);
    copies_timer_.async_wait([this](boost::system::error_code failed) {
        if (!failed && database_) {
            drop_old_copies(*database_);
            drop_copies_daily();
        }
    });
}

Task<void> Host::accept_loop() {
    while (!stopping_) {
        auto accepted = co_await acceptor_.async_accept(wait);
        auto& [failed, socket] = accepted;
        if (stopping_ || failed == asio::error::operation_aborted) {
            co_return;
        }
        if (failed) {
            journal_.write(accept_failed, {{"error", failed.message()}});
            asio::steady_timer pause(io_, accept_pause);
            co_await pause.async_wait(wait);
            continue;
        }
        if (busy_ >= connections_max) {
            continue;
        }
        auto held = use();
        spawn(io_, serve_connection(*this, std::move(socket), std::move(held)), journal_, "connection");
    }
}

std::shared_ptr<Use> Host::use() {
    ++busy_;
    idle_timer_.cancel();
    return std::shared_ptr<Use>(new Use, [this](Use* ended) {
        if (ended->counts) {
            last_use_ = std::chrono::steady_clock::now();
        }
        delete ended;
        if (--busy_ == 0) {
            on_idle();
        }
    });
}

void Host::on_idle() {
    quiet_.cancel();
    if (stopping_ || idle_stop_.count() == 0 || !started_) {
        return;
    }
    idle_timer_.expires_at(std::max(last_use_ + idle_stop_, std::chrono::steady_clock::now()));
    idle_timer_.async_wait([this](boost::system::error_code failed) {
        if (!failed && busy_ == 0 && !stopping_) {
            spawn(io_, stop("idle"), journal_, "stop");
        }
    });
}

Task<void> Host::stop(std::string reason) {
    if (stopping_) {
        co_return;
    }
    stopping_ = true;
    journal_.write(module_stopping, {{"reason", reason}});
    notify("STOPPING=1\nSTATUS=" + reason);
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    copies_timer_.cancel();
    idle_timer_.cancel();
    close_sockets(sockets_);
    stop_timer_.expires_after(stop_deadline);
    stop_timer_.async_wait([this](boost::system::error_code failed) {
        if (!failed) {
            journal_.write(module_late);
            io_.stop();
        }
    });
    if (busy_ > 0) {
        quiet_.expires_after(quiet_deadline);
        co_await quiet_.async_wait(wait);
    }
    co_await module_->stop();
    io_.stop();
}

void Host::on_control(const Message& message) { (void)message; }

Task<Result<Response>> Host::call(std::string module, std::string method, std::string path, std::string json) {
    ClientCall call;
    call.socket_path = environment_.state_folder + "/run/" + module + ".sock";
    call.caller = environment_.role;
    call.method = std::move(method);
    call.path = std::move(path);
    call.json = std::move(json);
    const auto held = busy();
    co_return co_await client_call(io_, std::move(call));
}

Task<Result<Response>> Host::open_stream(std::string module, std::string path) {
    ClientCall call;
    call.socket_path = environment_.state_folder + "/run/" + module + ".sock";
    call.caller = environment_.role;
    call.path = std::move(path);
    co_return co_await client_stream(io_, std::move(call));
}

Task<Status> Host::provision(std::string verb, std::map<std::string, std::string> arguments) {
    const auto answer = co_await ask_root(std::move(verb), std::move(arguments));
    co_return answer ? Status{} : Status(fail(answer.error()));
}

Task<Result<std::string>> Host::ask_root(std::string verb, std::map<std::string, std::string> arguments) {
    Message question;
    question.kind = MessageKind::provision;
    question.fields.emplace_back("verb", std::move(verb));
    for (auto& [name, value] : arguments) {
        question.fields.emplace_back(name, value);
    }
    const auto held = busy();
    const auto answer = co_await control_->ask(std::move(question), provision_deadline);
    if (!answer) {
        co_return fail(answer.error());
    }
    if (answer->get("ok") == "1") {
        co_return std::string(answer->get("words"));
    }
    co_return fail(ErrorKind::unavailable, std::string(answer->get("error")));
}

Task<void> Host::run_slow(std::function<void()> work) {
    if (!worker_) {
        worker_ = std::make_unique<asio::thread_pool>(1);
    }
    const auto held = busy();
    auto done = std::make_shared<asio::steady_timer>(io_, asio::steady_timer::time_point::max());
    auto finished = std::make_shared<bool>(false);
    asio::post(*worker_, [this, done, finished, work = std::move(work)] {
        work();
        asio::post(io_, [done, finished] {
            *finished = true;
            done->cancel();
        });
    });
    while (!*finished) {
        co_await done->async_wait(wait);
    }
}

Task<Result<std::vector<std::pair<std::string, std::string>>>> Host::process_status() {
    Message question;
    question.kind = MessageKind::status;
    auto answer = co_await control_->ask(std::move(question), status_deadline);
    if (!answer) {
        co_return fail(std::move(answer.error()));
    }
    co_return std::move(answer->fields);
}

void Host::announce(std::string what) {
    Message message;
    message.kind = MessageKind::announce;
    message.fields.emplace_back("what", std::move(what));
    control_->tell(std::move(message));
}

int Host::program(std::string_view name) {
    const auto found = environment_.listeners.find(std::string(name));
    return found == environment_.listeners.end() || name == manifest_.name ? -1 : found->second.get();
}

void Host::tell_restart(std::string service) {
    Message message;
    message.kind = MessageKind::restart;
    message.fields.emplace_back("service", std::move(service));
    control_->tell(std::move(message));
}

int run_module(const Manifest& manifest, std::unique_ptr<Module> (*make)()) {
    const std::string name(manifest.name);
    const Journal journal(name);
    ::signal(SIGPIPE, SIG_IGN);
    auto environment = take_child_environment();
    if (!environment) {
        journal.write(module_failed, {{"error", environment.error().message}});
        return 64;
    }
    if (environment->settings.has("house.time_zone")) {
        set_time_zone(environment->settings.text("house.time_zone"));
    }
    const std::string file = environment->state_folder + "/" + name + "/" + name + ".db";
    std::optional<Database> database;
    if (!manifest.migrations.empty()) {
        tell_long_work([&journal](const std::string& path, std::uint64_t bytes) {
            // hameaud waits this long for READY before it takes the process for dead.
            const std::uint64_t seconds = slow_start_seconds_min + bytes / slow_disk_bytes_per_second;
            journal.write(database_checked, {{"file", path}, {"bytes", std::to_string(bytes)}, {"seconds_at_most", std::to_string(seconds)}});
            notify("EXTEND_TIMEOUT_USEC=" + std::to_string(seconds * 1'000'000) + "\nSTATUS=reading the whole database after an unclean stop or a new version");
        });
        tell_migration_copies(journal, environment->settings);
        auto opened = Database::open(file, manifest.migrations);
        if (!opened) {
            journal.write(module_failed, {{"during", "opening " + file}, {"error", opened.error().message}});
            notify("STATUS=" + opened.error().message);
            return opened.error().kind == ErrorKind::conflict ? exit_state_refused : exit_database;
        }
        database.emplace(std::move(*opened));
    }
    if (auto walled = enter_sandbox(sandbox_for(manifest, *environment)); !walled) {
        journal.write(module_failed, {{"during", "sandbox"}, {"error", walled.error().message}});
        return 70;
    }
    try {
        Host host(manifest, make(), std::move(*environment), std::move(database));
        return host.run();
    } catch (const std::exception& failed) {
        // The one place where a library's exception ends: hameaud starts the process again.
        journal.write(module_failed, {{"exception", failed.what()}});
        return 70;
    }
}

} // namespace hameau
