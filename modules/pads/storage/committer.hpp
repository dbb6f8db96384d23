// Committer: one transaction for the edits of all rooms, a short time after the first of them (group commit), and
// compaction. Nothing is armed while nobody edits; the loop does not wait for the disk. Owner: pads.
#pragma once

#include <functional>
#include <set>

#include "daemon/base/clock.hpp"
#include "daemon/base/journal.hpp"
#include "modules/pads/storage/batch.hpp"

namespace hameau::pads {

/// What the committer needs from the process.
class CommitterOutside {
public:
    virtual ~CommitterOutside() = default;
    /// Call start() then; armed once at a time.
    virtual void arm_commit(Duration delay) = 0;
    /// Nothing of this room is being written any more, and what could be written is.
    virtual void settled(Room& room) = 0;
    /// A batch with every edit so far is handed to the writer.
    virtual void batch_begins() = 0;
    /// It is in the database. `idle`: no other edit waits.
    virtual void batch_written(bool idle) = 0;
    /// A batch has ended, well or not.
    virtual void batch_ended() = 0;
};

struct Tidied {
    crdt::Stored stored;
    Recorder recorder;  ///< of what is stored
};
/// The state as it is stored, read back; nothing when that would be another document. Takes long for a long text. On any thread.
std::optional<Tidied> tidied(const Recorder& live);

class Committer {
public:
    /// `store` is the event loop's own, for run() and compact().
    Committer(PadStore& store, BatchWriter& writer, const Journal& journal, CommitterOutside& outside) :
        store_(store), writer_(writer), journal_(journal), outside_(outside) {}

    /// The room has edits that are not saved.
    void edits_wait(Room& room);
    /// The room goes away; what it had must have been saved, or is not wanted. Waits when its edits are being written: the number of
    /// a pad that is erased is given to the next one.
    void forget(Room& room);
    /// Rows of authors were removed. Waits for the batch that is being written.
    void authors_removed();
    /// The timer that was armed: hands everything that waits to the writer.
    void start();
    /// Has the room saved and folded. True: it is; false: settled() will be called.
    bool settle(Room& room);
    /// Writes everything that waits, at once. False: the disk did not take it; it is kept and tried again.
    bool run();
    bool waiting() const { return !rooms_.empty() || !folding_.empty() || flight_; }
    bool failing() const { return failures_ > 0; }
    std::size_t waiting_bytes() const;
    bool room_for(std::size_t bytes) const;

    /// Folds the log of a room, of which nothing waits, into its state, at once. False: nothing changed, the log stays.
    bool compact(Room& room);

private:
    std::shared_ptr<Batch> take();
    std::optional<crdt::Stored> collect(Room& room);
    void land();
    bool finish(Batch& batch);
    void finish_part(Batch::Part& part);
    void put_back(Batch& batch);
    void arm(Duration delay);

    PadStore& store_;
    BatchWriter& writer_;
    const Journal& journal_;
    CommitterOutside& outside_;
    std::set<Room*> rooms_;    ///< with edits that were not handed over
    std::set<Room*> folding_;  ///< to be folded with the next batch
    std::set<Room*> unfolded_; ///< it failed: they close with their log
    std::shared_ptr<Batch> flight_;
    bool overdue_ = false;     ///< start as soon as the flight has landed
    bool forget_authors_ = false;
    std::size_t failures_ = 0;
    bool armed_ = false;
};

} // namespace hameau::pads
