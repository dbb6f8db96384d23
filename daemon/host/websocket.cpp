// WebSockets of a module: Beast's stream without compression (CPU), small buffers while idle, a bounded queue.
#include "daemon/host/websocket.hpp"

#include <deque>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "daemon/base/waiting.hpp"
#include "daemon/host/client.hpp"
#include "daemon/host/host.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {
constexpr std::size_t write_buffer_bytes = 512;
constexpr std::size_t kept_read_bytes = 1024;
constexpr std::chrono::seconds close_deadline{5};
} // namespace

/// The module's handle on a connection; shared by the reading and the writing coroutine.
class SocketConnection final : public WebSocket, public std::enable_shared_from_this<SocketConnection> {
public:
    using Stream = websocket::stream<asio::local::stream_protocol::socket, false>;

    explicit SocketConnection(asio::local::stream_protocol::socket socket) : stream_(std::move(socket)) {
        stream_.auto_fragment(false);
        stream_.write_buffer_bytes(write_buffer_bytes);
        stream_.binary(true);
    }

    void send(std::shared_ptr<const std::string> message) override {
        if (closing_ || ended_) {
            return;
        }
        queued_ += message->size();
        queue_.push_back(std::move(message));
        start_writing();
    }

    std::size_t queued_bytes() const override { return queued_; }

    void close(std::uint16_t code, std::string reason) override {
        if (closing_ || ended_) {
            return;
        }
        closing_ = true;
        reason_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason.substr(0, 120));
        start_writing();
    }

    Stream& stream() { return stream_; }
    void attach(WebSocketHandler* handler) { handler_ = handler; }
    /// No more calls into the handler; a writer that still runs lets go at its next step.
    void end() {
        ended_ = true;
        handler_ = nullptr;
        queue_.clear();
        queued_ = 0;
        boost::system::error_code ignored;
        stream_.next_layer().close(ignored);
    }

private:
    void start_writing() {
        if (!writing_) {
            writing_ = true;
            auto self = shared_from_this();
            asio::co_spawn(stream_.get_executor(), write_loop(std::move(self)), asio::detached);
        }
    }

    static Task<void> write_loop(std::shared_ptr<SocketConnection> self) {
        while (!self->queue_.empty() && !self->ended_) {
            const auto message = self->queue_.front();
            const auto buffer = asio::buffer(*message);
            auto written = co_await self->stream_.async_write(buffer, wait);
            if (std::get<0>(written) || self->ended_) {
                break;
            }
            self->queue_.pop_front();
            self->queued_ -= message->size();
        }
        if (self->closing_ && !self->ended_) {
            const websocket::close_reason reason = self->reason_;
            auto closed = co_await self->stream_.async_close(reason, wait);
            (void)closed;
            boost::system::error_code ignored;
            self->stream_.next_layer().close(ignored);
        }
        self->writing_ = false;
        if (!self->ended_ && !self->closing_ && self->handler_ != nullptr) {
            self->handler_->on_drained();
        }
    }

    Stream stream_;
    WebSocketHandler* handler_ = nullptr;
    std::deque<std::shared_ptr<const std::string>> queue_;
    std::size_t queued_ = 0;
    websocket::close_reason reason_;
    bool writing_ = false;
    bool closing_ = false;
    bool ended_ = false;
};

void close_sockets(const std::set<SocketConnection*>& sockets) {
    for (SocketConnection* socket : sockets) {
        socket->close(websocket::close_code::going_away, "restarting");
    }
}

namespace {
http::request<http::empty_body> handshake_of(const Request& request) {
    http::request<http::empty_body> handshake(http::verb::get, request.path, 11);
    for (const auto& [name, value] : request.headers) {
        handshake.set(name, value);
    }
    return handshake;
}

/// Reads messages until the end.
Task<void> read_loop(std::shared_ptr<SocketConnection> connection, WebSocketHandler& handler) {
    beast::flat_buffer buffer;
    for (;;) {
        // An idle connection holds no read buffer: wait first, then read.
        auto read = co_await connection->stream().async_read(buffer, wait);
        if (std::get<0>(read)) {
            co_return;
        }
        if (connection->stream().got_text()) {
            connection->close(websocket::close_code::unknown_data, "binary messages only");
            continue;
        }
        const auto data = buffer.cdata();
        handler.on_message(std::string_view(static_cast<const char*>(data.data()), data.size()));
        buffer.consume(buffer.size());
        if (buffer.capacity() > kept_read_bytes) {
            buffer.shrink_to_fit();
        }
    }
}
} // namespace

Task<void> serve_websocket(Host& host, asio::local::stream_protocol::socket socket, Request request,
                           std::unique_ptr<WebSocketHandler> handler) {
    auto connection = std::make_shared<SocketConnection>(std::move(socket));
    connection->stream().read_message_max(host.websocket_message_bytes_max());
    {
        const auto handshake = handshake_of(request);
        auto accepted = co_await connection->stream().async_accept(handshake, wait);
        if (std::get<0>(accepted)) {
            co_return;
        }
    }
    connection->attach(handler.get());
    host.enter(connection.get());
    handler->on_open(*connection);
    co_await read_loop(connection, *handler);
    host.leave(connection.get());
    handler->on_close();
    connection->end();
}

} // namespace hameau
