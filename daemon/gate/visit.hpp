// Visit: one request while it is answered, alike for HTTP/1.1 and HTTP/2: what it says, where its body comes from, and
// where its response goes. How a response's fields are put together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/gate/channel.hpp"
#include "daemon/gate/addresses.hpp"
#include "daemon/gate/body.hpp"
#include "daemon/gate/pages.hpp"
#include "daemon/gate/request_head.hpp"
#include "daemon/gate/tunnel.hpp"

namespace hameau::gate {

class Gate;

/// A response that is given at once. Whoever answers fills it; the connection sends it in its protocol's own form.
struct Response {
    int status = 0;      ///< 0: not answered yet
    std::string fields;  ///< lines "Name: value\r\n"; none about the connection, the date or the body's length
    std::optional<std::uint64_t> length;  ///< what Content-Length says, of a response to HEAD too
    Body body;
};

/// The body of a request, as the module is to get it.
class BodySource {
public:
    /// At most buffer.size() bytes; 0 at the end. Errors: closed, timed_out (too slow, RFC 9110 §15.5.9), invalid.
    virtual Task<Result<std::size_t>> read(std::span<char> buffer) = 0;
    virtual bool finished() const = 0;

protected:
    ~BodySource() = default;
};

/// How slowly a body may come: bytes_per_second_min once `pause` is over.
class BodyPace {
public:
    explicit BodyPace(std::chrono::milliseconds pause) : pause_(pause) {}
    void start() { started_ms_ = started_ms_ == 0 ? Deadlines::now_ms() : started_ms_; }
    void count(std::size_t bytes) { received_ += bytes; }
    bool too_slow() const {
        const std::int64_t allowed = pause_.count() + static_cast<std::int64_t>(received_) * 1000 / bytes_per_second_min;
        return Deadlines::now_ms() - started_ms_ > allowed;
    }

private:
    std::chrono::milliseconds pause_;
    std::int64_t started_ms_ = 0;
    std::uint64_t received_ = 0;
};

struct Visit;

/// The way back to the client for what arrives piece by piece. One implementation for each protocol; all functions fail
/// with `closed` once the client has gone.
class Exchange {
public:
    /// 100 (Continue).
    virtual Task<Status> proceed() = 0;
    /// The header section. `length`: of the body; nothing: it is not known. Nothing is sent before the first write().
    virtual void start(Visit& visit, int status, std::string fields, std::optional<std::uint64_t> length) = 0;
    /// The next bytes of the body, perhaps none; returns when they were taken. `last`: the body is complete.
    virtual Task<Status> write(std::string_view data, bool last) = 0;
    /// Reads of the request's body fail with `closed` until it is switched off again.
    virtual void interrupt_body(bool on) = 0;
    /// The channel that would become a tunnel; null where the protocol has no such thing.
    virtual Channel* tunnel() = 0;
    /// 101 with these fields: what follows on tunnel() is not HTTP.
    virtual Task<Status> upgrade(std::string fields) = 0;
    /// The channel to end() when the client gives the request up; null: no longer. Where the client's own connection is
    /// the request's, reads and writes tell soon enough.
    virtual void end_with_client(Channel* module) { (void)module; }
    /// Whether the client has given the request up: nothing that is sent reaches it.
    virtual bool abandoned() const { return false; }

protected:
    ~Exchange() = default;
};

struct Visit {
    Gate& gate;
    Exchange& exchange;
    const RequestHead& head;
    const Address& address;
    std::string_view scheme;  ///< "https" or "http"
    BodySource& body;
    bool services = false;    ///< the services' host (or nobody's), not a site
    bool continued = false;   ///< 100 (Continue) was sent
    Response response = {};
    std::unique_ptr<Upgrade> upgrade = {};  ///< set when the response was 101: what follows is a tunnel's

    bool is_head() const { return head.method == "HEAD"; }
    std::string_view language() const;
};

/// "Date: ...\r\n" of this second.
const std::string& date_line();
/// HSTS and what protects the client, by whose page it is; `fields` are lines already there: a name that stands among
/// them is left alone.
std::string common_fields(const Visit& visit, std::string_view fields);
/// Whether lines "Name: value\r\n" hold that name (lower case).
bool has_line(std::string_view lines, std::string_view name);

/// Answers with it; HEAD gets the header section only.
void send_answer(Visit& visit, Answer answer);
/// A problem document on the services' API, a page elsewhere.
void send_problem(Visit& visit, int status, std::string_view code);
/// A redirect without a page.
void send_redirect(Visit& visit, int status, std::string location);

} // namespace hameau::gate
