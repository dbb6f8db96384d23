// Group commit: within 50 ms after an edit one transaction for all pads. And compaction of the logs, when nothing else is written.
#include "modules/pads/storage/committer.hpp"

#include <algorithm>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {
constexpr Event commit_failed{"pads.commit_failed", Level::error,
                              "nothing is lost while the service runs; make room on the disk, it is tried again"};
constexpr Event edits_refused{"pads.edits_refused", Level::error, "the pad was removed while somebody wrote in it"};
constexpr Event commit_works{"pads.commit_works_again", Level::notice};
constexpr Event compaction_failed{"pads.compaction_failed", Level::warning, "the pad's log is kept as it is"};
constexpr Event compaction_differs{"pads.compaction_differs", Level::error,
                                   "the state read back was not the one written; the log is kept; please report it"};
} // namespace

void Committer::arm(Duration delay) {
    armed_ = true;
    outside_.arm_commit(delay);
}

void Committer::edits_wait(Room& room) {
    rooms_.insert(&room);
    if (!armed_) {
        arm(commit_window);
    }
}

void Committer::forget(Room& room) {
    rooms_.erase(&room);
    folding_.erase(&room);
    unfolded_.erase(&room);
    if (!flight_) {
        return;
    }
    bool away = false;
    for (Batch::Part& part : flight_->parts) {
        // Only this flag is the loop's to write while the batch is away.
        part.forgotten = part.forgotten || part.room.get() == &room;
        away = away || part.room.get() == &room;
    }
    if (away) {
        writer_.wait();
        land();
    }
}

void Committer::authors_removed() {
    if (flight_) {
        writer_.wait();
        land();
    }
    store_.rolled_back();
    forget_authors_ = true;
}

std::size_t Committer::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const Room* room : rooms_) {
        bytes += room->unsaved_bytes();
    }
    if (flight_) {
        for (const Batch::Part& part : flight_->parts) {
            bytes += rooms_.contains(part.room.get()) ? 0 : part.room->unsaved_bytes();
        }
    }
    return bytes;
}

bool Committer::room_for(std::size_t bytes) const {
    // While the disk works a window's edits are few, and one large paste must pass.
    return failures_ == 0 || waiting_bytes() + bytes <= unsaved_bytes_max;
}

std::shared_ptr<Batch> Committer::take() {
    auto batch = std::make_shared<Batch>();
    batch->forget_authors = std::exchange(forget_authors_, false);
    outside_.batch_begins();
    std::set<Room*> rooms = std::exchange(rooms_, {});
    rooms.insert(folding_.begin(), folding_.end());
    batch->parts.reserve(rooms.size());  // parts are large and not cheap to move
    for (Room* room : rooms) {
        Batch::Part part;
        part.room = room->shared_from_this();
        part.pad = room->pad().number;
        part.last_seq = room->last_seq();
        const bool fold = failures_ == 0 && (folding_.contains(room) || room->wants_compaction());
        part.unsaved = room->take_unsaved();
        if (fold) {
            // Now, while it covers these edits and nothing behind them: history and state must not part.
            part.state = collect(*room);
            if (!part.state) {
                unfolded_.insert(room);
            }
        }
        batch->parts.push_back(std::move(part));
    }
    folding_.clear();
    return batch;
}

void Committer::start() {
    armed_ = false;
    if (flight_) {
        overdue_ = true;
        return;
    }
    if (rooms_.empty() && folding_.empty()) {
        return;
    }
    flight_ = take();
    writer_.write(flight_, [this, batch = flight_] {
        if (flight_ == batch) {
            land();
        }
    });
}

void Committer::land() {
    const std::shared_ptr<Batch> batch = std::exchange(flight_, nullptr);
    const bool done = finish(*batch);
    if (flight_) {
        return;  // a settled room has begun the next one
    }
    const bool more = std::exchange(overdue_, false) || !folding_.empty() || batch->refused;
    if (more && (done || batch->refused)) {
        start();
    }
}

