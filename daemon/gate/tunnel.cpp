// One step for each time that a side has something to say, or room again.
#include "daemon/gate/tunnel.hpp"

#include <array>

#include "daemon/gate/visitor.hpp"

namespace hameau::gate {

namespace {

/// Shared by all tunnels: filled and emptied without a wait in between.
std::array<char, piece_bytes> tunnel_piece;  // NOLINT: one thread
constexpr std::chrono::milliseconds never{0};

} // namespace

Tunnel::Tunnel(std::unique_ptr<Visitor> visitor, std::unique_ptr<Upgrade> upgrade) :
    visitor_(std::move(visitor)), upgrade_(std::move(upgrade)),
    up_{visitor_->channel, *upgrade_->module, std::exchange(visitor_->input, std::string())},
    down_{*upgrade_->module, visitor_->channel, std::exchange(upgrade_->early, std::string())} {}

Tunnel::~Tunnel() = default;

void Tunnel::start(std::unique_ptr<Visitor> visitor, std::unique_ptr<Upgrade> upgrade) {
    const std::chrono::milliseconds body_time = visitor->gate.options().body_time;
    visitor->place->tunnel = true;
    if (visitor->gate.stopping()) {
        upgrade.reset();  // it knows the visitor's channel
        return;           // the page connects again, to the next gate
    }
    auto* tunnel = new Tunnel(std::move(visitor), std::move(upgrade));  // until both directions have ended
    for (Direction* direction : {&tunnel->up_, &tunnel->down_}) {
        direction->from.set_pauses(never, body_time);
        direction->from.clear_deadline();
    }
    tunnel->go_on(tunnel->up_);
    tunnel->go_on(tunnel->down_);
}

void Tunnel::go_on(Direction& direction) {
    if (direction.rest.empty() && !direction.to.blocked()) {
        direction.from.call_when(Channel::WaitType::wait_read, *this);
    } else {
        direction.to.call_when(Channel::WaitType::wait_write, *this);
    }
}

bool Tunnel::carry(Direction& direction) {
    if (!direction.rest.empty() || direction.to.blocked()) {
        const long sent = direction.to.try_write(direction.rest);
        if (sent == -2) {
            return false;
        }
        direction.rest.erase(0, static_cast<std::size_t>(sent));
        if (direction.rest.empty()) {
            direction.rest = std::string();
        }
        return true;
    }
    const long n = direction.from.try_read(tunnel_piece);
    if (n == 0 || n == -2) {
        return false;
    }
    const std::string_view piece(tunnel_piece.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    const long sent = piece.empty() ? 0 : direction.to.try_write(piece);
    if (sent == -2) {
        return false;
    }
    direction.rest.assign(piece.substr(static_cast<std::size_t>(sent)));
    return true;
}

void Tunnel::on_wait_end(Channel& channel, bool reading, Status status) {
    Direction& direction = reading == (&channel == &visitor_->channel) ? up_ : down_;
    if (status && carry(direction)) {
        go_on(direction);
        return;
    }
    direction.open = false;
    if (!direction.to.ended()) {
        direction.to.finish_writing();
    }
    direction.to.end();
    direction.from.end();
    if (!up_.open && !down_.open) {
        delete this;
    }
}

} // namespace hameau::gate
