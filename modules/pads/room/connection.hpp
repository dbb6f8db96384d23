// Connection: one WebSocket of one room, as the host's handler. Holds what belongs to the connection alone: who it is,
// what it may, how far it was told. Never touches a socket after on_close.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/contract/module.hpp"
#include "modules/pads/room/room.hpp"
#include "modules/pads/room/room_texts.hpp"

namespace hameau::pads {

/// Who arrived, decided at the upgrade.
struct Arrival {
    PersonPtr person;
    Asker asker;
    bool extended = false;  ///< ?hameau=2: wants the roster and "saved"
    bool outdated = false;  ///< ?hameau=1: a page that knows only the older form of pads
    bool english = false;
};

class Connection final : public WebSocketHandler {
public:
    /// Holds the room from now on, so that it stays open until the handshake is done.
    Connection(std::shared_ptr<Room> room, Arrival arrival);
    ~Connection() override;

    void on_open(WebSocket& socket) override;
    void on_message(std::string_view message) override;
    void on_drained() override;
    void on_close() override;

    const Person& person() const { return *arrival_.person; }

private:
    friend class Room;

    /// Sends, together; closes the connection instead when it is far too slow.
    void send(std::span<const Message> messages);
    void send(const Message& message) { send(std::span(&message, 1)); }
    std::size_t queued_bytes() const { return socket_ == nullptr ? 0 : socket_->queued_bytes(); }
    bool may_write() const { return permission_ == Permission::write; }
    bool is_guest() const { return arrival_.asker.role == Role::none; }
    /// No frame is taken any more; the room forgets the connection at once.
    void close(std::uint16_t code, std::string_view reason);
    bool take_step1_token(Duration now);
    void deny(const Denial& denial);

    std::shared_ptr<Room> room_;
    Arrival arrival_;
    Permission permission_ = Permission::none;
    WebSocket* socket_ = nullptr;
    bool joined_ = false;
    std::uint64_t keys_made_ = 0;  ///< the room's, when the permission was judged

    // The room's notes.
    ConnectionNumber number_ = 0;
    std::uint64_t received_ = 0;  ///< sync messages with changes that were taken, for "saved"
    std::uint64_t handed_ = 0;    ///< of them, when the edits were last handed over to be written
    std::uint64_t told_saved_ = 0;
    bool saved_due_ = false;
    bool lagging_ = false;
    Bytes lag_vector_;                   ///< state vector of what a lagging connection was sent
    std::optional<Bytes> waiting_step1_;
    int step1_tokens_ = 0;
    Duration step1_refilled_{0};
    Duration last_heard_{0};
    Duration asked_back_{Duration::min()};
};

} // namespace hameau::pads
