// One exchange with a module. The body goes up while the response may already come down.
#include "daemon/gate/proxy.hpp"

#include <array>

#include <boost/asio/steady_timer.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/http1.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

constexpr Event module_failed{"gate.module_failed", Level::warning, "see the module's own log"};

/// Shared by all exchanges: filled and emptied without a wait in between, so that a quiet stream holds nothing.
std::array<char, piece_bytes> shared_piece;  // NOLINT: one thread

/// A coroutine beside this one, and how to wait for its end.
struct Beside {
    explicit Beside(asio::io_context& io) : timer(io, asio::steady_timer::time_point::max()) {}
    void finish() {
        done = true;
        timer.cancel();
    }
    Task<void> join() {
        while (!done) {
            co_await timer.async_wait(wait);
        }
    }
    asio::steady_timer timer;
    bool done = false;
};

struct Upload : Beside {
    using Beside::Beside;
    bool complete = false;
    bool answered = false;  ///< the response has begun: how long it takes is no longer the module's affair
    std::optional<ErrorKind> failed;  ///< the visitor's fault
};

/// A read that nobody waits for any more ends at once. What changes something goes on: the module would do it anyway, and
/// the call keeps its place among those of its client's address meanwhile (RFC 9110 §9.2.1).
class EndWithClient {
public:
    EndWithClient(Visit& visit, Channel& module) : exchange_(visit.exchange) {
        if (visit.head.method == "GET" || visit.head.method == "HEAD") {
            exchange_.end_with_client(&module);
        }
    }
    ~EndWithClient() { exchange_.end_with_client(nullptr); }
    EndWithClient(const EndWithClient&) = delete;
    EndWithClient& operator=(const EndWithClient&) = delete;

private:
    Exchange& exchange_;
};

/// Carries the visitor's body to the module, one piece at a time.
Task<void> carry_body(Visit& visit, Channel& module, Upload& upload) {
    std::string buffer(piece_bytes + 2, '\0');
    const bool chunked = visit.head.chunked;
    for (;;) {
        const std::span<char> room(buffer.data(), piece_bytes);
        const auto n = co_await visit.body.read(room);
        if (!n) {
            upload.failed = n.error().kind;
            module.end();
            break;
        }
        std::string head;
        std::size_t size = *n;
        if (chunked) {
            head = size == 0 ? "0\r\n" : chunk_head(size);
            buffer.replace(size, 2, "\r\n");
            size += 2;
        }
        const std::string_view piece(buffer.data(), size);
        const Status written = co_await module.write(head, piece);
        if (!written) {
            break;  // it has answered without reading on: the response tells
        }
        if (*n == 0) {
            upload.complete = true;
            if (!upload.answered) {
                module.set_deadline(answer_time);
            }
            break;
        }
    }
    upload.finish();
}

/// The module's response up to the empty line; `rest` gets what came behind it. 1xx but 101 are passed over.
Task<Result<std::string>> read_head(Channel& module, std::string& rest) {
    HeadEnd finder;
    for (;;) {
        while (const auto end = finder.find(rest)) {
            std::string head = rest.substr(0, *end);
            rest.erase(0, *end);
            finder = HeadEnd();
            const bool interim = head.size() > 9 && head.compare(9, 1, "1") == 0 && head.compare(9, 3, "101") != 0;
            if (!interim) {
                co_return head;
            }
        }
        if (rest.size() > response_head_bytes_max) {
            co_return fail(ErrorKind::too_large, "the head of the answer is too long");
        }
        const Status waited = co_await module.wait_readable();
        if (!waited) {
            co_return fail(waited.error());
        }
        const long n = module.try_read(shared_piece);
        if (n == 0 || n == -2) {
            co_return fail(ErrorKind::closed, rest.empty() ? "no answer" : "the head of the answer was cut");
        }
        if (n > 0) {
            rest.append(shared_piece.data(), static_cast<std::size_t>(n));
        }
    }
}

