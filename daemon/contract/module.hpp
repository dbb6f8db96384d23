// The module interface: what every built-in service implements, and what it gets.
// A module runs alone in its process (daemon/host), on one thread, under its own uid, in its own folder.
//
// Identity: the gate deletes every Hameau-* header that comes in and sets its own after asking people:
//   Hameau-Member   id of the member (26 characters)       Hameau-Login   login
//   Hameau-Session  id of the session (never the token)    Hameau-Name    display name, percent-encoded UTF-8
//   Hameau-Roles    "admin" and/or "SLUG=manager|member", separated by ", "
// The host accepts them from the gate's and hameau-admin's uid only, and turns them into Identity.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/base/fd.hpp"
#include "daemon/base/journal.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/manifest.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/database.hpp"

namespace hameau {

template <class T>
using Task = boost::asio::awaitable<T>;

enum class Caller { gate, admin, module };
enum class Role { none, member, manager };

/// Who asks. From the gate: the signed-in member, or nobody. From hameau-admin: the house's admin.
struct Identity {
    Caller caller = Caller::gate;
    std::string module;   ///< for Caller::module: its name
    std::string member;   ///< empty: not signed in
    std::string session;
    std::string login;
    std::string name;
    bool admin = false;
    std::vector<std::pair<std::string, Role>> associations;

    bool signed_in() const { return !member.empty() || admin; }
    /// The role in an association; an admin has Role::manager in each.
    Role role_in(std::string_view association) const;
};

/// The body as it arrives; nothing is read ahead of what the module asks for.
class Body {
public:
    virtual ~Body() = default;
    /// The next bytes, at most buffer.size(); 0 at the end. Errors: closed, timed_out, too_large.
    virtual Task<Result<std::size_t>> read_some(std::span<char> buffer) = 0;
    /// Content-Length where there is one.
    virtual std::optional<std::uint64_t> size_bytes() const = 0;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;
    std::string path;   ///< percent-decoded, normalised, begins with "/"
    std::string query;  ///< raw, without "?"
    Headers headers;    ///< names in lower case; hop-by-hop and Hameau-* headers removed
    std::map<std::string, std::string, std::less<>> parameters;  ///< {x} of the matched pattern
    Identity who;
    Body* body = nullptr;

    std::string_view header(std::string_view lower_case_name) const;
    /// A query parameter, percent-decoded.
    std::optional<std::string> query_parameter(std::string_view name) const;
    std::string_view parameter(std::string_view name) const;
};

/// A body produced piece by piece: returns an empty string at the end.
using BodySource = std::function<Task<Result<std::string>>()>;
struct FileBody {
    Fd fd;
    std::uint64_t offset = 0;
    std::uint64_t size_bytes = 0;
};

struct Response {
    int status = 200;
    Headers headers;
    std::variant<std::string, FileBody, BodySource> body;
};

/// An open WebSocket as the module sees it; whole binary messages. Not owned by the module: see WebSocketHandler.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    /// Sends binary messages, together where that is possible; the same bytes may go to many connections. What the system
    /// does not take at once is queued.
    virtual void send(std::span<const std::shared_ptr<const std::string>> messages) = 0;
    void send(const std::shared_ptr<const std::string>& message) { send(std::span(&message, 1)); }
    /// Bytes that were queued and not yet taken by the system.
    virtual std::size_t queued_bytes() const = 0;
    /// Sends what is queued, then a close frame; on_close follows.
    virtual void close(std::uint16_t code, std::string reason) = 0;
};

/// The module's side of one WebSocket; destroyed after on_close.
class WebSocketHandler {
public:
    virtual ~WebSocketHandler() = default;
    /// The handshake is done; `socket` lives until on_close returns.
    virtual void on_open(WebSocket& socket) = 0;
    /// One whole binary message (text is refused by the host with 1003; over the limit 1009).
    virtual void on_message(std::string_view message) = 0;
    /// What was queued because the reader did not keep up has been taken by the system: time to send more.
    virtual void on_drained() {}
    virtual void on_close() = 0;
};

