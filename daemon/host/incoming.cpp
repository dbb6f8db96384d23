// Boost.Beast's buffer_body: the parser writes into the piece that it is given.
#include "daemon/host/incoming.hpp"

#include <boost/beast/http/read.hpp>

#include "daemon/base/waiting.hpp"

namespace hameau {

Task<Result<std::string>> next_piece(std::shared_ptr<Incoming> incoming, std::chrono::seconds deadline) {
    std::string piece(incoming->piece_bytes, '\0');
    auto& parser = incoming->parser;
    std::size_t taken = 0;
    while (taken == 0 && !parser.is_done()) {
        parser.get().body().data = piece.data();
        parser.get().body().size = piece.size();
        incoming->stream.expires_after(deadline);
        auto read = co_await boost::beast::http::async_read_some(incoming->stream, incoming->buffer, parser, wait);
        const auto failed = std::get<0>(read);
        taken = piece.size() - parser.get().body().size;
        if (failed && failed != boost::beast::http::error::need_buffer) {
            co_return fail(ErrorKind::closed, "the service ended its response early", failed);
        }
    }
    piece.resize(taken);
    co_return piece;
}

} // namespace hameau
