// Visit: one request of a visitor while it is answered; its body, and how a response's header section is put together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/gate/channel.hpp"
#include "daemon/gate/chunks.hpp"
#include "daemon/gate/addresses.hpp"
#include "daemon/gate/pages.hpp"
#include "daemon/gate/request_head.hpp"
#include "daemon/gate/tunnel.hpp"

namespace hameau::gate {

class Gate;

/// The body of a request, decoded; what follows it stays in `input` (pipelining).
class BodyReader {
public:
    BodyReader(Channel& channel, std::string& input, const RequestHead& head, std::chrono::milliseconds body_time);
    /// At most buffer.size() bytes; 0 at the end. Errors: closed, timed_out (too slow, RFC 9110 §15.5.9), invalid.
    Task<Result<std::size_t>> read(std::span<char> buffer);
    bool finished() const { return finished_; }

private:
    Result<std::size_t> take_chunks(std::span<char> buffer);
    bool too_slow() const;

    Channel& channel_;
    std::string& input_;
    std::chrono::milliseconds body_time_;
    std::int64_t started_ms_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t left_ = 0;
    bool chunked_ = false;
    bool finished_ = false;
    ChunkDecoder decoder_;
};

struct Visit {
    Gate& gate;
    Channel& channel;
    std::string& input;  ///< bytes that came after the header section
    const RequestHead& head;
    const Address& address;
    std::string_view scheme;  ///< "https" or "http"
    BodyReader& body;
    bool services = false;    ///< the services' host (or nobody's), not a site
    bool keep_alive = true;   ///< whether another request may follow on this connection
    bool continued = false;   ///< 100 (Continue) was sent
    std::unique_ptr<Upgrade> upgrade = {};  ///< set when the response was 101: what follows is a tunnel's

    bool is_head() const { return head.method == "HEAD"; }
    std::string_view language() const;
};

/// "HTTP/1.1 200 OK\r\nDate: ...\r\n".
std::string status_and_date(int status);
/// Connection, HSTS and what protects the visitor, by whose page it is; `fields` are lines already there: a name that
/// stands among them is left alone.
std::string common_fields(const Visit& visit, std::string_view fields);
/// Whether lines "Name: value\r\n" hold that name (lower case).
bool has_line(std::string_view lines, std::string_view name);

/// Sends a whole response; HEAD gets the header section only.
Task<Status> send_answer(Visit& visit, Answer answer);
/// A problem document on the services' API, a page elsewhere.
Task<Status> send_problem(Visit& visit, int status, std::string_view code);
/// A redirect without a page.
Task<Status> send_redirect(Visit& visit, int status, std::string location);

/// Ends a connection whose request was not read whole: the response must arrive before the reset that unread bytes cause.
Task<void> drain(Channel& channel);

} // namespace hameau::gate
