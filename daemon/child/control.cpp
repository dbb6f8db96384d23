// The control socket: one packet, one message; answers find their question by serial.
#include "daemon/child/control.hpp"

#include "daemon/base/io.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/child/child.hpp"

namespace hameau {

namespace asio = boost::asio;

ControlChannel::ControlChannel(asio::io_context& io, Fd socket, std::function<void(const Message&)> on_message,
                               std::function<void()> on_end) :
    io_(io), socket_(io), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {
    (void)set_nonblocking(socket.get(), true);
    socket_.assign(socket.release());
}

void ControlChannel::start() { wait_readable(); }

void ControlChannel::wait_readable() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code failed) {
        if (!failed) {
            take_all();
        }
    });
}

void ControlChannel::take_all() {
    for (;;) {
        auto message = receive_message(socket_.native_handle());
        if (!message && message.error().code == std::errc::resource_unavailable_try_again) {
            break;
        }
        if (!message) {
            socket_.close();
            for (auto& [serial, waiting] : waiting_) {
                waiting->answer = fail(ErrorKind::closed, "hameaud has gone");
                waiting->timer.cancel();
            }
            on_end_();
            return;
        }
        if (message->kind == MessageKind::report) {
            tell(usage_message(*message));
            continue;
        }
        const auto found = waiting_.find(message->serial);
        const bool is_answer =
            message->kind == MessageKind::status_answer || message->kind == MessageKind::provision_answer;
        if (is_answer && found != waiting_.end()) {
            found->second->answer = std::move(*message);
            found->second->timer.cancel();
            waiting_.erase(found);
        } else if (!is_answer) {
            on_message_(*message);
        }
    }
    wait_readable();
}

asio::awaitable<Result<Message>> ControlChannel::ask(Message question, std::chrono::milliseconds deadline) {
    question.serial = next_serial_++;
    asio::steady_timer timer(io_, deadline);
    Result<Message> none = fail(ErrorKind::timed_out, "hameaud did not answer");
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(timer), std::move(none)});
    const std::uint32_t serial = question.serial;
    waiting_.emplace(serial, waiting);
    if (auto sent = send_message(socket_.native_handle(), question); !sent) {
        waiting_.erase(serial);
        co_return fail(std::move(sent.error()));
    }
    co_await waiting->timer.async_wait(wait);
    waiting_.erase(serial);
    co_return std::move(waiting->answer);
}

void ControlChannel::tell(Message message) { (void)send_message(socket_.native_handle(), message); }

} // namespace hameau