bool Committer::settle(Room& room) {
    const bool away = flight_ && std::any_of(flight_->parts.begin(), flight_->parts.end(),
                                             [&](const Batch::Part& part) { return part.room.get() == &room; });
    if (!away && room.all_saved() && (!room.has_log() || unfolded_.contains(&room))) {
        return true;
    }
    if (away || failing()) {
        return false;
    }
    folding_.insert(&room);
    if (flight_) {
        overdue_ = true;
    } else {
        start();
    }
    return false;
}

bool Committer::run() {
    while (flight_) {
        writer_.wait();
        land();
    }
    while (!rooms_.empty()) {
        armed_ = false;
        const auto batch = take();
        write_batch(store_, *batch);
        if (!finish(*batch) && !batch->refused) {
            return false;
        }
    }
    return failures_ == 0;
}

void Committer::put_back(Batch& batch) {
    for (Batch::Part& part : batch.parts) {
        if (part.forgotten) {
            continue;
        }
        part.room->put_back(std::move(part.unsaved));
        if (!part.room->all_saved()) {
            rooms_.insert(part.room.get());
        }
    }
}

/// False: nothing of it was written.
bool Committer::finish(Batch& batch) {
    if (!batch.written) {
        put_back(batch);
        if (batch.refused) {
            Room& refused = *batch.parts[*batch.refused].room;
            journal_.write(edits_refused, {{"pad", refused.pad().id}, {"error", batch.written.error().message}});
            refused.end(close_going_away, "closed");
            rooms_.erase(&refused);
        } else {
            if (failures_++ == 0) {
                journal_.write(commit_failed, {{"error", batch.written.error().message}});
            }
            const auto delay = commit_retry_first * (1 << std::min<std::size_t>(failures_ - 1, 5));
            arm(std::min<Duration>(delay, commit_retry_most));
        }
        outside_.batch_ended();
        return false;
    }
    if (failures_ > 0) {
        failures_ = 0;
        journal_.write(commit_works);
    }
    outside_.batch_written(rooms_.empty());
    for (Batch::Part& part : batch.parts) {
        if (!part.forgotten) {
            finish_part(part);
        }
    }
    for (Batch::Part& part : batch.parts) {
        if (!part.forgotten) {
            outside_.settled(*part.room);
        }
    }
    outside_.batch_ended();
    return true;
}

void Committer::finish_part(Batch::Part& part) {
    Room& room = *part.room;
    // "Saved" is said here and nowhere else: the transaction is durable.
    room.committed(part.unsaved.edits.size(), part.last_seq);
    if (part.state && part.folded) {
        room.compacted();
        unfolded_.erase(&room);
    } else if (part.state) {
        unfolded_.insert(&room);
        journal_.write(compaction_failed, {{"pad", room.pad().id}, {"error", part.folded.error().message}});
    }
}

std::optional<Tidied> tidied(const Recorder& live) {
    const Bytes vector = live.state_vector();
    const auto deletions = live.diff(vector);
    Tidied out;
    out.stored = live.collect();
    auto again = Recorder::open(out.stored.state, out.stored.index);
    // With our own state vector the answer is the delete set, and what is pending.
    const auto deletions_again = again ? again->diff(vector) : Result<Bytes>(Bytes());
    if (!again || again->state_vector() != vector || !deletions || !deletions_again || *deletions != *deletions_again) {
        return std::nullopt;
    }
    out.recorder = std::move(*again);
    return out;
}

std::optional<crdt::Stored> Committer::collect(Room& room) {
    auto state = tidied(room.recorder());
    if (!state) {
        journal_.write(compaction_differs, {{"pad", room.pad().id}});
        return std::nullopt;
    }
    room.replace_recorder(std::move(state->recorder));
    return std::move(state->stored);
}

bool Committer::compact(Room& room) {
    const auto stored = collect(room);
    if (!stored) {
        return false;
    }
    if (const auto done = store_.compact(room.pad().number, *stored, room.last_seq()); !done) {
        journal_.write(compaction_failed, {{"pad", room.pad().id}, {"error", done.error().message}});
        return false;
    }
    room.compacted();
    return true;
}

} // namespace hameau::pads
