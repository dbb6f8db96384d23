// The addresses and mailboxes of one association as parts (daemon/contract/parts.hpp), for people, who puts an association's archive
// together:
//   mail/addresses.json                  as in archive.cpp
//   mail/ADDRESS/Maildir/..., sieve/...  the files of each mailbox (modules/mail/boxes/layout.hpp), from hameau-boxes
// `messages`: "all", "none", or "of" for the mailboxes of the one `person` (an id: no login is a word of ours).
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/mail/limits.hpp"
#include "modules/mail/mail_module.hpp"

namespace hameau::mail {

namespace json = boost::json;
namespace asio = boost::asio;

namespace {

using BoxSocket = boost::beast::basic_stream<asio::local::stream_protocol>;
constexpr Event box_not_exported{"mail.box_not_exported", Level::error, "the archive of the association was cut; try again"};

/// Passes parts on; the END of one mailbox is not the end of all.
class PartRelay final : public PartSink {
public:
    Status begin(const Part& part) override {
        out += part_header(part);
        return {};
    }
    Status content(std::string_view bytes) override {
        out += bytes;
        return {};
    }
    Status end() override { return {}; }

    std::string out;
};

} // namespace

/// Where the stream stands.
struct Mail::PartStream {
    std::vector<std::pair<std::string, std::string>> boxes;  ///< folder, address
    std::size_t next = 0;
    std::string out;
    bool ended = false;
    std::optional<PartReader> reader;  ///< of the mailbox that is open
    std::optional<BoxSocket> socket;   ///< the same
};

Task<Status> Mail::open_box(std::shared_ptr<PartStream> stream) {
    const auto& [folder, address] = stream->boxes[stream->next++];
    stream->socket.emplace(context_->io());
    stream->socket->expires_after(box_step_deadline);
    const asio::local::stream_protocol::endpoint endpoint(boxes_socket_);
    auto connected = co_await stream->socket->async_connect(endpoint, wait);
    if (const auto failed = std::get<0>(connected)) {
        co_return fail(ErrorKind::unavailable, "Dovecot does not answer: " + failed.message(), failed);
    }
    const std::string order = "pack " + folder + " mail/" + address + "\n";
    const auto buffer = asio::buffer(order);
    auto sent = co_await asio::async_write(*stream->socket, buffer, wait);
    if (const auto failed = std::get<0>(sent)) {
        co_return fail(ErrorKind::closed, "hameau-boxes takes no order", failed);
    }
    stream->reader.emplace();
    co_return Status{};
}

Task<Result<std::string>> Mail::next_part(std::shared_ptr<PartStream> stream) {
    while (stream->out.empty() && !stream->ended) {
        if (!stream->reader && stream->next == stream->boxes.size()) {
            stream->out = parts_end;
            stream->ended = true;
            break;
        }
        if (!stream->reader) {
            const Status opened = co_await open_box(stream);
            if (!opened) {
                co_return fail(opened.error());
            }
        }
        std::string piece(box_piece_bytes, '\0');
        const auto buffer = asio::buffer(piece);
        stream->socket->expires_after(box_step_deadline);
        auto read = co_await stream->socket->async_read_some(buffer, wait);
        const auto& [failed, size] = read;
        PartRelay relay;
        Status fed;
        if (!failed) {
            fed = stream->reader->feed(std::string_view(piece).substr(0, size), relay);
        }
        if (failed || !fed) {
            context_->journal().write(box_not_exported, {{"address", stream->boxes[stream->next - 1].second},
                                                         {"error", failed ? failed.message() : piece.substr(0, std::min<std::size_t>(size, 200))}});
            co_return fail(ErrorKind::io, "a mailbox could not be read");
        }
        stream->out = std::move(relay.out);
        if (stream->reader->ended()) {
            stream->reader.reset();
        }
    }
    co_return std::exchange(stream->out, std::string());
}

Task<Response> Mail::internal_holdings(Request& request) {
    if (auto refused = refuse_unless_people(request)) {
        co_return std::move(*refused);
    }
    const std::string slug = request.query_parameter("association").value_or("");
    json::object out;
    out["mailboxes"] = store_->count_mailboxes(slug);
    out["aliases"] = store_->count_aliases(slug);
    co_return json_response(200, out);
}

Task<Response> Mail::internal_archive(Request& request) {
    if (auto refused = refuse_unless_people(request)) {
        co_return std::move(*refused);
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const std::string messages = request.query_parameter("messages").value_or("none");
    const std::string person = request.query_parameter("person").value_or("");
    const auto stream = std::make_shared<PartStream>();
    for (const Mailbox& box : store_->mailboxes(slug, "", mailboxes_per_association_max)) {
        if (messages == "all" || (messages == "of" && !person.empty() && box.member == person)) {
            stream->boxes.emplace_back(box.folder, box.address);
        }
    }
    const json::object index = addresses_document(slug);
    if (auto failure = store_->take_failure()) {
        co_return say_failed(request, *failure);
    }
    stream->out = whole_part("mail/addresses.json", json::serialize(index), now_ms() / 1000);
    Response response;
    response.body = BodySource([this, stream] { return next_part(stream); });
    co_return response;
}

} // namespace hameau::mail
