// One connection from the gate, hameau-admin or another module: a request and its response, or a WebSocket.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <deque>

#include <boost/asio/read.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/contract/path.hpp"
#include "daemon/host/client.hpp"
#include "daemon/host/host.hpp"
#include "daemon/host/limits.hpp"
#include "daemon/host/slow_write.hpp"
#include "daemon/host/websocket.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

using Stream = HostStream;
using Parser = http::request_parser<http::buffer_body>;

constexpr Event request_failed{"module.request_failed", Level::error};

/// The request's body, read from the stream as the module asks for it.
class StreamBody final : public Body {
public:
    StreamBody(Stream& stream, beast::flat_buffer& buffer, Parser& parser) :
        stream_(stream), buffer_(buffer), parser_(parser) {
        if (const auto length = parser.content_length()) {
            size_ = *length;
        }
    }

    Task<Result<std::size_t>> read_some(std::span<char> out) override {
        if (parser_.is_done() || out.empty()) {
            co_return std::size_t{0};
        }
        parser_.get().body().data = out.data();
        parser_.get().body().size = out.size();
        stream_.expires_after(body_deadline);
        auto read = co_await http::async_read_some(stream_, buffer_, parser_, wait);
        boost::system::error_code failed = std::get<0>(read);
        std::size_t taken = out.size() - parser_.get().body().size;
        while (!failed && taken == 0 && !parser_.is_done()) {
            stream_.expires_after(body_deadline);
            auto more = co_await http::async_read_some(stream_, buffer_, parser_, wait);
            failed = std::get<0>(more);
            taken = out.size() - parser_.get().body().size;
        }
        stream_.expires_never();
        if (failed && failed != http::error::need_buffer) {
            const auto kind = failed == beast::error::timeout ? ErrorKind::timed_out : ErrorKind::closed;
            co_return fail(kind, "the rest of the request did not come", failed);
        }
        co_return taken;
    }

    std::optional<std::uint64_t> size_bytes() const override { return size_; }
    bool finished() const { return parser_.is_done(); }

private:
    Stream& stream_;
    beast::flat_buffer& buffer_;
    Parser& parser_;
    std::optional<std::uint64_t> size_;
};

std::string head_of(const Response& response, std::optional<std::uint64_t> size, bool chunked) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += std::string_view(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status))));
    head += "\r\n";
    for (const auto& [name, value] : response.headers) {
        head.append(name).append(": ").append(value).append("\r\n");
    }
    if (size) {
        head += "Content-Length: " + std::to_string(*size) + "\r\n";
    }
    if (chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    return head += "Connection: close\r\n\r\n";
}

/// Small responses go out with one system call: both parts together.
Task<boost::system::error_code> write_text(Stream& stream, std::string_view first, std::string_view second) {
    std::string together;
    if (!first.empty() && second.size() <= joined_bytes_max) {
        together.append(first).append(second);
        first = together;
        second = {};
    }
    co_return co_await write_slowly(stream, first, second, write_deadline);
}

Task<void> write_file(Stream& stream, const FileBody& file, std::string head) {
    std::string slice;
    std::uint64_t at = file.offset;
    std::uint64_t left = file.size_bytes;
    while (left > 0) {
        slice.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, file_slice_bytes)));
        const ssize_t n = ::pread(file.fd.get(), slice.data(), slice.size(), static_cast<off_t>(at));
        if (n <= 0) {
            co_return;
        }
        slice.resize(static_cast<std::size_t>(n));
        const auto failed = co_await write_text(stream, head, slice);
        if (failed) {
            co_return;
        }
        head.clear();
        at += static_cast<std::uint64_t>(n);
        left -= static_cast<std::uint64_t>(n);
    }
    if (!head.empty()) {
        co_await write_text(stream, head, slice);
    }
}

Task<void> write_source(Stream& stream, BodySource& source, std::string head) {
    const std::string_view nothing;
    auto failed = co_await write_text(stream, head, nothing);
    while (!failed) {
        auto piece = co_await source();
        if (!piece) {
            co_return;  // the missing last chunk tells the reader that it was cut short
        }
        char size[24];
        const auto end = std::to_chars(size, size + sizeof size - 4, piece->size(), 16).ptr;
        std::string frame(size, static_cast<std::size_t>(end - size));
        frame += "\r\n";
        const bool last = piece->empty();
        *piece += "\r\n";
        failed = co_await write_text(stream, frame, *piece);
        if (last) {
            co_return;
        }
    }
}

Task<void> write_response(Stream& stream, Response response) {
    if (auto* text = std::get_if<std::string>(&response.body)) {
        const std::string head = head_of(response, text->size(), false);
        co_await write_text(stream, head, *text);
    } else if (auto* file = std::get_if<FileBody>(&response.body)) {
        std::string head = head_of(response, file->size_bytes, false);
        co_await write_file(stream, *file, std::move(head));
    } else {
        std::string head = head_of(response, std::nullopt, true);
        auto& source = std::get<BodySource>(response.body);
        co_await write_source(stream, source, std::move(head));
    }
}

