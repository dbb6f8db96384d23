// What comes into a room. Every frame of a visitor is hostile until it was read whole; an update is recorded wholly or
// not at all, and nothing that one connection sends may harm another one.
#include "modules/pads/room/room.hpp"

#include <algorithm>
#include <map>

#include "modules/pads/limits.hpp"
#include "modules/pads/room/connection.hpp"

namespace hameau::pads {

Room::Room(RoomOutside& outside, PadRow pad, Loaded loaded, std::size_t pad_bytes_max) :
    outside_(outside), pad_(std::move(pad)), recorder_(std::move(loaded.recorder)), pad_bytes_max_(pad_bytes_max),
    bound_(std::move(loaded.clients)), last_seq_(loaded.last_seq), log_rows_(loaded.log_rows),
    log_bytes_(loaded.log_bytes) {}

Room::~Room() = default;

void Room::release() {
    if (--holders_ == 0) {
        outside_.emptied(*this);
    }
}

void Room::join(Connection& connection) {
    connection.number_ = ++connections_;
    connection.last_heard_ = outside_.now();
    connection.step1_refilled_ = connection.last_heard_;
    peers_.push_back(&connection);
    if (ended_) {
        connection.close(close_going_away, "closed");
        return;
    }
    // The handshake takes its time, and who was not here yet is told of no change.
    connection.arrival_.asker.key_fits = connection.arrival_.asker.key_fits && connection.keys_made_ == keys_made_;
    connection.permission_ = permission_of(pad_.access, connection.arrival_.asker);
    if (connection.permission_ == Permission::none) {
        connection.close(close_policy, "no access any more");
        return;
    }
    welcome(connection);
}

void Room::leave(Connection& connection) {
    const auto peer = std::find(peers_.begin(), peers_.end(), &connection);
    if (peer == peers_.end()) {
        return;
    }
    peers_.erase(peer);
    const std::size_t before = awareness_changed_.size();
    awareness_.leave(connection.number_, awareness_changed_);
    if (awareness_changed_.size() > before) {
        change_roster();
    }
    for (Pending& pending : batch_) {
        pending.sender = pending.sender == &connection ? nullptr : pending.sender;
    }
    if (!peers_.empty()) {
        schedule_flush(Flush::later);
    }
}

void Room::schedule_flush(Flush when) {
    if (flush_scheduled_) {
        return;
    }
    flush_scheduled_ = true;
    if (when == Flush::now_if_quiet && peers_.size() < relay_pause_from && outside_.now() - flushed_ >= relay_quiet) {
        outside_.flush_now(*this);
        return;
    }
    Duration delay{0};
    if (peers_.size() >= relay_pause_from) {
        const auto pause = relay_pause_per_ten * static_cast<int>(peers_.size() / 10);
        delay = std::max(Duration(0), flushed_ + pause - outside_.now());
    }
    outside_.flush_in(*this, delay);
}

void Room::refuse(Connection& connection, std::uint16_t code, RoomEvent event, const std::string& detail) {
    outside_.note(*this, event, detail);
    connection.close(code, detail);
}

void Room::take_frame(Connection& connection, std::string_view frame) {
    connection.last_heard_ = outside_.now();
    const Incoming incoming = read_message(frame);
    switch (incoming.kind) {
    case Incoming::Kind::step1:
        take_step1(connection, incoming.payload);
        break;
    case Incoming::Kind::step2:
    case Incoming::Kind::update:
        take_update(connection, incoming.payload, frame, incoming.kind == Incoming::Kind::step2);
        break;
    case Incoming::Kind::awareness:
        take_awareness(connection, incoming.payload);
        break;
    case Incoming::Kind::query_awareness:
        if (!connection.lagging_ && connection.take_step1_token(connection.last_heard_)) {
            connection.send(everybody_message());
        }
        break;
    case Incoming::Kind::ignored:
        break;
    case Incoming::Kind::malformed:
        refuse(connection, close_bad_data, RoomEvent::bad_frame, "a message could not be read");
        break;
    }
}

void Room::take_step1(Connection& connection, View state_vector) {
    if (state_vector.size() > state_vector_bytes_max) {
        refuse(connection, close_policy, RoomEvent::over_limit, "the state vector is too large");
        return;
    }
    if (!connection.lagging_ && connection.queued_bytes() <= queue_bytes_lagging &&
        connection.take_step1_token(connection.last_heard_)) {
        answer_step1(connection, state_vector);
        return;
    }
    // Always answered, but not at once: a flood is answered once per interval, the last question wins.
    const bool alone = !connection.waiting_step1_;
    connection.waiting_step1_.emplace(state_vector.begin(), state_vector.end());
    if (alone && !connection.lagging_) {
        outside_.answer_later(*this, step1_interval);
    }
}

void Room::answer_waiting() {
    bool more = false;
    const std::vector<Connection*> peers = peers_;
    for (Connection* peer : peers) {
        if (!peer->waiting_step1_ || peer->lagging_) {
            continue;
        }
        if (peer->queued_bytes() > queue_bytes_lagging || !peer->take_step1_token(outside_.now())) {
            more = true;
            continue;
        }
        const Bytes asked = std::move(*peer->waiting_step1_);
        peer->waiting_step1_.reset();
        answer_step1(*peer, asked);
    }
    if (more) {
        outside_.answer_later(*this, step1_interval);
    }
}

/// Whether this connection may send this update at all.
bool Room::admit(Connection& connection, View update, bool step2) {
    if (!connection.may_write()) {
        // A reader's program answers our step 1 like everybody's, with no structs; only news are worth a refusal.
        if (!step2 || update.front() != 0) {
            connection.deny(denied_read_only);
        }
        return false;
    }
    // A program that answers our step 1 has mostly nothing new: that is no attempt to write.
    const Writing writing = step2 && update.front() == 0 ? Writing::open : outside_.writing(*this, connection.is_guest());
    if (writing == Writing::disk_low) {
        connection.deny(denied_disk_low);
        outside_.note(*this, RoomEvent::disk_full, "edits refused above the floor of free disk");
        return false;
    }
    if (writing == Writing::quota_full) {
        connection.deny(denied_quota_full);
        outside_.note(*this, RoomEvent::over_limit, "the association's quota is used up");
        return false;
    }
    if (writing == Writing::guests_full) {
        connection.deny(denied_guests_full);
        outside_.note(*this, RoomEvent::over_limit, "the text takes all that people without an account may fill");
        return false;
    }
    if (writing == Writing::memory_full) {
        connection.deny(denied_memory_full);
        outside_.note(*this, RoomEvent::over_limit, "too many long texts are open");
        return false;
    }
    const std::size_t after = text_bytes() + update.size();
    if (connection.is_guest() && after > pad_bytes_max_ / guest_part_of_text && update.front() != 0) {
        connection.deny(denied_guests_full);
        outside_.note(*this, RoomEvent::over_limit, "the text is as long as people without an account may make it");
        return false;
    }
    // An update without structs only deletes (Yjs update V1: it begins with the number of clients).
    const std::size_t most = update.front() != 0 ? pad_bytes_max_ : pad_bytes_max_ + pad_bytes_max_ / deletions_part_of_text;
    if (after > most) {
        connection.deny(denied_full);
        outside_.note(*this, RoomEvent::over_limit, "the pad is full");
        return false;
    }
    if (!outside_.room_for_edits(update.size())) {
        refuse(connection, close_try_later, RoomEvent::disk_full, "the disk takes nothing more, changes stay with you");
        return false;
    }
    return true;
}

std::size_t Room::text_bytes() const {
    if (!counted_bytes_ || bytes_since_ > pad_bytes_max_ / count_again_part) {
        counted_bytes_ = recorder_.encoded_size();
        bytes_since_ = 0;
    }
    return *counted_bytes_ + bytes_since_;
}

/// Finding the news of a step 2 takes time with all clients and deletions of the pad. Who sends less than they are is relayed as
/// it came: a few hundred bytes must not cost everybody milliseconds.
bool Room::worth_reducing(View update) const {
    return update.size() > small_step2_bytes && recorder_.client_count() <= update.size() &&
           recorder_.deleted_range_count() <= update.size();
}

void Room::take_update(Connection& connection, View update, std::string_view frame, bool step2) {
    if (update.empty()) {
        refuse(connection, close_bad_data, RoomEvent::bad_frame, "an update is empty");
        return;
    }
    if (!admit(connection, update, step2)) {
        return;
    }
    // Only a large step 2 is mostly old news: a returning client uploads everything that it has deleted since ever.
    const bool rewrite = step2 && worth_reducing(update);
    const Bytes before = rewrite ? recorder_.state_vector() : Bytes();
    const std::size_t clients_before = recorder_.client_count();
    const auto applied = recorder_.apply(update, connection.is_guest() ? guest_clients_left() : SIZE_MAX);
    if (!applied && applied.error().kind == ErrorKind::conflict) {
        connection.deny(connection.is_guest() ? denied_guests_full : denied_full);
        outside_.note(*this, RoomEvent::over_limit, applied.error().message);
        return;
    }
    if (applied && connection.is_guest()) {
        guest_clients_ += recorder_.client_count() - clients_before;
    }
    if (!applied) {
        const bool limit = applied.error().kind == ErrorKind::too_large;
        refuse(connection, limit ? close_policy : close_bad_data, limit ? RoomEvent::over_limit : RoomEvent::bad_frame,
               applied.error().message);
        return;
    }
    ++connection.received_;
    if (applied->dropped > 0) {
        outside_.note(*this, RoomEvent::pending_dropped, std::to_string(applied->dropped));
    }
    if (applied->changed || applied->held) {
        const std::optional<Bytes> news = rewrite ? news_of(*applied, before) : std::nullopt;
        const View relayed = news ? View(*news) : applied->relay;
        record(connection.arrival_.person, *applied, relayed, step2 ? &connection : nullptr);
        // The very bytes that came can go out as they are, unless something stood behind the update.
        const bool as_it_came = !step2 && relayed.data() == update.data() && relayed.size() == update.size() &&
                                update.data() + update.size() == as_view(frame).data() + frame.size();
        Message message = as_it_came ? std::make_shared<const std::string>(frame) : update_message(relayed);
        const std::size_t update_at = message->size() - relayed.size();
        batch_.push_back({std::move(message), update_at, &connection});
    } else if (all_saved()) {
        connection.saved_due_ = true;
    }
    if (applied->pending && connection.last_heard_ - ask_back_every > connection.asked_back_) {
        connection.asked_back_ = connection.last_heard_;
        connection.send(step1_message(recorder_.state_vector()));
    }
    schedule_flush(Flush::now_if_quiet);
}

std::size_t Room::guest_clients_left() {
    const Duration now = outside_.now();
    const auto again = static_cast<std::size_t>((now - guest_clients_at_) / Duration(std::chrono::hours(1)) * guest_clients_per_hour);
    if (again > 0) {
        guest_clients_ -= std::min(guest_clients_, again);
        guest_clients_at_ = now;
    }
    const std::size_t most = crdt::clients_max / guest_part_of_clients;
    const std::size_t left = most - std::min(most, recorder_.client_count());
    return std::min(left, guest_clients_at_once - std::min(guest_clients_at_once, guest_clients_));
}

/// What others lack of a large step 2: its new structs, and the deletions that are new.
std::optional<Bytes> Room::news_of(const crdt::Applied& applied, View vector_before) const {
    if (applied.held || applied.pending) {
        return std::nullopt;
    }
    const auto diff = recorder_.diff(vector_before);
    crdt::Outline outline;
    std::size_t position = 0;
    if (!diff || crdt::check_update(*diff, outline, position) != crdt::Fault::none) {
        return std::nullopt;
    }
    Bytes news(diff->data(), outline.deletes);
    std::map<std::uint64_t, crdt::RangeSet, std::greater<>> deleted;
    std::vector<crdt::Range> fresh;
    for (const crdt::ClockRange& range : applied.deleted) {
        deleted[range.client].add({range.clock, range.clock + range.length}, fresh);
    }
    crdt::Writer out(news);
    out.uvar(deleted.size());
    for (const auto& [client, ranges] : deleted) {
        out.uvar(client);
        out.uvar(ranges.ranges().size());
        for (const crdt::Range& range : ranges.ranges()) {
            out.uvar(range.begin);
            out.uvar(range.end - range.begin);
        }
    }
    return news;
}

/// Notes what has to reach the disk, and who wrote it.
void Room::record(const PersonPtr& person, const crdt::Applied& applied, View news, const Connection* brought_by) {
    ++version_;
    bytes_since_ += news.size();
    const std::int64_t now = outside_.wall_ms();
    const std::size_t clients_before = new_clients_.size();
    for (const crdt::ClockRange& range : applied.inserted) {
        batch_from_.try_emplace(range.client, range.clock);
        if (bound_.insert(range.client).second) {
            const bool brought = brought_by != nullptr && !awareness_.owns(brought_by->number_, range.client);
            new_clients_.push_back({range.client, person, brought, now});
        }
    }
    note_unsaved(person, applied, news, now);
    unseen_ = true;
    outside_.keep_ahead(*this, {*person, now, std::span(new_clients_).subspan(clients_before), news});
    outside_.edits_wait(*this);
}

Status Room::change(PersonPtr person, View update) {
    if (text_bytes() + update.size() > pad_bytes_max_) {
        return fail(ErrorKind::too_large, "the pad would be too large");
    }
    const auto applied = recorder_.apply(update);
    if (!applied) {
        return fail(applied.error());
    }
    record(person, *applied, applied->relay, nullptr);
    Message message = update_message(applied->relay);
    const std::size_t update_at = message->size() - applied->relay.size();
    batch_.push_back({std::move(message), update_at, nullptr});
    schedule_flush(Flush::later);
    return {};
}

void Room::take_awareness(Connection& connection, View payload) {
    const auto may_yield = [this](ConnectionNumber owner, ConnectionNumber by) {
        const auto find = [this](ConnectionNumber number) {
            return std::find_if(peers_.begin(), peers_.end(), [number](const Connection* peer) { return peer->number_ == number; });
        };
        const auto from = find(owner);
        const auto to = find(by);
        if (from == peers_.end() || to == peers_.end()) {
            return true;
        }
        const bool same_person = !(*from)->person().member.empty() && (*from)->person().member == (*to)->person().member;
        return same_person || outside_.now() - (*from)->last_heard_ > awareness_owner_stale;
    };
    bool owners_changed = false;
    const auto verdict = awareness_.apply(payload, connection.number_, may_yield, awareness_changed_, owners_changed);
    if (owners_changed) {
        change_roster();
    }
    switch (verdict) {
    case Awareness::Verdict::taken:
        break;
    case Awareness::Verdict::malformed:
        refuse(connection, close_bad_data, RoomEvent::bad_frame, "an awareness message could not be read");
        return;
    case Awareness::Verdict::too_large:
    case Awareness::Verdict::too_many:
        refuse(connection, close_policy, RoomEvent::over_limit, "too much awareness");
        return;
    }
    if (!awareness_changed_.empty()) {
        schedule_flush(Flush::now_if_quiet);
    }
}

} // namespace hameau::pads
