// Asking people, and listening to what it takes back.
#include "daemon/gate/sessions.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "daemon/base/spawn.hpp"
#include "daemon/gate/chunks.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {
constexpr Event answer_refused{"sessions.answer_refused", Level::error};
constexpr Event verify_failed{"sessions.verify_failed", Level::warning, "WebSockets of members were closed; browsers connect again"};
} // namespace

Sessions::OpenSocket::OpenSocket(Sessions& sessions, SessionPointer session, std::string token, Channel& visitor) :
    sessions_(sessions), session_(std::move(session)), token_(std::move(token)), visitor_(visitor) {
    at_ = sessions_.sockets_.insert(sessions_.sockets_.end(), this);
    if (sessions_.stream_ != nullptr && sessions_.sockets_.size() == 1) {
        sessions_.stream_->set_deadline(stream_renewal);
    }
}

Sessions::OpenSocket::~OpenSocket() { sessions_.sockets_.erase(at_); }

Task<Result<Sessions::Answer>> Sessions::resolve(std::string token) {
    Answer answer;
    answer.generation = cache_.generation();
    if (token.empty() || token.size() > session_token_bytes_max) {
        co_return answer;
    }
    const TokenHash hash = hash_token(token);
    answer.session = cache_.find(hash);
    if (answer.session) {
        co_return answer;
    }
    // The stream first: what is revoked after the response must be heard.
    if (stream_ == nullptr && !opening_) {
        opening_ = true;
        auto opened = co_await open_stream();
        opening_ = false;
        if (opened) {
            stream_ = opened->get();
            spawn(modules_.io(), follow(std::move(*opened)), journal_, "revocations");
        }
    }
    answer.generation = cache_.generation();
    boost::json::object question;
    question["token"] = token;
    std::string text = boost::json::serialize(question);
    auto told = co_await modules_.call("people", "POST", "/internal/session", std::move(text));
    if (!told) {
        co_return fail(std::move(told.error()));
    }
    if (told->status == 404) {
        co_return answer;
    }
    auto parsed = understand(told->status, told->body);
    if (!parsed) {
        co_return fail(std::move(parsed.error()));
    }
    answer.session = std::move(*parsed);
    if (stream_ != nullptr && answer.generation == cache_.generation()) {
        cache_.keep(hash, answer.session);
    }
    co_return answer;
}

/// What people answered to the question who that is. Errors: unavailable, and the journal says why.
Result<SessionPointer> Sessions::understand(int status, std::string_view body) {
    auto parsed = parse_session(body);
    if (status != 200 || !parsed) {
        journal_.write(answer_refused, {{"status", std::to_string(status)}, {"error", parsed ? "" : parsed.error().message}});
        return fail(ErrorKind::unavailable, "people's answer was not understood");
    }
    return parsed;
}

Task<Result<Sessions::AppAnswer>> Sessions::open_with(AppKey key) {
    boost::json::object question;
    if (key.token.empty()) {
        question["login"] = key.login;
        question["password"] = key.password;
    } else {
        question["token"] = key.token;
    }
    question["scope"] = key.scope;
    question["prefix"] = key.address_prefix;
    std::string text = boost::json::serialize(question);
    auto told = co_await modules_.call("people", "POST", "/internal/app-session", std::move(text));
    if (!told) {
        co_return fail(std::move(told.error()));
    }
    AppAnswer answer;
    // 400, 422: what no app password looks like, such as an empty one.
    if (told->status == 400 || told->status == 404 || told->status == 422) {
        co_return answer;
    }
    if (told->status == 429) {
        boost::system::error_code failed;
        const auto parsed = boost::json::parse(told->body, failed);
        const auto* wait = failed || !parsed.is_object() ? nullptr : parsed.get_object().if_contains("wait_seconds");
        answer.wait_seconds = wait != nullptr && wait->is_int64() ? std::max<std::int64_t>(1, wait->get_int64()) : 1;
        co_return answer;
    }
    auto parsed = understand(told->status, told->body);
    if (!parsed) {
        co_return fail(std::move(parsed.error()));
    }
    answer.session = std::move(*parsed);
    co_return answer;
}

