// A request to a module, streamed in both directions. Called by Admin (admin.cpp) for every path that is not its own.
#include "daemon/admin/forward.hpp"
#include "daemon/base/waiting.hpp"

#include <cstdio>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/http/read.hpp>

#include "daemon/admin/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/host/incoming.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

using Stream = beast::basic_stream<asio::local::stream_protocol>;

std::string head_of(const Request& request) {
    std::string target = request.path;
    if (!request.query.empty()) {
        target += "?" + request.query;
    }
    const std::string escaped = percent_encode(target, [](char c) { return c > 0x20 && c < 0x7f; });
    std::string head = request.method + " " + escaped + " HTTP/1.1\r\nHost: hameau\r\nHameau-Caller: admin\r\n"
                       "Hameau-Roles: admin\r\nHameau-Login: admin\r\nConnection: close\r\n";
    for (const auto& [name, value] : request.headers) {
        if (name == "content-type" || name == "accept" || name == "accept-language" || name == "hameau-scheme-host") {
            head.append(name).append(": ").append(value).append("\r\n");
        }
    }
    if (request.body->size_bytes()) {
        head += "Content-Length: " + std::to_string(*request.body->size_bytes()) + "\r\n\r\n";
    } else if (request.method == "GET" || request.method == "DELETE" || request.method == "HEAD") {
        head += "\r\n";
    } else {
        head += "Transfer-Encoding: chunked\r\n\r\n";
    }
    return head;
}

Task<boost::system::error_code> send(Stream& stream, std::string_view text) {
    const auto buffer = asio::buffer(text);
    stream.expires_after(forward_step_deadline);
    auto sent = co_await asio::async_write(stream, buffer, wait);
    co_return std::get<0>(sent);
}

/// Sends the body; a module that responds early and stops reading is no error here.
Task<void> send_body(Stream& stream, Request& request, bool chunked) {
    std::string slice(forward_slice_bytes, '\0');
    for (;;) {
        const auto n = co_await request.body->read_some(slice);
        if (!n) {
            stream.close();
            co_return;
        }
        std::string_view piece(slice.data(), *n);
        std::string framed;
        if (chunked) {
            char size[32];
            const int length = std::snprintf(size, sizeof size, "%zx\r\n", *n);
            framed.append(size, static_cast<std::size_t>(length)).append(piece).append("\r\n");
            piece = framed;
        }
        if (!piece.empty()) {
            const auto failed = co_await send(stream, piece);
            if (failed) {
                co_return;
            }
        }
        if (*n == 0) {
            co_return;
        }
    }
}

} // namespace

Task<Result<Response>> forward(asio::io_context& io, std::string socket_path, Request& request) {
    auto upstream = std::make_shared<Incoming>(io, forward_slice_bytes);
    upstream->parser.header_limit(65536);
    const asio::local::stream_protocol::endpoint endpoint(socket_path);
    upstream->stream.expires_after(forward_step_deadline);
    auto connected = co_await upstream->stream.async_connect(endpoint, wait);
    if (const auto failed = std::get<0>(connected)) {
        co_return fail(ErrorKind::unavailable, "the service does not run: " + failed.message(), failed);
    }
    const std::string head = head_of(request);
    const auto failed = co_await send(upstream->stream, head);
    if (!failed) {
        const bool chunked = head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos;
        if (chunked || request.body->size_bytes().value_or(0) > 0) {
            co_await send_body(upstream->stream, request, chunked);
        }
    }
    upstream->stream.expires_after(forward_response_deadline);
    auto read = co_await http::async_read_header(upstream->stream, upstream->buffer, upstream->parser, wait);
    if (const auto broken = std::get<0>(read)) {
        co_return fail(ErrorKind::unavailable, "the service did not answer: " + broken.message(), broken);
    }
    Response response;
    const auto& message = upstream->parser.get();
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        if (field.name() != http::field::connection && field.name() != http::field::content_length &&
            field.name() != http::field::transfer_encoding) {
            response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
        }
    }
    BodySource source = [upstream] { return next_piece(upstream, forward_step_deadline); };
    response.body = std::move(source);
    co_return response;
}

} // namespace hameau
