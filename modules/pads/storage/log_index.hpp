// LogIndex: which rows of the log are whose and not folded, in memory. An index in the file would be written at as many places as pads
// were edited, in every commit; the log is short (what open pads have not folded), and nearly empty after a clean stop.
// Owner: pads, shared by the event loop's store and the commit thread's.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "daemon/store/database.hpp"

namespace hameau::pads {

class LogIndex {
public:
    struct Row {
        std::int64_t pad = 0;
        std::int64_t seq = 0;
    };

    /// The number of the next row: larger than every one that there ever was in its pad.
    Result<std::int64_t> next_seq(Database& database);
    /// Committed rows of a pad, oldest first. Some may have been folded meanwhile, by the other connection.
    Result<std::vector<std::int64_t>> rows(Database& database, std::int64_t pad);
    /// The newest row of a pad, 0 when there is none.
    Result<std::int64_t> last(Database& database, std::int64_t pad);
    /// These rows were committed. Those of one pad come in their order.
    void added(std::span<const Row> rows);
    /// The rows of this pad up to `upto` are covered by its state. True: so many stand there dead that they are to be removed.
    bool folded(std::int64_t pad, std::int64_t upto);
    /// Dead rows were removed.
    void swept();

private:
    /// Reads the log, once: what a crash left.
    Status fill(Database& database);

    std::mutex mutex_;
    bool filled_ = false;
    std::size_t dead_ = 0;
    std::int64_t next_ = 1;
    std::unordered_map<std::int64_t, std::vector<std::int64_t>> rows_;
};

} // namespace hameau::pads
