// Framing of y-protocols messages.
#include "modules/pads/room/protocol.hpp"

namespace hameau::pads {

namespace {

constexpr std::uint64_t sync_step1 = 0;
constexpr std::uint64_t sync_step2 = 1;
constexpr std::uint64_t sync_update = 2;

void put_uvar(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
        value >>= 7;
    }
    out += static_cast<char>(static_cast<unsigned char>(value));
}

/// type [, sub type], length, payload
Message framed(MessageType type, int sub, std::string_view payload) {
    auto message = std::make_shared<std::string>();
    message->reserve(payload.size() + 12);
    put_uvar(*message, static_cast<std::uint64_t>(type));
    if (sub >= 0) {
        put_uvar(*message, static_cast<std::uint64_t>(sub));
    }
    put_uvar(*message, payload.size());
    message->append(payload);
    return message;
}

} // namespace

Incoming read_message(std::string_view frame) {
    crdt::Reader in(as_view(frame));
    std::uint64_t type = 0;
    Incoming incoming;
    if (!in.uvar(type)) {
        return incoming;
    }
    switch (type) {
    case static_cast<std::uint64_t>(MessageType::sync): {
        std::uint64_t sub = 0;
        if (!in.uvar(sub) || sub > sync_update || !in.bytes(incoming.payload)) {
            return incoming;
        }
        incoming.kind = sub == sync_step1   ? Incoming::Kind::step1
                        : sub == sync_step2 ? Incoming::Kind::step2
                                            : Incoming::Kind::update;
        return incoming;
    }
    case static_cast<std::uint64_t>(MessageType::awareness):
        if (in.bytes(incoming.payload)) {
            incoming.kind = Incoming::Kind::awareness;
        }
        return incoming;
    case static_cast<std::uint64_t>(MessageType::query_awareness):
        incoming.kind = Incoming::Kind::query_awareness;
        return incoming;
    default:
        incoming.kind = Incoming::Kind::ignored;
        return incoming;
    }
}

Message step1_message(View state_vector) { return framed(MessageType::sync, sync_step1, as_text(state_vector)); }
Message step2_message(View update) { return framed(MessageType::sync, sync_step2, as_text(update)); }
Message update_message(View update) { return framed(MessageType::sync, sync_update, as_text(update)); }
Message awareness_message(View entries) { return framed(MessageType::awareness, -1, as_text(entries)); }
Message denied_message(std::string_view reason) { return framed(MessageType::auth, 0, reason); }
Message restored_message(std::string_view json) { return framed(MessageType::restored, -1, json); }
Message roster_message(std::string_view json) { return framed(MessageType::roster, -1, json); }

Message saved_message(std::span<const SavedClock> clocks, std::uint64_t messages_of_connection) {
    auto message = std::make_shared<std::string>();
    message->reserve(clocks.size() * 8 + 8);
    put_uvar(*message, static_cast<std::uint64_t>(MessageType::saved));
    put_uvar(*message, clocks.size());
    for (const SavedClock& clock : clocks) {
        put_uvar(*message, clock.client);
        put_uvar(*message, clock.next_clock);
    }
    put_uvar(*message, messages_of_connection);
    return message;
}

} // namespace hameau::pads
