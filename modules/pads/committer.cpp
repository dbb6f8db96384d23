// Group commit and compaction.
#include "modules/pads/committer.hpp"

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

void Committer::edits_wait(Room& room) {
    rooms_.insert(&room);
    if (!armed_) {
        armed_ = true;
        arm_(commit_window);
    }
}

std::size_t Committer::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const Room* room : rooms_) {
        bytes += room->unsaved_bytes();
    }
    return bytes;
}

bool Committer::room_for(std::size_t bytes) const {
    // While the disk works a window's edits are few, and one large paste must pass.
    return failures_ == 0 || waiting_bytes() + bytes <= unsaved_bytes_max;
}

bool Committer::run() {
    armed_ = false;
    if (rooms_.empty()) {
        return true;
    }
    std::vector<std::pair<Room*, std::int64_t>> written;
    Room* refused = nullptr;
    const Status done = store_.database().transaction([&]() -> Status {
        for (Room* room : rooms_) {
            const auto seq = store_.append(room->pad().number, room->unsaved(), room->new_clients());
            if (!seq) {
                // A constraint is no matter of disk space: the pad is not there any more.
                refused = seq.error().kind == ErrorKind::conflict ? room : nullptr;
                return fail(seq.error());
            }
            written.emplace_back(room, *seq);
        }
        return {};
    });
    if (!done) {
        store_.rolled_back();
        if (refused != nullptr) {
            journal_.write(edits_refused, {{"pad", refused->pad().id}, {"error", done.error().message}});
            refused->end(close_going_away, "closed");
            rooms_.erase(refused);
            return run();
        }
        if (failures_++ == 0) {
            journal_.write(commit_failed, {{"error", done.error().message}});
        }
        const auto delay = commit_retry_first * (1 << std::min<std::size_t>(failures_ - 1, 5));
        armed_ = true;
        arm_(std::min<Duration>(delay, commit_retry_most));
        return false;
    }
    if (failures_ > 0) {
        failures_ = 0;
        journal_.write(commit_works);
    }
    rooms_.clear();
    for (const auto& [room, seq] : written) {
        // "Saved" is said here and nowhere else: the transaction is durable.
        room->committed(seq);
    }
    for (const auto& [room, seq] : written) {
        if (room->wants_compaction()) {
            compact(*room);
        }
    }
    return true;
}

bool Committer::compact(Room& room) {
    const Recorder& live = room.recorder();
    const Bytes vector = live.state_vector();
    const auto deletions = live.diff(vector);
    crdt::Stored stored = live.collect();
    auto again = Recorder::open(stored.state, stored.index);
    const auto same = [&] {
        // With our own state vector the answer is the delete set, and what is pending.
        const auto deletions_again = again ? again->diff(vector) : Result<Bytes>(Bytes());
        return again && again->state_vector() == vector && deletions && deletions_again && *deletions == *deletions_again;
    };
    if (!same()) {
        journal_.write(compaction_differs, {{"pad", room.pad().id}});
        return false;
    }
    if (const auto done = store_.compact(room.pad().number, stored, room.last_seq()); !done) {
        journal_.write(compaction_failed, {{"pad", room.pad().id}, {"error", done.error().message}});
        return false;
    }
    room.compacted(std::move(*again));
    return true;
}

} // namespace hameau::pads
