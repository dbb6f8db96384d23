// Calls between processes: connect, one request, one bounded answer.
#include "daemon/host/client.hpp"
#include "daemon/base/waiting.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

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
} // namespace

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
    // A refusal may come before the body was read: the answer is tried in any case.
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
