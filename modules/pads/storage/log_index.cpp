// Which rows of the log belong to which pad, so that a pad opens without a look at all of them.
#include "modules/pads/storage/log_index.hpp"

#include <algorithm>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

Status LogIndex::fill(Database& database) {
    if (filled_) {
        return {};
    }
    // What is not in the log any more is covered by a state.
    auto folded = database.prepare("SELECT coalesce(max(upto), 0) FROM pad_state");
    if (const auto row = folded.step(); !row) {
        return fail(row.error());
    }
    std::int64_t newest = folded.number(0);
    std::size_t dead = 0;
    decltype(rows_) found;
    auto log = database.prepare("SELECT pad_update.pad, seq, seq <= coalesce(upto, 0) FROM pad_update "
                                "LEFT JOIN pad_state ON pad_state.pad = pad_update.pad ORDER BY seq");
    for (;;) {
        const auto row = log.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            break;
        }
        if (log.number(2) == 0) {
            found[log.number(0)].push_back(log.number(1));
        } else {
            ++dead;
        }
        newest = std::max(newest, log.number(1));
    }
    rows_ = std::move(found);
    dead_ = dead;
    next_ = newest + 1;
    filled_ = true;
    return {};
}

Result<std::int64_t> LogIndex::next_seq(Database& database) {
    const std::lock_guard lock(mutex_);
    if (auto done = fill(database); !done) {
        return fail(std::move(done.error()));
    }
    return next_++;
}

Result<std::vector<std::int64_t>> LogIndex::rows(Database& database, std::int64_t pad) {
    const std::lock_guard lock(mutex_);
    if (auto done = fill(database); !done) {
        return fail(std::move(done.error()));
    }
    const auto found = rows_.find(pad);
    return found == rows_.end() ? std::vector<std::int64_t>() : found->second;
}

Result<std::int64_t> LogIndex::last(Database& database, std::int64_t pad) {
    const std::lock_guard lock(mutex_);
    if (auto done = fill(database); !done) {
        return fail(std::move(done.error()));
    }
    const auto found = rows_.find(pad);
    return found == rows_.end() ? 0 : found->second.back();
}

void LogIndex::added(std::span<const Row> rows) {
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows) {
        rows_[row.pad].push_back(row.seq);
    }
}

bool LogIndex::folded(std::int64_t pad, std::int64_t upto) {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(pad);
    if (found != rows_.end()) {
        auto& seqs = found->second;
        const auto end = std::upper_bound(seqs.begin(), seqs.end(), upto);
        dead_ += static_cast<std::size_t>(end - seqs.begin());
        seqs.erase(seqs.begin(), end);
        if (seqs.empty()) {
            rows_.erase(found);
        }
    }
    return dead_ > 0 && (rows_.empty() || dead_ >= dead_rows_max);
}

void LogIndex::swept() {
    const std::lock_guard lock(mutex_);
    dead_ = 0;
}

} // namespace hameau::pads
