// The y-websocket messages (yjs-v1-notes section 9), and our two extensions. Reading points into the frame, writing makes
// shared bytes that can be queued on many connections. Never interprets updates.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "modules/pads/crdt/lib0.hpp"

namespace hameau::pads {

using crdt::Bytes;
using crdt::View;
/// One WebSocket message, queued on any number of connections.
using Message = std::shared_ptr<const std::string>;

inline View as_view(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(View bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

enum class MessageType : std::uint8_t {
    sync = 0,
    awareness = 1,
    auth = 2,
    query_awareness = 3,
    roster = 100,  ///< ours, to ?hameau=2: JSON, who is behind each client id
    saved = 101,   ///< ours, to ?hameau=2: what is on the disk
    restored = 102,  ///< ours, to ?hameau=2: JSON, who made the text again what it was
};

/// What a frame is. `payload` is the state vector, update or awareness list inside.
struct Incoming {
    enum class Kind { step1, step2, update, awareness, query_awareness, ignored, malformed };
    Kind kind = Kind::malformed;
    View payload;
};
/// Unknown message types are ignored (another program's extension); a broken known one is malformed.
Incoming read_message(std::string_view frame);

Message step1_message(View state_vector);
Message step2_message(View update);
Message update_message(View update);
/// `entries` is "count, {client, clock, state}*", not length-prefixed.
Message awareness_message(View entries);
/// "Permission denied": the client keeps its connection and its edits.
Message denied_message(std::string_view reason);
Message roster_message(std::string_view json);
Message restored_message(std::string_view json);

/// One client's clocks below `next_clock`.
struct SavedClock {
    std::uint64_t client = 0;
    std::uint32_t next_clock = 0;
};
/// uvar count, { uvar client, uvar clock }*, then uvar: how many sync messages (step 2, update) of this very connection
/// are durable, counted from its opening. Deletions have no clocks of their own: this number tells them saved too.
Message saved_message(std::span<const SavedClock> clocks, std::uint64_t messages_of_connection);

} // namespace hameau::pads
