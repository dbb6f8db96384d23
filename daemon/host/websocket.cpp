// WebSockets of a module: no coroutine and no buffer while nothing moves, one system call for what a turn of the loop
// has for one reader, a bounded queue only for readers that do not keep up.
#include "daemon/host/websocket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "daemon/base/waiting.hpp"
#include "daemon/host/client.hpp"
#include "daemon/host/frames.hpp"
#include "daemon/host/host.hpp"
#include "daemon/host/limits.hpp"

namespace hameau {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t close_reason_bytes_max = 120;

/// One for the whole process: what is in it has been handled before the next connection reads.
std::span<char> read_buffer() {
    static std::array<char, websocket_read_bytes> bytes;
    return bytes;
}

/// A frame on its way to one reader; the payload is shared with others.
struct OutFrame {
    std::shared_ptr<const std::string> payload;
    std::array<char, frame_head_bytes_max> head{};
    std::uint8_t head_bytes = 0;

    OutFrame(Opcode opcode, std::shared_ptr<const std::string> bytes) : payload(std::move(bytes)) {
        head_bytes = static_cast<std::uint8_t>(write_frame_head(head.data(), opcode, payload->size()));
    }
    std::size_t size() const { return head_bytes + payload->size(); }
};

} // namespace

/// The module's handle on a connection. Lives while the loop waits for it, and until the module let go.
class SocketConnection final : public WebSocket, public FrameSink, public std::enable_shared_from_this<SocketConnection> {
public:
    using Socket = asio::local::stream_protocol::socket;

    SocketConnection(Host& host, Socket socket, std::unique_ptr<WebSocketHandler> handler, std::shared_ptr<Use> use) :
        host_(host), socket_(std::move(socket)), handler_(std::move(handler)), use_(std::move(use)),
        reader_(host.websocket_message_bytes_max()) {}

    void start() {
        boost::system::error_code ignored;
        socket_.non_blocking(true, ignored);
        host_.enter(this);
        handler_->on_open(*this);
        wait_readable();
    }

    // WebSocket
    void send(std::span<const std::shared_ptr<const std::string>> messages) override {
        if (closing_ || broken_) {
            return;
        }
        const std::size_t sent = send_small(messages);
        if (sent == whole) {
            return;
        }
        for (const auto& message : messages) {
            enqueue(Opcode::binary, message);
        }
        took(sent);
        write_now();
    }

    std::size_t queued_bytes() const override { return queued_; }

    void close(std::uint16_t code, std::string reason) override {
        if (closing_ || broken_) {
            return;
        }
        std::string payload;
        if (code != close_without_code) {
            payload += static_cast<char>(code >> 8);
            payload += static_cast<char>(code & 0xff);
            payload += reason.substr(0, close_reason_bytes_max);
        }
        enqueue(Opcode::close, std::make_shared<const std::string>(std::move(payload)));
        closing_ = true;
        // §7.1.1: the other side answers and ends the connection; if not, we do.
        deadline_ = std::make_unique<asio::steady_timer>(socket_.get_executor(), close_deadline);
        deadline_->async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
            if (!cancelled) {
                self->break_off();
            }
        });
        write_now();
    }

    // FrameSink
    void on_binary(std::string_view message) override {
        if (!closing_) {
            handler_->on_message(message);
        }
    }
    void on_ping(std::string_view payload) override {
        // A reader that pings and does not read is not answered more than once at a time.
        if (!writing_ && !closing_) {
            enqueue(Opcode::pong, std::make_shared<const std::string>(payload));
            write_now();
        }
    }
    void on_close(std::uint16_t code) override {
        close(code == close_without_code ? code : static_cast<std::uint16_t>(websocket::close_code::normal), "");
        peer_closed_ = true;
        end_when_told();
    }
    /// Also while we are closing: the other side's goodbye is waited for.
    bool open() const override { return !peer_closed_ && !broken_; }

