// Host: runs ONE module in this process: HTTP and WebSockets on the Unix socket that hameaud lent,
// identity from the peer, idle stop, health, orderly end. The only code of a module's process that is not the module.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "daemon/child/child.hpp"
#include "daemon/child/control.hpp"
#include "daemon/contract/module.hpp"
#include "daemon/host/limits.hpp"

namespace hameau {

static_assert(quiet_deadline < stop_deadline && stop_deadline < kill_after);
inline constexpr std::string_view health_path = "/internal/health";

class SocketConnection;

/// What keeps a module from its idle stop. When it ends, the idle time counts from zero again. A look at the module's health does not
/// count: who watches the house must not keep it awake.
struct Use {
    bool counts = true;
};

class Host final : public ModuleContext {
public:
    Host(const Manifest& manifest, std::unique_ptr<Module> module, ChildEnvironment environment,
         std::optional<Database> database);
    ~Host() override;
    /// Serves until the idle stop, SIGTERM or the loss of hameaud. The process's exit code.
    int run();

    boost::asio::io_context& io() override { return io_; }
    const Settings& settings() override { return environment_.settings; }
    /// A module without migrations has none: asking is a bug.
    Database& database() override { return database_.value(); }
    Journal& journal() override { return journal_; }
    const std::string& folder() override { return folder_; }
    Task<Result<Response>> call(std::string module, std::string method, std::string path, std::string json) override;
    Task<Result<Response>> open_stream(std::string module, std::string path) override;
    Task<Status> provision(std::string verb, std::map<std::string, std::string> arguments) override;
    Task<Result<std::string>> ask_root(std::string verb, std::map<std::string, std::string> arguments) override;
    Task<void> run_slow(std::function<void()> work) override;
    Task<Result<std::vector<std::pair<std::string, std::string>>>> process_status() override;
    void announce(std::string what) override;
    int program(std::string_view name) override;
    std::shared_ptr<void> busy() override { return use(); }
    std::shared_ptr<Use> use();

    /// hameau-admin only: asks hameaud to restart a service.
    void tell_restart(std::string service);

    // For the connections (connection.cpp).
    Module& module() { return *module_; }
    const Manifest& manifest() const { return manifest_; }
    /// Who the peer says it is, held against its uid. Errors: denied.
    Result<Identity> identify(const Headers& headers, int socket) const;
    bool is_websocket_route(std::string_view path) const;
    bool stopping() const { return stopping_; }
    std::size_t websocket_message_bytes_max() const { return websocket_message_bytes_max_; }
    void enter(SocketConnection* socket) { sockets_.insert(socket); }
    void leave(SocketConnection* socket) { sockets_.erase(socket); }
    Task<Response> answer(Request& request);

private:
    Task<void> begin();
    void drop_copies_daily();
    Task<void> accept_loop();
    Task<void> stop(std::string reason);
    void on_idle();
    void on_control(const Message& message);
    Task<Response> answer_internal(Request& request);

    const Manifest& manifest_;
    std::unique_ptr<Module> module_;
    ChildEnvironment environment_;
    std::optional<Database> database_;
    Journal journal_;
    std::string folder_;
    boost::asio::io_context io_{1};
    boost::asio::local::stream_protocol::acceptor acceptor_{io_};
    boost::asio::signal_set signals_{io_};
    boost::asio::steady_timer idle_timer_{io_};
    boost::asio::steady_timer quiet_{io_};
    boost::asio::steady_timer stop_timer_{io_};
    boost::asio::steady_timer copies_timer_{io_};
    std::unique_ptr<ControlChannel> control_;
    std::unique_ptr<boost::asio::thread_pool> worker_;
    std::set<SocketConnection*> sockets_;
    std::size_t busy_ = 0;
    std::chrono::steady_clock::time_point last_use_ = std::chrono::steady_clock::now();
    std::size_t websocket_message_bytes_max_;
    std::chrono::milliseconds idle_stop_{0};
    bool started_ = false;
    bool stopping_ = false;
    int exit_code_ = 0;
};

/// One accepted connection: one request, or one WebSocket.
Task<void> serve_connection(Host& host, boost::asio::local::stream_protocol::socket socket,
                            std::shared_ptr<Use> use);

/// main() of a module's program: environment, database, sandbox, host.
int run_module(const Manifest& manifest, std::unique_ptr<Module> (*make)());

} // namespace hameau
