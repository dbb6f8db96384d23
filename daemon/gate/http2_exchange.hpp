// Http2Exchange: one request of an HTTP/2 connection that a module answers: its body, and the way back. It lives as long as
// the coroutine that answers, also when the connection has gone meanwhile.
#pragma once

#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "daemon/gate/http2_session.hpp"
#include "daemon/gate/visit.hpp"

namespace hameau::gate {

class Http2Connection;

class Http2Exchange final : public Exchange, public BodySource, public Http2Stream::Watcher {
public:
    /// `connection` becomes null when that goes; a stream may go long before.
    Http2Exchange(Gate& gate, std::shared_ptr<Http2Connection*> connection, Http2StreamPtr stream, const Address& address);
    ~Http2Exchange();

    Task<Result<std::size_t>> read(std::span<char> buffer) override;
    bool finished() const override { return stream_->ended && stream_->unread() == 0; }

    Task<Status> proceed() override;
    void start(Visit& visit, int status, std::string fields, std::optional<std::uint64_t> length) override;
    Task<Status> write(std::string_view data, bool last) override;
    void interrupt_body(bool on) override;
    Channel* tunnel() override { return nullptr; }
    Task<Status> upgrade(std::string) override;
    void end_with_client(Channel* module) override;
    bool abandoned() const override { return stream_->closed; }

    void on_stream_change() override;
    /// The coroutine has ended: sends what visit.response holds, or says that there will be no (whole) response.
    void finish(Visit& visit, const Status& outcome);

    const Http2StreamPtr& stream() const { return stream_; }
    const Address& address() const { return address_; }
    Http2Connection* connection() { return *connection_; }

private:
    Status gone() const { return fail(ErrorKind::closed, "the client has gone"); }

    Http2StreamPtr stream_;
    std::shared_ptr<Http2Connection*> connection_;
    Channel* module_ = nullptr;  ///< ends with the stream
    Address address_;
    BodyPace pace_;
    std::chrono::milliseconds body_time_;
    boost::asio::steady_timer readable_;  ///< cancelled when something changes
    boost::asio::steady_timer writable_;
    bool interrupted_ = false;
    bool asked_for_window_ = false;
    bool head_waits_ = false;
    int status_ = 0;
    std::string fields_;
    std::optional<std::uint64_t> length_;
};

/// Sends what visit.response holds.
void send_response(Http2Stream& stream, Visit& visit);

} // namespace hameau::gate
