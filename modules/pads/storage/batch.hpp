// Batch: what is written to the disk in one go, and where that is done. While it is being written it belongs to the
// writer alone; the rooms in it stay alive and untouched. Owner: pads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "modules/pads/room/room.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

struct Batch {
    struct Part {
        std::shared_ptr<Room> room;
        std::int64_t pad = 0;
        Unsaved unsaved;
        /// The state that covers everything up to these edits and nothing behind them: to be stored after them.
        std::optional<crdt::Stored> state;
        std::int64_t last_seq = 0;  ///< the newest row that the state covers; edits of this batch raise it
        Status folded;
        bool forgotten = false;     ///< the pad went away meanwhile
    };
    std::vector<Part> parts;
    bool forget_authors = false;  ///< rows of authors were removed since the last batch
    // The outcome.
    Status written;
    std::optional<std::size_t> refused;  ///< the part that a constraint refused: its pad is not there any more
};

/// Writes all edits in one transaction, then each state in one of its own. On any thread, with a store of that thread.
void write_batch(PadStore& store, Batch& batch);

/// Writes batches while the event loop goes on.
class BatchWriter {
public:
    virtual ~BatchWriter() = default;
    /// `written` is called on the event loop, never from inside this call. One batch at a time.
    virtual void write(std::shared_ptr<Batch> batch, std::function<void()> written) = 0;
    /// Returns when the batch is written; `written` is still called.
    virtual void wait() = 0;
};

} // namespace hameau::pads