Task<Result<std::unique_ptr<Channel>>> Sessions::open_stream() {
    auto connected = co_await modules_.connect("people");
    if (!connected) {
        co_return fail(std::move(connected.error()));
    }
    Channel& channel = **connected;
    channel.set_deadline(revocation_open_deadline);
    const std::string_view request =
        "GET /internal/revocations HTTP/1.1\r\nHost: hameau\r\nHameau-Caller: gate\r\nConnection: close\r\n\r\n";
    Status written = co_await channel.write(request);
    if (!written) {
        co_return fail(std::move(written.error()));
    }
    // The header section alone, byte by byte: what follows it belongs to follow().
    std::string head;
    while (!head.ends_with("\r\n\r\n") && head.size() < head_bytes_max) {
        char byte = 0;
        const std::span<char> one(&byte, 1);
        const auto n = co_await channel.read_some(one);
        if (!n || *n == 0) {
            co_return fail(ErrorKind::unavailable, "people's stream of revocations did not open");
        }
        head += byte;
    }
    const auto parsed = parse_response_head(head);
    if (!parsed || parsed->status != 200 || !parsed->chunked) {
        co_return fail(ErrorKind::unavailable, "people's stream of revocations did not open");
    }
    channel.set_pauses(std::chrono::milliseconds(0), std::chrono::milliseconds(0));
    channel.clear_deadline();
    co_return std::move(connected);
}

void Sessions::take(std::string_view data, std::string& line, ChunkDecoder& decoder) {
    while (!data.empty() && !decoder.done() && !decoder.bad()) {
        const auto step = decoder.take(data);
        data.remove_prefix(step.taken);
        for (const char c : step.data) {
            if (c == '\n') {
                revoke(line);
                line.clear();
            } else if (line.size() < revocation_line_bytes_max) {
                line += c;
            }
        }
    }
}

Task<bool> Sessions::follow_once(std::unique_ptr<Channel>& stream, std::string& line, ChunkDecoder& decoder) {
    if (!sockets_.empty()) {
        stream->set_deadline(stream_renewal);
    } else {
        stream->clear_deadline();
    }
    const Status waited = co_await stream->wait_readable();
    std::array<char, 1024> buffer{};
    std::unique_ptr<Channel> fresh;
    if (!waited) {
        if (waited.error().kind != ErrorKind::timed_out) {
            co_return false;
        }
        if (sockets_.empty()) {
            co_return true;
        }
        auto opened = co_await open_stream();
        if (!opened) {
            co_return false;
        }
        fresh = std::move(*opened);
    }
    for (long n = stream->try_read(buffer); n != -1; n = stream->try_read(buffer)) {
        if (n <= 0) {
            co_return false;
        }
        take(std::string_view(buffer.data(), static_cast<std::size_t>(n)), line, decoder);
    }
    if (fresh) {
        stream = std::move(fresh);
        stream_ = stream.get();
        decoder = ChunkDecoder();
        line.clear();
    }
    co_return !decoder.done() && !decoder.bad();
}

Task<void> Sessions::follow(std::unique_ptr<Channel> stream) {
    std::string line;
    ChunkDecoder decoder;
    bool open = true;
    while (open) {
        open = co_await follow_once(stream, line, decoder);
    }
    stream_ = nullptr;
    cache_.clear();
    stream.reset();
    if (!sockets_.empty()) {
        co_await renew_or_forget();
    }
}

/// The stream broke while members' WebSockets are open: what was revoked meanwhile is asked for.
Task<void> Sessions::renew_or_forget() {
    std::vector<std::string> tokens;
    for (const OpenSocket* socket : sockets_) {
        if (std::find(tokens.begin(), tokens.end(), socket->token_) == tokens.end()) {
            tokens.push_back(socket->token_);
        }
    }
    for (const std::string& token : tokens) {
        const auto answer = co_await resolve(token);
        if (!answer) {
            journal_.write(verify_failed, {{"error", answer.error().message}});
        }
        if (!answer || !answer->session) {
            for (OpenSocket* socket : sockets_) {
                if (socket->token_ == token) {
                    socket->visitor_.end();
                }
            }
        }
    }
}

void Sessions::revoke(std::string_view line) {
    cache_.revoke(line);
    for (OpenSocket* socket : sockets_) {
        if (SessionCache::speaks_of(line, *socket->session_)) {
            socket->visitor_.end();
        }
    }
}

} // namespace hameau::gate
