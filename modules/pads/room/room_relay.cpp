// What goes out of a room: the welcome, answers to step 1, relayed updates and awareness, the roster, "saved".
#include <algorithm>

#include <boost/json.hpp>

#include "modules/pads/limits.hpp"
#include "modules/pads/room/connection.hpp"
#include "modules/pads/room/merge.hpp"
#include "modules/pads/room/room.hpp"

namespace hameau::pads {

namespace json = boost::json;

void Room::welcome(Connection& connection) {
    // Section 9: our own step 1 at once, else we never get what the client wrote offline.
    std::vector<Message> out{vector_message()};
    if (!awareness_.empty()) {
        out.push_back(everybody_message());
    }
    if (connection.arrival_.extended) {
        out.push_back(roster_for(connection, roster_clients(connection)));
        out.push_back(saved_message_now(connection.received_));
    }
    connection.send(out);
}

Message Room::vector_message() {
    if (!vector_told_.message || vector_told_.version != version_) {
        vector_told_ = {version_, step1_message(recorder_.state_vector())};
    }
    return vector_told_.message;
}

Message Room::everybody_message() {
    if (!awareness_told_.message || awareness_told_.version != awareness_.version()) {
        awareness_told_ = {awareness_.version(), awareness_message(awareness_.encode_all())};
    }
    return awareness_told_.message;
}

/// What is durable; of this connection so many messages.
Message Room::saved_message_now(std::uint64_t messages_of_connection) {
    // Who joins has sent nothing yet, so all who join while nothing waits are told the same.
    if (messages_of_connection > 0 || !all_saved()) {
        return saved_message(saved_clocks(), messages_of_connection);
    }
    if (!saved_told_.message || saved_told_.version != version_) {
        saved_told_ = {version_, saved_message(saved_clocks(), 0)};
    }
    return saved_told_.message;
}

void Room::answer_step1(Connection& connection, View state_vector) {
    // An answer shows what this turn brought, as a relay does. A room without such edits is read whatever the disk takes.
    if (!may_be_seen()) {
        connection.waiting_step1_.emplace(state_vector.begin(), state_vector.end());
        outside_.answer_later(*this, hand_over_retry);
        return;
    }
    if (!answer_ || answer_->version != version_ || !std::ranges::equal(answer_->asked, state_vector)) {
        const auto diff = recorder_.diff(state_vector);
        if (!diff) {
            refuse(connection, close_bad_data, RoomEvent::bad_frame, "a state vector could not be read");
            return;
        }
        answer_ = Answer{version_, Bytes(state_vector.begin(), state_vector.end()), step2_message(*diff)};
    }
    connection.send(answer_->message);
}

/// The state vector of what everybody was sent before this batch.
Bytes Room::vector_before_batch() const {
    std::vector<SavedClock> clocks;
    recorder_.each_client([&](std::uint64_t client, std::uint32_t next_clock) {
        const auto from = batch_from_.find(client);
        const std::uint32_t clock = from == batch_from_.end() ? next_clock : std::min(next_clock, from->second);
        if (clock > 0) {
            clocks.push_back({client, clock});
        }
    });
    Bytes bytes;
    crdt::Writer out(bytes);
    out.uvar(clocks.size());
    for (const SavedClock& clock : clocks) {
        out.uvar(clock.client);
        out.uvar(clock.next_clock);
    }
    return bytes;
}

/// From now on nothing is queued for a reader that does not keep up; drained() gives it what it missed.
void Room::fall_behind(Connection& connection) {
    connection.lagging_ = true;
    connection.lag_vector_ = vector_before_batch();
}

/// What the turn brought, joined where that is possible.
std::vector<Room::Relayed> Room::take_batch() {
    std::vector<Relayed> relayed;
    std::vector<Pending> batch = std::exchange(batch_, {});
    batch_from_.clear();
    if (batch.size() > 1 && peers_.size() > 1) {
        std::vector<View> updates;
        updates.reserve(batch.size());
        for (const Pending& pending : batch) {
            updates.push_back(as_view(*pending.message).subspan(pending.update_at));
        }
        if (const auto merged = merge_updates(updates)) {
            // An echo to one of several senders is harmless; the only sender of a burst gets none.
            const bool one = std::all_of(batch.begin(), batch.end(),
                                         [&](const Pending& pending) { return pending.sender == batch.front().sender; });
            relayed.push_back({update_message(*merged), one ? batch.front().sender : nullptr});
            return relayed;
        }
    }
    for (Pending& pending : batch) {
        relayed.push_back({std::move(pending.message), pending.sender});
    }
    return relayed;
}

void Room::leave_slow_ones_behind() {
    for (Connection* peer : peers_) {
        if (!peer->lagging_ && peer->queued_bytes() > queue_bytes_lagging) {
            fall_behind(*peer);
            outside_.note(*this, RoomEvent::too_slow, std::to_string(peer->queued_bytes()));
        }
    }
}

void Room::flush() {
    flush_scheduled_ = false;
    flushed_ = outside_.now();
    if (!batch_.empty()) {
        leave_slow_ones_behind();
    }
    // What others see must outlive this process. Until it can, nobody but its writer knows it; who is here they see.
    const bool held_back = !batch_.empty() && !may_be_seen();
    if (held_back) {
        flush_scheduled_ = true;
        outside_.flush_in(*this, hand_over_retry);
    }
    std::vector<Relayed> relayed = held_back ? std::vector<Relayed>() : take_batch();
    if (!awareness_changed_.empty()) {
        std::vector<std::uint64_t> changed = std::exchange(awareness_changed_, {});
        std::sort(changed.begin(), changed.end());
        changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
        // To the sender too: a stock client that hears nothing for 30 s gives up the connection.
        relayed.push_back({awareness_message(awareness_.encode(changed)), nullptr});
    }
    const bool roster = std::exchange(roster_changed_, false);
    const std::vector<Connection*> peers = peers_;
    std::vector<Message> out;
    for (Connection* peer : peers) {
        if (peer->lagging_) {
            if (peer->queued_bytes() == 0) {
                drained(*peer);  // it has read all, while nothing could be handed over
            }
            continue;
        }
        out.clear();
        for (const Relayed& message : relayed) {
            if (message.except != peer) {
                out.push_back(message.message);
            }
        }
        if (peer->arrival_.extended && roster) {
            out.push_back(roster_for(*peer, roster_clients(*peer)));
        }
        if (peer->arrival_.extended && peer->saved_due_ && all_saved()) {
            peer->saved_due_ = false;
            peer->told_saved_ = peer->received_;
            out.push_back(saved_message({}, peer->received_));
        }
        if (!out.empty()) {
            peer->send(out);
        }
    }
}

void Room::drained(Connection& connection) {
    if (connection.lagging_ && may_be_seen()) {
        connection.lagging_ = false;
        std::vector<Message> out;
        if (const auto missed = recorder_.diff(std::exchange(connection.lag_vector_, {}))) {
            out.push_back(step2_message(*missed));
        }
        out.push_back(everybody_message());
        if (connection.arrival_.extended) {
            out.push_back(roster_for(connection, roster_clients(connection)));
            // While edits wait for the disk its own count is not durable yet: the next commit tells it.
            connection.told_saved_ = all_saved() ? connection.received_ : connection.told_saved_;
            out.push_back(saved_message(saved_clocks(), connection.told_saved_));
        }
        connection.send(out);
    }
    if (connection.waiting_step1_) {
        outside_.answer_later(*this, Duration(0));
    }
}

void Room::change_roster() {
    roster_changed_ = true;
    roster_told_ = {};
}

/// Again only when somebody came, left or announced another id. Guests see names: a login is half of a password.
const std::string& Room::roster_clients(const Connection& reader) {
    const bool member = reader.arrival_.asker.role != Role::none;
    std::optional<std::string>& told = roster_told_[member ? 1 : 0];
    if (told) {
        return *told;
    }
    std::unordered_map<ConnectionNumber, const Connection*> by_number;
    for (const Connection* peer : peers_) {
        by_number.emplace(peer->number_, peer);
    }
    json::object clients;
    awareness_.each_owner([&](std::uint64_t client, ConnectionNumber owner) {
        if (const auto peer = by_number.find(owner); peer != by_number.end()) {
            json::object who;
            who["name"] = peer->second->person().name;
            who["login"] = member ? peer->second->person().login : std::string();
            clients[std::to_string(client)] = std::move(who);
        }
    });
    return told.emplace(json::serialize(clients));
}

Message Room::roster_for(const Connection& connection, const std::string& clients) const {
    json::object you;
    you["name"] = connection.person().name;
    you["login"] = connection.person().login;
    you["access"] = to_text(connection.permission_);
    const std::string title = json::serialize(json::string(pad_.title));
    return roster_message("{\"clients\":" + clients + ",\"you\":" + json::serialize(you) + ",\"title\":" + title + "}");
}

void Room::access_changed(bool keys_void) {
    keys_made_ += keys_void ? 1 : 0;
    const std::vector<Connection*> peers = peers_;
    for (Connection* peer : peers) {
        peer->arrival_.asker.key_fits = peer->arrival_.asker.key_fits && !keys_void;
        const Permission permission = permission_of(pad_.access, peer->arrival_.asker);
        if (permission == Permission::none) {
            peer->close(close_policy, "no access any more");
            continue;
        }
        if (permission != peer->permission_ && permission == Permission::read) {
            peer->permission_ = permission;
            peer->deny(denied_from_now);
        }
        peer->permission_ = permission;
        if (peer->arrival_.extended && !peer->lagging_) {
            peer->send(roster_for(*peer, roster_clients(*peer)));
        }
    }
}

void Room::end(std::uint16_t code, std::string_view reason) {
    ended_ = true;
    const std::vector<Connection*> peers = peers_;
    for (Connection* peer : peers) {
        peer->close(code, reason);
    }
}

void Room::tell_restored(const Person& by) {
    const std::string name = json::serialize(json::string(by.name));
    const Message message = restored_message("{\"by\":" + name + "}");
    const std::vector<Connection*> peers = peers_;
    for (Connection* peer : peers) {
        if (peer->arrival_.extended && !peer->lagging_ && peer->person().member != by.member) {
            peer->send(message);
        }
    }
}

std::vector<std::string> Room::names_here() const {
    std::vector<std::string> names;
    for (const Connection* peer : peers_) {
        if (std::find(names.begin(), names.end(), peer->person().name) == names.end()) {
            names.push_back(peer->person().name);
        }
    }
    return names;
}

} // namespace hameau::pads
