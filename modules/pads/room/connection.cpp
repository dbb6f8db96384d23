// The host's calls, handed on to the room; sending and closing.
#include "modules/pads/room/connection.hpp"

#include <algorithm>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

Connection::Connection(std::shared_ptr<Room> room, Arrival arrival) :
    room_(std::move(room)), arrival_(std::move(arrival)), step1_tokens_(step1_burst) {
    permission_ = permission_of(room_->pad().access, arrival_.asker);
    keys_made_ = room_->keys_made_;
    room_->hold();
}

Connection::~Connection() {
    if (joined_) {
        room_->leave(*this);
    }
    room_->release();
}

void Connection::on_open(WebSocket& socket) {
    socket_ = &socket;
    if (arrival_.outdated) {
        // Only an open WebSocket can tell a page why: it keeps its words and loads itself again.
        socket_->close(close_outdated, "load this page again");
        return;
    }
    joined_ = true;
    room_->join(*this);
}

void Connection::on_message(std::string_view message) {
    if (joined_) {
        room_->take_frame(*this, message);
    }
}

void Connection::on_drained() {
    if (joined_) {
        room_->drained(*this);
    }
}

void Connection::on_close() {
    if (joined_) {
        joined_ = false;
        room_->leave(*this);
    }
    socket_ = nullptr;
}

void Connection::send(std::span<const Message> messages) {
    if (!joined_ || socket_ == nullptr) {
        return;
    }
    if (socket_->queued_bytes() > queue_bytes_max) {
        close(close_try_later, "too slow");
        return;
    }
    socket_->send(messages);
}

void Connection::close(std::uint16_t code, std::string_view reason) {
    if (!joined_) {
        return;
    }
    joined_ = false;
    socket_->close(code, std::string(reason));
    room_->leave(*this);
}

bool Connection::take_step1_token(Duration now) {
    const auto refill = (now - step1_refilled_) / step1_interval;
    if (refill > 0) {
        step1_tokens_ = static_cast<int>(std::min<std::int64_t>(step1_burst, step1_tokens_ + refill));
        step1_refilled_ = now;
    }
    if (step1_tokens_ == 0) {
        return false;
    }
    --step1_tokens_;
    return true;
}

void Connection::deny(const Denial& denial) {
    send(denied_message(arrival_.english ? denial.english : denial.french));
}

} // namespace hameau::pads