/// Reads what the peer still sends, within bounds: closing a Unix socket with unread bytes would reset the response.
Task<void> finish(Stream& stream) {
    boost::system::error_code ignored;
    stream.socket().shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
    std::string rest(16384, '\0');
    std::size_t total = 0;
    stream.expires_after(drain_deadline);
    while (total < drain_bytes_max) {
        const auto buffer = asio::buffer(rest);
        auto read = co_await stream.async_read_some(buffer, wait);
        auto& [failed, n] = read;
        if (failed) {
            break;
        }
        total += n;
    }
}

Result<Request> to_request(Host& host, const Parser& parser, int socket) {
    Request request;
    const auto& message = parser.get();
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    auto path = normalise_path(target.substr(0, question));
    if (!path) {
        return fail(std::move(path.error()));
    }
    request.path = std::move(*path);
    request.query = question == std::string_view::npos ? "" : std::string(target.substr(question + 1));
    for (const auto& field : message) {
        request.headers.emplace_back(ascii_lower({field.name_string().data(), field.name_string().size()}),
                                     std::string(field.value()));
    }
    auto who = host.identify(request.headers, socket);
    if (!who) {
        return fail(std::move(who.error()));
    }
    request.who = std::move(*who);
    std::erase_if(request.headers, [](const auto& header) {
        // The gate's scheme and address prefix are facts about the visit, not about identity.
        return header.first.starts_with("hameau-") && header.first != "hameau-scheme-host" &&
               header.first != "hameau-address-prefix";
    });
    return request;
}

Response refusal(int status, std::string_view title) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/problem+json");
    response.body = "{\"type\":\"about:blank\",\"title\":\"" + std::string(title) +
                    "\",\"status\":" + std::to_string(status) + "}";
    return response;
}

/// The pattern that a path matched, for the journal: the path itself may hold the code of an invitation or a link's key.
std::string route_of(const Manifest& manifest, std::string_view path) {
    for (const Route& route : manifest.routes) {
        if (match_pattern(route.pattern, path, nullptr)) {
            return std::string(route.pattern);
        }
    }
    return "(none)";
}

bool wants_websocket(const Request& request) {
    return request.method == "GET" && ascii_lower(request.header("upgrade")) == "websocket";
}

} // namespace

Task<void> serve_connection(Host& host, asio::local::stream_protocol::socket socket,
                            std::shared_ptr<Use> use) {
    Stream stream(std::move(socket));
    std::optional<Request> upgraded;
    std::unique_ptr<WebSocketHandler> handler;
    {
        beast::flat_buffer buffer(head_bytes_max + 16384);
        Parser parser;
        parser.header_limit(head_bytes_max);
        parser.body_limit(boost::none);
        stream.expires_after(head_deadline);
        auto read = co_await http::async_read_header(stream, buffer, parser, wait);
        stream.expires_never();
        if (std::get<0>(read)) {
            co_return;
        }
        auto request = to_request(host, parser, stream.socket().native_handle());
        if (!request) {
            const int status = request.error().kind == ErrorKind::denied ? 403 : 400;
            co_await write_response(stream, refusal(status, request.error().message));
            co_await finish(stream);
            co_return;
        }
        StreamBody body(stream, buffer, parser);
        request->body = &body;
        if (wants_websocket(*request) && host.is_websocket_route(request->path)) {
            auto outcome = co_await host.module().upgrade(*request);
            if (auto* response = std::get_if<Response>(&outcome)) {
                co_await write_response(stream, std::move(*response));
                co_await finish(stream);
                co_return;
            }
            handler = std::move(std::get<std::unique_ptr<WebSocketHandler>>(outcome));
            upgraded = std::move(*request);
        } else {
            use->counts = request->path != health_path;
            Response response = co_await host.answer(*request);
            co_await write_response(stream, std::move(response));
            if (!body.finished() || buffer.size() > 0) {
                co_await finish(stream);
            }
            co_return;
        }
    }
    auto plain = stream.release_socket();
    co_await serve_websocket(host, std::move(plain), std::move(*upgraded), std::move(handler), std::move(use));
}

Task<Response> Host::answer(Request& request) {
    std::string reference;
    try {
        if (request.path.starts_with("/internal/")) {
            co_return co_await answer_internal(request);
        }
        co_return co_await module_->handle(request);
    } catch (const std::exception& failed) {
        reference = journal_.write_reference(request_failed, {{"method", request.method}, {"route", route_of(manifest_, request.path)}, {"exception", failed.what()}});
    }
    Response response = refusal(500, "Internal error");
    response.body = "{\"type\":\"about:blank\",\"title\":\"Internal error\",\"status\":500,\"reference\":\"" + reference +
                    "\"}";
    co_return response;
}

} // namespace hameau