private:
    void enqueue(Opcode opcode, std::shared_ptr<const std::string> payload) {
        queue_.emplace_back(opcode, std::move(payload));
        queued_ += queue_.back().size();
    }

    static constexpr std::size_t whole = static_cast<std::size_t>(-1);
    /// Small messages for a reader that keeps up, without a queue: how many bytes went, or `whole`.
    std::size_t send_small(std::span<const std::shared_ptr<const std::string>> messages) {
        static std::array<char, small_message_bytes_max> bytes;
        std::size_t size = 0;
        for (const auto& message : messages) {
            if (writing_ || !queue_.empty() || size + frame_head_bytes_max + message->size() > bytes.size()) {
                return 0;
            }
            size += write_frame_head(bytes.data() + size, Opcode::binary, message->size());
            std::memcpy(bytes.data() + size, message->data(), message->size());
            size += message->size();
        }
        const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), size, MSG_NOSIGNAL);
        // What went wrong is seen again when the rest is sent.
        return sent < 0 ? 0 : static_cast<std::size_t>(sent) == size ? whole : static_cast<std::size_t>(sent);
    }

    /// Gives the system what it takes; waits for the rest.
    void write_now() {
        while (!writing_ && !broken_ && first_ < queue_.size()) {
            const ssize_t sent = send_some();
            if (sent < 0) {
                if (errno == EINTR) {
                    continue;
                }
                if (errno == EAGAIN || errno == EWOULDBLOCK) {
                    wait_writable();
                } else {
                    break_off();
                }
                return;
            }
            took(static_cast<std::size_t>(sent));
        }
        if (!writing_) {
            end_when_told();
        }
    }

    ssize_t send_some() {
        std::array<iovec, 2 * gathered_max> parts;
        std::size_t count = 0;
        std::size_t skip = sent_of_first_;
        const auto add = [&](const char* data, std::size_t size) {
            const std::size_t past = std::min(skip, size);
            skip -= past;
            if (size > past) {
                parts[count++] = {const_cast<char*>(data) + past, size - past};
            }
        };
        for (std::size_t i = first_; i < queue_.size() && i < first_ + gathered_max; ++i) {
            add(queue_[i].head.data(), queue_[i].head_bytes);
            add(queue_[i].payload->data(), queue_[i].payload->size());
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        return ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    }

    void took(std::size_t bytes) {
        queued_ -= bytes;
        bytes += sent_of_first_;
        while (first_ < queue_.size() && bytes >= queue_[first_].size()) {
            bytes -= queue_[first_].size();
            queue_[first_].payload.reset();
            ++first_;
        }
        sent_of_first_ = bytes;
        if (first_ == queue_.size()) {
            // Nothing is held while nothing moves.
            queue_ = {};
            first_ = 0;
        }
    }

    void wait_writable() {
        writing_ = true;
        socket_.async_wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code failed) {
            self->writing_ = false;
            if (failed || self->broken_) {
                return;
            }
            self->write_now();
            if (self->queue_.empty() && !self->closing_ && self->handler_ != nullptr) {
                self->handler_->on_drained();
            }
        });
    }

    void wait_readable() {
        socket_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code failed) {
            if (failed || !self->read_now()) {
                self->end();
            } else {
                self->wait_readable();
            }
        });
    }

    /// False: the connection has ended.
    bool read_now() {
        for (int i = 0; i < reads_in_turn_max; ++i) {
            const std::span<char> buffer = read_buffer();
            const ssize_t n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !broken_;
            }
            const auto got = static_cast<std::size_t>(n);
            if (open() && !faulty_) {
                const FrameFault fault = reader_.feed(buffer.first(got), *this);
                if (fault != FrameFault::none) {
                    // What comes now cannot be read: it is thrown away until the other side ends.
                    faulty_ = true;
                    close(static_cast<std::uint16_t>(fault), fault == FrameFault::unsupported ? "binary messages only" : "");
                }
            }
            if (got < buffer.size()) {
                break;
            }
        }
        return !broken_;
    }

    /// Both sides have said goodbye, ours is on its way: nothing more is to come.
    void end_when_told() {
        if (!queue_.empty() || broken_) {
            return;
        }
        if (peer_closed_) {
            break_off();
        } else if (faulty_ && closing_) {
            ::shutdown(socket_.native_handle(), SHUT_WR);
        }
    }

    /// No more of this connection; its end is told from the loop, never from inside a call of the module.
    void break_off() {
        broken_ = true;
        ::shutdown(socket_.native_handle(), SHUT_RDWR);
    }

    void end() {
        broken_ = true;
        host_.leave(this);
        if (deadline_) {
            deadline_->cancel();
        }
        queue_ = {};
        queued_ = 0;
        handler_->on_close();
        handler_.reset();
        boost::system::error_code ignored;
        socket_.close(ignored);
        use_.reset();
    }

    Host& host_;
    Socket socket_;
    std::unique_ptr<WebSocketHandler> handler_;
    std::shared_ptr<Use> use_;
    FrameReader reader_;
    std::vector<OutFrame> queue_;
    std::size_t first_ = 0;          ///< of queue_, not sent whole
    std::size_t sent_of_first_ = 0;
    std::size_t queued_ = 0;
    std::unique_ptr<asio::steady_timer> deadline_;
    bool writing_ = false;  ///< waiting until the reader takes more
    bool closing_ = false;
    bool peer_closed_ = false;
    bool faulty_ = false;
    bool broken_ = false;
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
} // namespace

Task<void> serve_websocket(Host& host, asio::local::stream_protocol::socket socket, Request request,
                           std::unique_ptr<WebSocketHandler> handler, std::shared_ptr<Use> use) {
    {
        // Beast answers the handshake; the frames are ours.
        websocket::stream<asio::local::stream_protocol::socket&, false> stream(socket);
        const auto handshake = handshake_of(request);
        auto accepted = co_await stream.async_accept(handshake, wait);
        if (std::get<0>(accepted)) {
            co_return;
        }
    }
    auto connection = std::make_shared<SocketConnection>(host, std::move(socket), std::move(handler), std::move(use));
    connection->start();
}

} // namespace hameau
