// Committer: one transaction for the edits of all rooms, a short time after the first of them (group commit), and
// compaction. Nothing is armed while nobody edits. Owner: pads.
#pragma once

#include <functional>
#include <set>

#include "daemon/base/clock.hpp"
#include "daemon/base/journal.hpp"
#include "modules/pads/room.hpp"
#include "modules/pads/store.hpp"

namespace hameau::pads {

class Committer {
public:
    /// `arm(delay)`: call run() then; armed once at a time.
    Committer(PadStore& store, const Journal& journal, std::function<void(Duration)> arm) :
        store_(store), journal_(journal), arm_(std::move(arm)) {}

    /// The room has edits that are not saved.
    void edits_wait(Room& room);
    /// The room goes away; what it had must have been saved.
    void forget(Room& room) { rooms_.erase(&room); }
    /// Writes everything that waits. False: the disk did not take it; it is kept and tried again.
    bool run();
    bool waiting() const { return !rooms_.empty(); }
    bool failing() const { return failures_ > 0; }
    std::size_t waiting_bytes() const;
    bool room_for(std::size_t bytes) const;

    /// Folds the room's log into its state. False: nothing changed, the log stays.
    bool compact(Room& room);

private:
    PadStore& store_;
    const Journal& journal_;
    std::function<void(Duration)> arm_;
    std::set<Room*> rooms_;
    std::size_t failures_ = 0;
    bool armed_ = false;
};

} // namespace hameau::pads
