// Waiting for the body, and for room, by two timers that a change of the stream cancels.
#include "daemon/gate/http2_exchange.hpp"

#include "daemon/base/waiting.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/http2_connection.hpp"

namespace hameau::gate {

Http2Exchange::Http2Exchange(Gate& gate, std::shared_ptr<Http2Connection*> connection, Http2StreamPtr stream, const Address& address) :
    stream_(std::move(stream)), connection_(std::move(connection)), address_(address), pace_(gate.options().body_time),
    body_time_(gate.options().body_time), readable_(gate.io()), writable_(gate.io()) {
    stream_->watcher = this;
}

Http2Exchange::~Http2Exchange() { stream_->watcher = nullptr; }

void Http2Exchange::end_with_client(Channel* module) {
    module_ = module;
    if (module_ != nullptr && stream_->closed) {
        module_->end();
    }
}

void Http2Exchange::on_stream_change() {
    if (module_ != nullptr && stream_->closed) {
        module_->end();
    }
    readable_.cancel();
    writable_.cancel();
}

void Http2Exchange::interrupt_body(bool on) {
    interrupted_ = on;
    if (on) {
        readable_.cancel();
    }
}

Task<Result<std::size_t>> Http2Exchange::read(std::span<char> buffer) {
    pace_.start();
    if (stream_->session != nullptr && !asked_for_window_) {
        asked_for_window_ = true;
        connection()->wide_window(*stream_);
    }
    while (stream_->unread() == 0 && !stream_->ended && !stream_->closed && !interrupted_) {
        readable_.expires_after(body_time_);
        auto waited = co_await readable_.async_wait(wait);
        if (!std::get<0>(waited)) {
            co_return fail(ErrorKind::timed_out, "the body comes too slowly");
        }
    }
    // What a client sent before it went is of no use: the module must not take half a body for the whole.
    if (stream_->session == nullptr || interrupted_) {
        co_return fail(ErrorKind::closed, "the client left within the body");
    }
    if (stream_->unread() == 0) {
        co_return std::size_t{0};
    }
    if (pace_.too_slow()) {
        co_return fail(ErrorKind::timed_out, "the body comes too slowly");
    }
    const std::size_t size = stream_->session->read(*stream_, buffer);
    pace_.count(size);
    co_return size;
}

Task<Status> Http2Exchange::proceed() {
    if (stream_->session == nullptr) {
        co_return gone();
    }
    stream_->session->proceed(*stream_);
    co_return Status{};
}

void Http2Exchange::start(Visit& visit, int status, std::string fields, std::optional<std::uint64_t> length) {
    (void)visit;
    head_waits_ = true;
    status_ = status;
    fields_ = date_line() + fields;
    length_ = length;
}

Task<Status> Http2Exchange::write(std::string_view data, bool last) {
    if (stream_->session == nullptr) {
        co_return gone();
    }
    if (head_waits_) {
        head_waits_ = false;
        Body body;
        body.add(std::string(data));
        stream_->session->respond(*stream_, status_, fields_, length_, std::move(body), last);
        fields_ = std::string();
    } else {
        stream_->session->add(*stream_, data, last);
    }
    // How long a client may take is the connection's affair: it ends who is too slow.
    while (!last && !stream_->closed && stream_->out.size() >= stream_output_bytes_max) {
        writable_.expires_at(boost::asio::steady_timer::time_point::max());
        co_await writable_.async_wait(wait);
    }
    co_return stream_->closed && !last ? gone() : Status{};
}

Task<Status> Http2Exchange::upgrade(std::string) { co_return fail(ErrorKind::invalid, "there is no tunnel within HTTP/2"); }

void Http2Exchange::finish(Visit& visit, const Status& outcome) {
    if (stream_->session == nullptr) {
        return;
    }
    stream_->session->discard(*stream_);
    if (outcome && visit.response.status != 0) {
        send_response(*stream_, visit);
    } else if (!outcome) {
        stream_->session->reset(*stream_, NGHTTP2_INTERNAL_ERROR);  // a body without its end must not look whole
    }
}

void send_response(Http2Stream& stream, Visit& visit) {
    Response& response = visit.response;
    stream.session->respond(stream, response.status, date_line() + response.fields, response.length, std::move(response.body), true);
}

} // namespace hameau::gate
