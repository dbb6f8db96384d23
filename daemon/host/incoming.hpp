// A response that another process of ours is still sending, read a piece at a time. For client_stream (client.cpp) and for hameau-admin,
// which passes requests on (daemon/admin/forward.cpp). It never holds more than one piece.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "daemon/base/result.hpp"
#include "daemon/contract/module.hpp"

namespace hameau {

/// Lives as long as its body is read.
struct Incoming {
    Incoming(boost::asio::io_context& io, std::size_t piece_bytes) : stream(io), buffer(piece_bytes * 2), piece_bytes(piece_bytes) {
        parser.body_limit(boost::none);
    }
    boost::beast::basic_stream<boost::asio::local::stream_protocol> stream;
    boost::beast::flat_buffer buffer;
    boost::beast::http::response_parser<boost::beast::http::buffer_body> parser;
    std::size_t piece_bytes;
};

/// Up to piece_bytes of the body; empty at its end. `deadline`: how long the other side may be silent. Errors: closed when the response
/// ends early, also by the deadline.
Task<Result<std::string>> next_piece(std::shared_ptr<Incoming> incoming, std::chrono::seconds deadline);

} // namespace hameau