/// Takes the module's framing off.
class ResponseBody {
public:
    explicit ResponseBody(const ResponseHead& head) : left_(head.content_length), chunked_(head.chunked) {}
    /// The data within these bytes of the stream, in up to `out`.
    void take(std::string_view in, std::string& out) {
        if (!chunked_) {
            const std::size_t size = left_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*left_, in.size())) : in.size();
            out.append(in.substr(0, size));
            if (left_) {
                *left_ -= size;
            }
            return;
        }
        while (!in.empty() && !decoder_.done() && !decoder_.bad()) {
            const auto step = decoder_.take(in);
            out.append(step.data);
            in.remove_prefix(step.taken);
        }
    }
    bool done() const { return chunked_ ? decoder_.done() : left_ == std::uint64_t{0}; }
    bool bad() const { return chunked_ && decoder_.bad(); }
    bool ends_by_close() const { return !chunked_ && !left_; }

private:
    std::optional<std::uint64_t> left_;
    bool chunked_;
    ChunkDecoder decoder_;
};

/// Sends the body; what of it is there already goes out with the header section.
/// Errors: either side has gone; the client then sees a body without its end.
Task<Status> carry_answer(Visit& visit, Channel& module, const ResponseHead& head, std::string rest) {
    ResponseBody body(head);
    std::string data;
    body.take(rest, data);
    rest = std::string();
    for (bool ended = false, first = true;;) {
        const bool last = body.done() || (ended && body.ends_by_close());
        if (body.bad() || (ended && !last)) {
            co_return fail(ErrorKind::closed, "the module's answer was cut");
        }
        if (first || last || !data.empty()) {
            first = false;
            Status written = co_await visit.exchange.write(data, last);
            if (!written || last) {
                co_return written;
            }
        }
        data = std::string();
        Status waited = co_await module.wait_readable();
        if (!waited) {
            co_return waited;
        }
        const long n = module.try_read(shared_piece);
        ended = n == 0 || n == -2;
        if (n > 0) {
            body.take(std::string_view(shared_piece.data(), static_cast<std::size_t>(n)), data);
        }
    }
}

/// Who was revoked between the question and the upgrade is asked for again.
Task<bool> still_signed_in(Visit& visit, const ForwardPlan& plan) {
    Sessions::Answer answer;
    answer.generation = plan.generation;
    if (!plan.session || !visit.gate.sessions().is_stale(answer)) {
        co_return true;
    }
    std::string token = plan.token;
    const auto again = co_await visit.gate.sessions().resolve(std::move(token));
    co_return again && again->session;
}

Task<Status> answer_upgrade(Visit& visit, std::unique_ptr<Channel>& module, const ForwardPlan& plan, const ResponseHead& head,
                            std::string rest) {
    const bool valid = co_await still_signed_in(visit, plan);
    if (!valid) {
        send_problem(visit, 401, "signed_out");
        co_return Status{};
    }
    auto upgrade = std::make_unique<Upgrade>();
    if (plan.session) {
        upgrade->session = std::make_unique<Sessions::OpenSocket>(visit.gate.sessions(), plan.session, plan.token, *visit.exchange.tunnel());
    }
    std::string fields = passed_fields(head, plan.route.module);
    Status written = co_await visit.exchange.upgrade(std::move(fields));
    if (written) {
        upgrade->early = std::move(rest);
        upgrade->module = std::move(module);
        visit.upgrade = std::move(upgrade);
    }
    co_return written;
}

Task<Status> answer_with(Visit& visit, std::unique_ptr<Channel>& module, const ForwardPlan& plan, std::string head_text,
                         std::string rest) {
    const auto head = parse_response_head(head_text);
    const bool upgraded = head && head->status == 101;
    if (!head || (upgraded && !(visit.head.websocket && plan.route.websocket && visit.exchange.tunnel() != nullptr))) {
        visit.gate.journal().write(module_failed, {{"module", plan.route.module}, {"error", "its answer was not understood"}});
        send_problem(visit, 502, "unavailable");
        co_return Status{};
    }
    if (upgraded) {
        co_return co_await answer_upgrade(visit, module, plan, *head, std::move(rest));
    }
    std::string fields = passed_fields(*head, plan.route.module);
    fields += common_fields(visit, fields);
    const auto length = head->status == 204 ? std::nullopt : head->content_length;
    visit.exchange.start(visit, head->status, std::move(fields), length);
    // RFC 9110 §6.4.1: these have no body, whatever the fields say.
    if (visit.is_head() || head->status == 204 || head->status == 304) {
        co_return co_await visit.exchange.write(std::string_view(), true);
    }
    co_return co_await carry_answer(visit, *module, *head, std::move(rest));
}

