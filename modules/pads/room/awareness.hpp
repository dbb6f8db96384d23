// Awareness of one room: who is there and where their cursor is, as opaque JSON (yjs-v1-notes section 9). Bound to the
// connection that brought each client id; pure, no socket, no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "modules/pads/room/protocol.hpp"

namespace hameau::pads {

using ConnectionNumber = std::uint64_t;

class Awareness {
public:
    enum class Verdict { taken, malformed, too_large, too_many };

    /// `may_yield(owner, by)`: whether a connection that holds an id may lose it to another one (the same person came
    /// back before the old connection was noticed to be dead).
    using MayYield = std::function<bool(ConnectionNumber owner, ConnectionNumber by)>;

    /// Takes the entries of one message of `from`; those that are not newer or not its own are passed over in silence,
    /// because stock clients send back what they receive. So are those that the room has no place for: whoever fills it
    /// must not have the others closed. Ids whose state changed are appended to `changed`. For any other verdict than
    /// `taken` the connection is to be closed; what it brought leaves with it.
    /// `owners_changed` is set when an id came, went or changed hands.
    Verdict apply(View payload, ConnectionNumber from, const MayYield& may_yield, std::vector<std::uint64_t>& changed,
                  bool& owners_changed);

    /// The connection has gone: its states become null with their last clock (not +1: on reconnection the client sends
    /// the same clock again).
    void leave(ConnectionNumber connection, std::vector<std::uint64_t>& changed);

    /// "count, {client, clock, state}*" of these ids, or of all that are there.
    Bytes encode(const std::vector<std::uint64_t>& clients) const;
    Bytes encode_all() const;
    bool empty() const { return entries_.empty(); }
    /// Of all states that are there.
    std::size_t bytes() const { return bytes_; }
    /// Changes with everything that encode_all() says.
    std::uint64_t version() const { return version_; }

    /// Calls visit(client, connection) for each id that is there.
    template <class Visit>
    void each_owner(Visit&& visit) const {
        for (const auto& [client, entry] : entries_) {
            visit(client, entry.owner);
        }
    }
    /// Whether this connection announced the id.
    bool owns(ConnectionNumber connection, std::uint64_t client) const;

private:
    struct Entry {
        std::uint64_t clock = 0;
        std::string state;
        ConnectionNumber owner = 0;
    };
    struct Incoming {
        std::uint64_t client = 0;
        std::uint64_t clock = 0;
        std::string_view state;
    };

    /// What one connection announced.
    struct Owned {
        std::unordered_set<std::uint64_t> clients;
        std::size_t bytes = 0;
    };

    static Verdict read(View payload, std::vector<Incoming>& out);
    bool take(const Incoming& incoming, ConnectionNumber from, const MayYield& may_yield, bool& owners_changed);
    Verdict room_for(const Incoming& incoming, ConnectionNumber from, bool& passed_over) const;
    void set_bytes(Owned& owned, std::size_t before, std::size_t after);
    void remember_left(std::uint64_t client, std::uint64_t clock);

    std::unordered_map<std::uint64_t, Entry> entries_;
    /// Ids that left and their last clock: an echo that was still on its way must not bring them back.
    std::unordered_map<std::uint64_t, std::uint64_t> left_;
    std::deque<std::uint64_t> left_order_;
    std::unordered_map<ConnectionNumber, Owned> owned_;
    std::size_t bytes_ = 0;
    std::uint64_t version_ = 0;
};

} // namespace hameau::pads
