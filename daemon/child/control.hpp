// ControlChannel: the control socket to hameaud on an io_context. Answers `report` itself.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/fd.hpp"
#include "daemon/base/message.hpp"

namespace hameau {

class ControlChannel {
public:
    /// `on_message` gets reload and announce; `on_end` is called when hameaud is gone (then end the process).
    ControlChannel(boost::asio::io_context& io, Fd socket, std::function<void(const Message&)> on_message,
                   std::function<void()> on_end);
    /// Starts listening; call once.
    void start();
    /// Sends a question and waits for the answer with the same serial. Errors: timed_out, closed.
    boost::asio::awaitable<Result<Message>> ask(Message question, std::chrono::milliseconds deadline);
    /// Sends without waiting.
    void tell(Message message);

private:
    struct Waiting {
        boost::asio::steady_timer timer;
        Result<Message> answer;
    };
    void wait_readable();
    void take_all();

    boost::asio::io_context& io_;
    boost::asio::posix::stream_descriptor socket_;
    std::function<void(const Message&)> on_message_;
    std::function<void()> on_end_;
    std::uint32_t next_serial_ = 1;
    std::map<std::uint32_t, std::shared_ptr<Waiting>> waiting_;
};

} // namespace hameau