Status answer_failure(Visit& visit, const ForwardPlan& plan, const Error& error, const Upload& upload) {
    if (visit.exchange.abandoned()) {
        return fail(ErrorKind::closed, "the client has gone");
    }
    if (upload.failed) {
        const bool late = *upload.failed == ErrorKind::timed_out;
        if (*upload.failed == ErrorKind::closed) {
            return fail(ErrorKind::closed, "the client has gone");
        }
        send_problem(visit, late ? 408 : 400, late ? "timed_out" : "bad_request");
        return {};
    }
    visit.gate.journal().write(module_failed, {{"module", plan.route.module}, {"error", error.message}});
    send_problem(visit, error.kind == ErrorKind::timed_out ? 504 : 503, "unavailable");
    return {};
}

/// One attempt. `again` is set when the module ended before the first byte and the request may be repeated.
Task<Status> exchange(Visit& visit, const ForwardPlan& plan, const std::string& request, bool may_repeat, bool& again) {
    Upload upload(visit.gate.io());
    if (visit.exchange.abandoned()) {
        co_return fail(ErrorKind::closed, "the client has gone");
    }
    auto connected = co_await visit.gate.modules().connect(plan.route.module);
    if (!connected) {
        co_return answer_failure(visit, plan, connected.error(), upload);
    }
    Channel& module = **connected;
    const EndWithClient watch(visit, module);
    module.set_pauses(answer_time, answer_time);
    const Status written = co_await module.write(request);
    const bool uploads = written && visit.head.has_body();
    if (uploads) {
        // While the body still comes, the module may wait as long as the visitor's pauses allow.
        module.set_pauses(std::chrono::milliseconds(0), answer_time);
        spawn(visit.gate.io(), carry_body(visit, module, upload), visit.gate.journal(), "request body");
    }
    std::string rest;
    auto head = co_await read_head(module, rest);
    upload.answered = true;
    module.clear_deadline();
    Status outcome;
    if (head) {
        outcome = co_await answer_with(visit, *connected, plan, std::move(*head), std::move(rest));
    } else if (may_repeat && rest.empty() && head.error().kind == ErrorKind::closed && !visit.exchange.abandoned()) {
        again = true;
    } else {
        outcome = answer_failure(visit, plan, head.error(), upload);
    }
    if (uploads && !upload.done) {
        module.end();
        visit.exchange.interrupt_body(true);
        co_await upload.join();
        visit.exchange.interrupt_body(false);
    }
    co_return outcome;
}

} // namespace

Task<Status> forward(Visit& visit, const ForwardPlan& plan) {
    const bool websocket = visit.head.websocket && plan.route.websocket && visit.head.method == "GET";
    if (visit.head.expects_continue && visit.head.has_body() && !visit.continued) {
        visit.continued = true;
        Status told = co_await visit.exchange.proceed();
        if (!told) {
            co_return told;
        }
    }
    const std::string request = module_request(visit, plan.route, plan.session.get(), websocket);
    // RFC 9110 §9.2.2: what is safe and has no body may be sent again.
    const bool repeatable = (visit.head.method == "GET" || visit.head.method == "HEAD") && !visit.head.has_body();
    bool again = false;
    Status outcome = co_await exchange(visit, plan, request, repeatable, again);
    if (again) {
        again = false;
        outcome = co_await exchange(visit, plan, request, false, again);
    }
    co_return outcome;
}

} // namespace hameau::gate
