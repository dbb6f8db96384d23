// Connecting to modules over their Unix sockets, and the gate's own small calls to them (sessions, revocations).
#include "daemon/gate/module_sockets.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>


#include "daemon/base/waiting.hpp"
#include "daemon/gate/chunks.hpp"
#include "daemon/gate/limits.hpp"
#include "daemon/gate/request_head.hpp"

namespace hameau::gate {

namespace asio = boost::asio;

namespace {

/// One attempt: the socket, or errno.
int connect_now(const std::string& path, Fd& out) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return ENAMETOOLONG;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made || ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return errno;
    }
    out = std::move(made);
    return 0;
}

Result<ModuleAnswer> read_answer(std::string_view text) {
    const auto end = find_head_end(text);
    if (!end) {
        return fail(ErrorKind::closed, "the module ended without an answer");
    }
    const auto head = parse_response_head(text.substr(0, *end));
    if (!head) {
        return fail(ErrorKind::invalid, "the module's answer was not understood");
    }
    ModuleAnswer answer;
    answer.status = head->status;
    std::string_view body = text.substr(*end);
    if (!head->chunked) {
        if (head->content_length && *head->content_length != body.size()) {
            return fail(ErrorKind::closed, "the module's answer was cut");
        }
        answer.body = std::string(body);
        return answer;
    }
    ChunkDecoder decoder;
    while (!body.empty() && !decoder.done() && !decoder.bad()) {
        const auto step = decoder.take(body);
        answer.body += step.data;
        body.remove_prefix(step.taken);
    }
    return decoder.done() ? Result<ModuleAnswer>(std::move(answer)) : fail(ErrorKind::closed, "the module's answer was cut");
}

} // namespace

Task<Result<std::unique_ptr<Channel>>> ModuleSockets::connect(std::string module) {
    const std::string path = folder_ + "/" + module + ".sock";
    for (int attempt = 0; attempt < full_attempts; ++attempt) {
        Fd socket;
        const int failed = connect_now(path, socket);
        if (failed == 0) {
            co_return std::make_unique<Channel>(std::move(socket), deadlines_);
        }
        if (failed != EAGAIN && failed != EINTR) {
            co_return fail(ErrorKind::unavailable, module + ": " + std::strerror(failed));
        }
        asio::steady_timer pause(io_, full_pause);
        co_await pause.async_wait(wait);
    }
    co_return fail(ErrorKind::unavailable, module + " has too many callers");
}

Task<Result<ModuleAnswer>> ModuleSockets::call_once(const std::string& module, const std::string& request) {
    auto connected = co_await connect(module);
    if (!connected) {
        co_return fail(std::move(connected.error()));
    }
    Channel& channel = **connected;
    channel.set_deadline(call_deadline);
    const Status written = co_await channel.write(request);
    std::string text;
    std::string piece(4096, '\0');
    // A module that refuses early has answered although the request could not be written whole.
    for (;;) {
        const auto n = co_await channel.read_some(piece);
        if (!n || *n == 0) {
            break;
        }
        text.append(piece, 0, *n);
        if (text.size() > call_response_bytes_max) {
            co_return fail(ErrorKind::too_large, "the module's answer is too long");
        }
    }
    if (text.empty() && !written) {
        co_return fail(written.error());
    }
    co_return read_answer(text);
}

Task<Result<ModuleAnswer>> ModuleSockets::call(std::string module, std::string method, std::string path, std::string json) {
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: hameau\r\nHameau-Caller: gate\r\nConnection: close\r\n";
    if (!json.empty()) {
        request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(json.size()) + "\r\n";
    }
    request += "\r\n" + json;
    auto answer = co_await call_once(module, request);
    if (!answer && answer.error().kind == ErrorKind::closed) {
        // The module ended under the call (a crash, an idle stop): the next one waits in the listener. Our calls only ask.
        answer = co_await call_once(module, request);
    }
    co_return answer;
}

} // namespace hameau::gate