struct Check {
    std::string name;
    bool passed = true;
    std::string advice;   ///< plain words: what to do, in French
    std::string english;  ///< the same in English; empty: `advice` serves every reader
};

/// What the host gives a module. Everything lives as long as the module.
class ModuleContext {
public:
    virtual ~ModuleContext() = default;
    virtual boost::asio::io_context& io() = 0;
    virtual const Settings& settings() = 0;
    virtual Database& database() = 0;  ///< NAME.db in the module's folder, migrated
    virtual Journal& journal() = 0;
    /// The module's own folder (absolute).
    virtual const std::string& folder() = 0;
    /// One HTTP call to another module's socket as ourselves (its manifest must list us); bodies up to 1 MiB.
    virtual Task<Result<Response>> call(std::string module, std::string method, std::string path, std::string json) = 0;
    /// A GET whose answer is read a piece at a time (BodySource), however long it is; each piece has a deadline. The module that
    /// answers is kept awake until the last copy of the source is gone.
    virtual Task<Result<Response>> open_stream(std::string module, std::string path) {
        (void)module, (void)path;
        co_return fail(ErrorKind::unavailable, "there is nobody to ask");
    }
    /// Asks hameaud for one provisioning verb; answers when it has ended.
    virtual Task<Status> provision(std::string verb, std::map<std::string, std::string> arguments) = 0;
    /// The same for a verb that looks and changes nothing ("probe"): what it found, as lines.
    virtual Task<Result<std::string>> ask_root(std::string verb, std::map<std::string, std::string> arguments) {
        (void)verb, (void)arguments;
        co_return fail(ErrorKind::unavailable, "there is nobody to ask");
    }
    /// Runs a slow function (argon2, hashing) on the process's one worker thread and waits for it.
    virtual Task<void> run_slow(std::function<void()> work) = 0;
    /// The state of every process, as hameaud's records (people only).
    virtual Task<Result<std::vector<std::pair<std::string, std::string>>>> process_status() = 0;
    /// Tells hameaud that a shared file changed: "hosts".
    virtual void announce(std::string what) = 0;
    /// An open helper program that hameaud lent to this module ("unpack"), or -1. Not closed by the module.
    virtual int program(std::string_view name) {
        (void)name;
        return -1;
    }
    /// While busy() is held the host does not stop the module for idleness.
    virtual std::shared_ptr<void> busy() = 0;
};

/// The body of a response that is whole; empty for one that is read piece by piece.
inline std::string_view body_text(const Response& response) {
    const auto* text = std::get_if<std::string>(&response.body);
    return text == nullptr ? std::string_view() : std::string_view(*text);
}

class Module {
public:
    virtual ~Module() = default;
    /// Opens what it needs; the host says READY after it. Errors end the process.
    virtual Task<Status> start(ModuleContext& context) = 0;
    virtual Task<Response> handle(Request& request) = 0;
    /// For a route with websocket: the handler, or the refusal to answer with (401, 403, 404).
    virtual Task<std::variant<std::unique_ptr<WebSocketHandler>, Response>> upgrade(Request& request);
    virtual std::vector<Check> check_health() { return {}; }
    /// Further checks that wait for somebody else's answer, each with a deadline; shown with those above.
    virtual Task<std::vector<Check>> probe_health();
    /// May be asked again after it was done. What is to go is marked or gone before its first wait, so that a call whose
    /// answer nobody heard never meets a later association of the same name.
    virtual Task<Status> erase_association(std::string slug) = 0;
    /// `closed`: the association is in the house's bin. Nothing of it is shown or changed, and nothing is lost. Else it is in
    /// use again. May be asked again; the response comes when it is so. For modules that hear no event of people.
    virtual Task<Status> close_association(std::string slug, bool closed);
    /// Writes out what is pending; called before stopping and before a backup.
    virtual Task<void> stop() = 0;
};

} // namespace hameau
