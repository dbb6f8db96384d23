// Awareness rules: newer clock wins, null at the same clock removes, ids belong to connections.
#include "modules/pads/room/awareness.hpp"

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {
constexpr std::string_view null_state = "null";
constexpr std::size_t entry_bytes_min = 3;  // client, clock, empty text
constexpr std::size_t entries_per_message_max = 8192;
} // namespace

Awareness::Verdict Awareness::read(View payload, std::vector<Incoming>& out) {
    crdt::Reader in(payload);
    std::uint64_t count = 0;
    if (!in.uvar(count) || count > in.left() / entry_bytes_min) {
        return Verdict::malformed;
    }
    if (count > entries_per_message_max) {
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
        const auto mine = owned_.find(from);
        const std::size_t held = mine == owned_.end() ? 0 : mine->second.size();
        const bool known = entries_.contains(entry.client);
        if (!known && entry.state != null_state &&
            (held >= awareness_ids_per_connection_max || entries_.size() >= awareness_ids_per_room_max)) {
            return Verdict::too_many;
        }
        if (take(entry, from, may_yield, owners_changed)) {
            changed.push_back(entry.client);
        }
    }
    return Verdict::taken;
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
        owned_[from].insert(incoming.client);
        return owners_changed = true;
    }
    Entry& entry = known->second;
    const bool removes = incoming.state == null_state;
    if (entry.owner != from) {
        const bool first_words = !owned_.contains(from);
        if (incoming.clock < entry.clock || removes || !first_words || !may_yield(entry.owner, from)) {
            return false;
        }
        owned_[entry.owner].erase(incoming.client);
        owned_[from].insert(incoming.client);
        entry.owner = from;
        owners_changed = true;
    } else if (incoming.clock < entry.clock || (incoming.clock == entry.clock && !removes)) {
        return false;
    }
    entry.clock = incoming.clock;
    if (removes) {
        remember_left(incoming.client, incoming.clock);
        // The connection keeps its place in owned_: what it sends back later is an echo, not its first words.
        owned_[from].erase(incoming.client);
        entries_.erase(known);
        owners_changed = true;
        return true;
    }
    entry.state.assign(incoming.state);
    return true;
}

void Awareness::leave(ConnectionNumber connection, std::vector<std::uint64_t>& changed) {
    const auto owned = owned_.find(connection);
    if (owned == owned_.end()) {
        return;
    }
    for (const std::uint64_t client : owned->second) {
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
