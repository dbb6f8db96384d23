// The addresses and messages of an archive, for `hameau import` (admin's socket only). Both may come twice: an address that the
// association has already keeps its mailbox, and a message whose name is in the mailbox already is left alone.
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "daemon/base/text.hpp"
#include "daemon/base/waiting.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/import_answer.hpp"

namespace hameau::mail {

namespace json = boost::json;
namespace asio = boost::asio;

namespace {

using BoxSocket = boost::beast::basic_stream<asio::local::stream_protocol>;

} // namespace

Task<Response> Mail::import_addresses(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const auto archive = co_await read_json(request, archive_bytes_max);
    if (!archive) {
        co_return refuse_import(422, "mail/addresses.json cannot be read");
    }
    const bool trusted = request.query_parameter("trusted") == "1";
    const Status done = store_->transaction([&] { return import_now(slug, *archive, trusted); });
    if (!done) {
        co_return refuse_import(done.error());
    }
    // People hears which address is whose: it shows each member's.
    const bool settled = co_await end_sessions();
    co_return settled ? empty_response(204) : refuse_import(503, "the addresses are imported; signing in follows when the disk allows it. Run the same command again.");
}

Task<Result<std::string>> Mail::place_box(std::string folder, Request& request) {
    BoxSocket socket(context_->io());
    socket.expires_after(import_place_deadline);
    const asio::local::stream_protocol::endpoint endpoint(boxes_socket_);
    auto connected = co_await socket.async_connect(endpoint, wait);
    if (const auto failed = std::get<0>(connected)) {
        co_return fail(ErrorKind::unavailable, "Dovecot does not answer: " + failed.message(), failed);
    }
    std::string piece = "place " + folder + (request.query_parameter("trusted") == "1" ? " trusted\n" : "\n");
    std::uint64_t unlooked = import_look_bytes;
    for (;;) {
        const auto buffer = asio::buffer(piece);
        socket.expires_after(import_place_deadline);
        auto sent = co_await asio::async_write(socket, buffer, wait);
        if (std::get<0>(sent)) {
            break;  // what it says tells why
        }
        if (unlooked >= import_look_bytes && !above_disk_floor(*context_, import_look_bytes)) {
            co_return fail(ErrorKind::too_large, "the disk is almost full, and what is left is kept for mail. Make room, then run the same command again.");
        }
        unlooked = unlooked >= import_look_bytes ? 0 : unlooked;
        piece.resize(import_slice_bytes);
        const auto n = co_await request.body->read_some(piece);
        if (!n) {
            co_return fail(n.error());
        }
        if (*n == 0) {
            break;
        }
        piece.resize(*n);
        unlooked += *n;
    }
    std::string line;
    auto target = asio::dynamic_buffer(line, import_line_bytes_max);
    auto read = co_await asio::async_read_until(socket, target, '\n', wait);
    const auto& [failed, size] = read;
    if (failed) {
        co_return fail(ErrorKind::io, "hameau-boxes ended early; see hameau logs dovecot");
    }
    co_return line.substr(0, size - 1);
}

Task<Response> Mail::import_box(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const std::string address = request.query_parameter("address").value_or("");
    const auto box = store_->mailbox(address);
    if (!box || box->association != slug) {
        co_return refuse_import(404, address + " is not a mailbox of " + slug);
    }
    std::string folder = box->folder;
    const auto answer = co_await place_box(std::move(folder), request);
    if (!answer) {
        co_return refuse_import(answer.error());
    }
    const auto words = split(*answer, ' ');
    if (words.size() != 3 || words[0] != "OK") {
        co_return refuse_import(422, address + ": " + answer->substr(std::min<std::size_t>(2, answer->size())));
    }
    measure_later(slug);
    json::object out;
    out["new"] = words[1];
    out["present"] = words[2];
    co_return json_response(200, out);
}

} // namespace hameau::mail
