// Calls between processes: connect, one request, one bounded response.
#include "daemon/host/client.hpp"
#include "daemon/base/waiting.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "daemon/host/incoming.hpp"
#include "daemon/host/limits.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {
using Stream = beast::basic_stream<asio::local::stream_protocol>;

tl::unexpected<Error> fail_call(const boost::system::error_code& code) {
    const auto kind = code == beast::error::timeout ? ErrorKind::timed_out : ErrorKind::unavailable;
    return fail(kind, "the service did not answer: " + code.message(), code);
}

/// A refusal is a few sentences: read whole.
Task<Result<std::string>> whole_body(std::shared_ptr<Incoming> incoming) {
    std::string text;
    for (;;) {
        const auto piece = co_await next_piece(incoming, stream_step_deadline);
        if (!piece || piece->empty()) {
            co_return piece ? Result<std::string>(text) : Result<std::string>(fail(piece.error()));
        }
        if (text.size() + piece->size() > call_bytes_max) {
            co_return fail(ErrorKind::too_large, "the service's response is too large");
        }
        text += *piece;
    }
}
} // namespace

Task<Result<Response>> client_stream(asio::io_context& io, ClientCall call) {
    auto incoming = std::make_shared<Incoming>(io, call_slice_bytes);
    incoming->stream.expires_after(stream_step_deadline);
    const asio::local::stream_protocol::endpoint endpoint(call.socket_path);
    auto connected = co_await incoming->stream.async_connect(endpoint, wait);
    if (const auto& failed = std::get<0>(connected)) {
        co_return fail_call(failed);
    }
    http::request<http::empty_body> request(http::verb::get, call.path, 11);
    request.set(http::field::host, "hameau");
    request.set("Hameau-Caller", call.caller);
    request.keep_alive(false);
    auto written = co_await http::async_write(incoming->stream, request, wait);
    (void)written;
    auto read = co_await http::async_read_header(incoming->stream, incoming->buffer, incoming->parser, wait);
    if (const auto& failed = std::get<0>(read)) {
        co_return fail_call(failed);
    }
    Response response;
    response.status = static_cast<int>(incoming->parser.get().result_int());
    if (response.status == 200) {
        BodySource source = [incoming] { return next_piece(incoming, stream_step_deadline); };
        response.body = std::move(source);
        co_return response;
    }
    auto text = co_await whole_body(incoming);
    if (!text) {
        co_return fail(std::move(text.error()));
    }
    response.body = std::move(*text);
    co_return response;
}

Task<Result<Response>> client_call(asio::io_context& io, ClientCall call) {
    Stream stream(io);
    stream.expires_after(call_deadline);
    const asio::local::stream_protocol::endpoint endpoint(call.socket_path);
    auto connected = co_await stream.async_connect(endpoint, wait);
    if (const auto& failed = std::get<0>(connected)) {
        co_return fail_call(failed);
    }
    http::request<http::string_body> request(http::string_to_verb(call.method), call.path, 11);
    request.set(http::field::host, "hameau");
    request.set("Hameau-Caller", call.caller);
    for (const auto& [name, value] : call.headers) {
        request.set(name, value);
    }
    if (!call.json.empty()) {
        request.set(http::field::content_type, "application/json");
    }
    request.body() = std::move(call.json);
    request.prepare_payload();
    auto written = co_await http::async_write(stream, request, wait);
    // A refusal may come before the body was read: the response is tried in any case.
    (void)written;
    beast::flat_buffer buffer(65536);
    http::response_parser<http::string_body> parser;
    parser.body_limit(call_bytes_max);
    auto read = co_await http::async_read(stream, buffer, parser, wait);
    if (const auto& failed = std::get<0>(read)) {
        co_return fail_call(failed);
    }
    Response response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
        response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(parser.get().body());
    co_return response;
}

} // namespace hameau
