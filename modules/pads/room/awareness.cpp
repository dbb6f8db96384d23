// Awareness rules: newer clock wins, null at the same clock removes, ids belong to connections.
#include "modules/pads/room/awareness.hpp"

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {
constexpr std::string_view null_state = "null";
constexpr std::size_t entry_bytes_min = 3;  // client, clock, empty text
} // namespace

Awareness::Verdict Awareness::read(View payload, std::vector<Incoming>& out) {
    crdt::Reader in(payload);
    std::uint64_t count = 0;
    if (!in.uvar(count) || count > in.left() / entry_bytes_min) {
        return Verdict::malformed;
    }
    if (count > awareness_entries_per_message_max) {
        return Verdict::too_many;
    }
    out.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        Incoming incoming;
        std::uint32_t units = 0;
        if (!in.uvar(incoming.client) || !in.uvar(incoming.clock) || !in.text(incoming.state, units)) {
            return Verdict::malformed;
        }
        if (incoming.state.size() > awareness_state_bytes_max) {
            return Verdict::too_large;
        }
        // A state that is not JSON would throw in every stock client.
        if (!crdt::json_check(incoming.state)) {
            return Verdict::malformed;
        }
        out.push_back(incoming);
    }
    return Verdict::taken;
}

Awareness::Verdict Awareness::apply(View payload, ConnectionNumber from, const MayYield& may_yield,
                                    std::vector<std::uint64_t>& changed, bool& owners_changed) {
    std::vector<Incoming> incoming;
    if (const Verdict verdict = read(payload, incoming); verdict != Verdict::taken) {
        return verdict;
    }
    for (const Incoming& entry : incoming) {
        bool passed_over = false;
        if (const Verdict verdict = room_for(entry, from, passed_over); verdict != Verdict::taken) {
            return verdict;
        }
        if (!passed_over && take(entry, from, may_yield, owners_changed)) {
            changed.push_back(entry.client);
            ++version_;
        }
    }
    return Verdict::taken;
}

/// Whether the limits let this entry in. The connection's own are its fault, those of the room are not.
Awareness::Verdict Awareness::room_for(const Incoming& incoming, ConnectionNumber from, bool& passed_over) const {
    const auto known = entries_.find(incoming.client);
    const bool there = known != entries_.end();
    if (incoming.state == null_state || (there && known->second.owner != from)) {
        // What is another's own is judged by take(), which lets it change hands for the same person only.
        passed_over = there && incoming.state != null_state && incoming.state.size() > known->second.state.size() &&
                      bytes_ + incoming.state.size() - known->second.state.size() > awareness_bytes_per_room_max;
        return Verdict::taken;
    }
    const auto mine = owned_.find(from);
    const std::size_t ids = mine == owned_.end() ? 0 : mine->second.clients.size();
    const std::size_t bytes = mine == owned_.end() ? 0 : mine->second.bytes;
    const std::size_t before = there ? known->second.state.size() : 0;
    if ((!there && ids >= awareness_ids_per_connection_max) || bytes - before + incoming.state.size() > awareness_bytes_per_connection_max) {
        return Verdict::too_many;
    }
    passed_over = (!there && entries_.size() >= awareness_ids_per_room_max) || bytes_ - before + incoming.state.size() > awareness_bytes_per_room_max;
    return Verdict::taken;
}

void Awareness::set_bytes(Owned& owned, std::size_t before, std::size_t after) {
    owned.bytes += after - before;
    bytes_ += after - before;
}

bool Awareness::take(const Incoming& incoming, ConnectionNumber from, const MayYield& may_yield, bool& owners_changed) {
    const auto known = entries_.find(incoming.client);
    if (known == entries_.end()) {
        if (incoming.state == null_state) {
            return false;
        }
        if (const auto left = left_.find(incoming.client); left != left_.end()) {
            // The same clock again is the person who comes back, if it is the first thing that a connection announces;
            // from a connection with an id of its own it is an echo.
            if (incoming.clock < left->second || (incoming.clock == left->second && owned_.contains(from))) {
                return false;
            }
            left_.erase(left);
        }
        entries_.emplace(incoming.client, Entry{incoming.clock, std::string(incoming.state), from});
        Owned& mine = owned_[from];
        mine.clients.insert(incoming.client);
        set_bytes(mine, 0, incoming.state.size());
        return owners_changed = true;
    }
    Entry& entry = known->second;
    const bool removes = incoming.state == null_state;
    if (entry.owner != from) {
        const bool first_words = !owned_.contains(from);
        if (incoming.clock < entry.clock || removes || !first_words || !may_yield(entry.owner, from)) {
            return false;
        }
        Owned& theirs = owned_[entry.owner];
        theirs.clients.erase(incoming.client);
        set_bytes(theirs, entry.state.size(), 0);
        Owned& mine = owned_[from];
        mine.clients.insert(incoming.client);
        set_bytes(mine, 0, entry.state.size());
        entry.owner = from;
        owners_changed = true;
    } else if (incoming.clock < entry.clock || (incoming.clock == entry.clock && !removes)) {
        return false;
    }
    entry.clock = incoming.clock;
    if (removes) {
        remember_left(incoming.client, incoming.clock);
        // The connection keeps its place in owned_: what it sends back later is an echo, not its first words.
        Owned& mine = owned_[from];
        mine.clients.erase(incoming.client);
        set_bytes(mine, entry.state.size(), 0);
        entries_.erase(known);
        owners_changed = true;
        return true;
    }
    set_bytes(owned_[from], entry.state.size(), incoming.state.size());
    entry.state.assign(incoming.state);
    return true;
}

void Awareness::leave(ConnectionNumber connection, std::vector<std::uint64_t>& changed) {
    const auto owned = owned_.find(connection);
    if (owned == owned_.end()) {
        return;
    }
    bytes_ -= owned->second.bytes;
    ++version_;
    for (const std::uint64_t client : owned->second.clients) {
        const auto entry = entries_.find(client);
        remember_left(client, entry->second.clock);
        entries_.erase(entry);
        changed.push_back(client);
    }
    owned_.erase(owned);
}

void Awareness::remember_left(std::uint64_t client, std::uint64_t clock) {
    if (left_.insert_or_assign(client, clock).second) {
        left_order_.push_back(client);
    }
    while (left_order_.size() > awareness_left_max) {
        left_.erase(left_order_.front());
        left_order_.pop_front();
    }
}

Bytes Awareness::encode(const std::vector<std::uint64_t>& clients) const {
    Bytes bytes;
    crdt::Writer out(bytes);
    out.uvar(clients.size());
    for (const std::uint64_t client : clients) {
        const auto entry = entries_.find(client);
        const auto left = left_.find(client);
        out.uvar(client);
        if (entry != entries_.end()) {
            out.uvar(entry->second.clock);
            out.text(entry->second.state);
        } else {
            out.uvar(left == left_.end() ? 0 : left->second);
            out.text(null_state);
        }
    }
    return bytes;
}

Bytes Awareness::encode_all() const {
    std::vector<std::uint64_t> clients;
    clients.reserve(entries_.size());
    for (const auto& [client, entry] : entries_) {
        clients.push_back(client);
    }
    return encode(clients);
}

bool Awareness::owns(ConnectionNumber connection, std::uint64_t client) const {
    const auto entry = entries_.find(client);
    return entry != entries_.end() && entry->second.owner == connection;
}

} // namespace hameau::pads
