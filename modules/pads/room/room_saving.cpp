// What a room has that is not on the disk, and "saved": said of what a commit covered, never of what came since.
#include <algorithm>

#include "modules/pads/limits.hpp"
#include "modules/pads/room/connection.hpp"
#include "modules/pads/room/room.hpp"

namespace hameau::pads {

Edit& Room::edit_of(const PersonPtr& person, std::int64_t now_ms) {
    const auto open = std::find_if(unsaved_.rbegin(), unsaved_.rend(), [&](const Edit& edit) { return edit.person == person; });
    if (open != unsaved_.rend()) {
        const std::int64_t age_ms = now_ms - open->time_ms;
        const bool newest = open == unsaved_.rbegin();
        if (newest || (age_ms >= 0 && age_ms <= commit_window.count() && open->framed.size() < edit_bytes_joined)) {
            return *open;
        }
    }
    Edit edit;
    edit.person = person;
    edit.time_ms = now_ms;
    return unsaved_.emplace_back(std::move(edit));
}

void Room::note_unsaved(const PersonPtr& person, const crdt::Applied& applied, View news, std::int64_t time_ms) {
    Edit& edit = edit_of(person, time_ms);
    frame_update(edit.framed, news);
    for (const crdt::ClockRange& range : applied.inserted) {
        unsaved_from_.try_emplace(range.client, range.clock);
        edit.added += range.length;
    }
    for (const crdt::ClockRange& range : applied.deleted) {
        edit.removed += range.length;
    }
    unsaved_bytes_ += news.size();
}

void Room::recover(const std::vector<KeptEdit>& kept) {
    PersonPtr person;
    for (const KeptEdit& one : kept) {
        const auto applied = recorder_.apply(one.update);
        if (!applied || !(applied->changed || applied->held)) {
            continue;
        }
        if (!person || person->member != one.person->member || person->name != one.person->name) {
            person = one.person;
        }
        for (const NewClient& client : one.clients) {
            if (bound_.insert(client.client).second) {
                new_clients_.push_back(client);
            }
        }
        ++version_;
        bytes_since_ += applied->relay.size();
        note_unsaved(person, *applied, applied->relay, one.time_ms);
    }
    if (!unsaved_.empty()) {
        outside_.edits_wait(*this);
    }
}

bool Room::may_be_seen() {
    unseen_ = unseen_ && !outside_.hand_over();
    return !unseen_;
}

Unsaved Room::take_unsaved() {
    Unsaved out;
    out.edits = std::exchange(unsaved_, {});
    out.clients = std::exchange(new_clients_, {});
    writing_ = !out.edits.empty();
    writing_bytes_ = std::exchange(unsaved_bytes_, 0);
    writing_from_ = std::exchange(unsaved_from_, {});
    writing_clocks_.clear();
    for (const auto& [client, clock] : writing_from_) {
        writing_clocks_.push_back({client, recorder_.next_clock(client)});
    }
    for (Connection* peer : peers_) {
        peer->handed_ = peer->received_;
    }
    return out;
}

void Room::put_back(Unsaved unsaved) {
    writing_ = false;
    unsaved_bytes_ += std::exchange(writing_bytes_, 0);
    unsaved_.insert(unsaved_.begin(), std::make_move_iterator(unsaved.edits.begin()), std::make_move_iterator(unsaved.edits.end()));
    new_clients_.insert(new_clients_.begin(), std::make_move_iterator(unsaved.clients.begin()),
                        std::make_move_iterator(unsaved.clients.end()));
    for (const auto& [client, clock] : writing_from_) {
        unsaved_from_[client] = clock;
    }
    writing_from_.clear();
}

void Room::committed(std::size_t edits, std::int64_t last_seq) {
    writing_ = false;
    unseen_ = unseen_ && !unsaved_.empty();
    last_seq_ = std::max(last_seq_, last_seq);
    log_rows_ += edits;
    log_bytes_ += std::exchange(writing_bytes_, 0);
    writing_from_.clear();
    for (const SavedClock& clock : std::exchange(writing_clocks_, {})) {
        untold_[clock.client] = clock.next_clock;
    }
    if (edits == 0) {
        return;
    }
    std::vector<SavedClock> clocks;
    clocks.reserve(untold_.size());
    for (const auto& [client, clock] : untold_) {
        clocks.push_back({client, clock});
    }
    // While many write, who has nothing of its own in this commit is told with the last one: a hundred writers would
    // else be told twenty times a second what concerns others.
    const bool everybody = unsaved_.empty() || untold_.size() > untold_clients_max;
    const std::vector<Connection*> peers = peers_;
    for (Connection* peer : peers) {
        if (!peer->arrival_.extended || peer->lagging_) {
            continue;
        }
        // With nothing waiting, what came since the hand-over changed nothing.
        const std::uint64_t durable = unsaved_.empty() ? peer->received_ : peer->handed_;
        if (everybody || durable > peer->told_saved_) {
            peer->told_saved_ = durable;
            peer->saved_due_ = false;
            peer->send(saved_message(clocks, durable));
        }
    }
    if (everybody) {
        untold_.clear();
    }
}

bool Room::wants_compaction() const {
    // Folding reads and writes the whole text, on the event loop: what comes in between grows with it.
    const std::size_t enough = std::max(compact_bytes, text_bytes() / compact_part);
    return log_rows_ + unsaved_.size() > compact_rows || log_bytes_ + unsaved_bytes_ > enough;
}

void Room::replace_recorder(Recorder recorder) {
    recorder_ = std::move(recorder);
    counted_bytes_.reset();
    answer_.reset();
    ++version_;
}

void Room::compacted() {
    log_rows_ = 0;
    log_bytes_ = 0;
}

std::uint32_t Room::durable_clock(std::uint64_t client, std::uint32_t next_clock) const {
    for (const auto* waiting : {&unsaved_from_, &writing_from_}) {
        if (const auto from = waiting->find(client); from != waiting->end()) {
            next_clock = std::min(next_clock, from->second);
        }
    }
    return next_clock;
}

std::vector<SavedClock> Room::saved_clocks() const {
    std::vector<SavedClock> clocks;
    clocks.reserve(recorder_.client_count());
    recorder_.each_client([&](std::uint64_t client, std::uint32_t next_clock) {
        if (const std::uint32_t clock = durable_clock(client, next_clock); clock > 0) {
            clocks.push_back({client, clock});
        }
    });
    return clocks;
}

} // namespace hameau::pads
