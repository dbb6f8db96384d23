// The log of updates, the compacted state, the history.
#include "modules/pads/storage/store.hpp"

#include <algorithm>
#include <map>
#include <zstd.h>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

constexpr int zstd_level = 3;

Result<Bytes> compress(View plain) {
    Bytes out(ZSTD_compressBound(plain.size()));
    const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), zstd_level);
    if (ZSTD_isError(size) != 0) {
        return fail(ErrorKind::io, std::string("compressing the history: ") + ZSTD_getErrorName(size));
    }
    out.resize(size);
    return out;
}

Result<Bytes> decompress(std::string_view packed, std::int64_t plain_bytes) {
    if (plain_bytes < 0 || static_cast<std::size_t>(plain_bytes) > history_plain_bytes_max) {
        return fail(ErrorKind::corrupt, "a history row is damaged");
    }
    Bytes out(static_cast<std::size_t>(plain_bytes));
    const std::size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    if (ZSTD_isError(size) != 0 || size != out.size()) {
        return fail(ErrorKind::corrupt, "a history row is damaged");
    }
    return out;
}

std::string_view text_view(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
View byte_view(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

/// Log rows of one author that are being joined.
struct Bucket {
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
    std::int64_t updates = 0;
    std::int64_t added = 0;
    std::int64_t removed = 0;
    bool cut = false;  ///< begins with a cut, and holds nothing else
    Bytes plain;
};

/// Joins rows of the log, given in their order, into rows of the history: of one author, within ten minutes. No row reaches over the end of an
/// hour or over a cut: a moment ends there for everybody.
class Folding {
public:
    /// `cuts` are those among the rows `seqs`.
    Folding(Statement insert, std::int64_t pad, const std::vector<std::int64_t>& seqs, std::vector<Cut> cuts) :
        insert_(std::move(insert)), pad_(pad), seqs_(seqs), cuts_(std::move(cuts)) {}

    Status add(const Statement& row) {
        const std::int64_t author = row.number(1);
        const std::int64_t time = row.number(2);
        while (seqs_[at_] != row.number(0)) {
            ++at_;
        }
        const bool cut_begins = next_cut_ < cuts_.size() && cuts_[next_cut_].first == at_;
        if (cut_begins) {
            cut_until_[author] = cuts_[next_cut_++].last;
        }
        const auto until = cut_until_.find(author);
        const bool inside = until != cut_until_.end() && at_ <= until->second;
        if (cut_begins || time / history_hour_ms != hour_) {
            if (auto done = end(); !done) {
                return done;
            }
            hour_ = time / history_hour_ms;
        }
        auto open = open_.find(author);
        if (open != open_.end() && (time - open->second.begin_ms > history_bucket_ms || time < open->second.begin_ms ||
                                    open->second.plain.size() > compact_bytes || (open->second.cut && !inside))) {
            if (auto done = write(author, open->second); !done) {
                return done;
            }
            open_.erase(open);
            open = open_.end();
        }
        if (open == open_.end()) {
            Bucket fresh;
            fresh.first_seq = row.number(0);
            fresh.begin_ms = fresh.end_ms = time;
            fresh.cut = cut_begins;
            open = open_.emplace(author, std::move(fresh)).first;
        }
        join(open->second, row);
        return {};
    }

    /// Writes what is open.
    Status end() {
        for (const auto& [author, bucket] : open_) {
            if (auto done = write(author, bucket); !done) {
                return done;
            }
        }
        open_.clear();
        return {};
    }

private:
    static void join(Bucket& into, const Statement& row) {
        into.last_seq = row.number(0);
        into.end_ms = std::max(into.end_ms, row.number(2));
        const View framed = byte_view(row.view(5));
        each_framed(framed, [&](View) { ++into.updates; });
        into.added += row.number(3);
        into.removed += row.number(4);
        into.plain.insert(into.plain.end(), framed.begin(), framed.end());
    }

    Status write(std::int64_t author, const Bucket& bucket) {
        const auto packed = compress(bucket.plain);
        if (!packed) {
            return fail(packed.error());
        }
        insert_.bind(1, pad_).bind(2, bucket.first_seq).bind(3, bucket.last_seq).bind(4, author).bind(5, bucket.begin_ms);
        insert_.bind(6, bucket.end_ms).bind(7, bucket.updates).bind(8, static_cast<std::int64_t>(bucket.plain.size()));
        insert_.bind_blob(9, text_view(*packed)).bind(10, bucket.added).bind(11, bucket.removed).bind(12, bucket.cut ? 1 : 0);
        return insert_.run();
    }

    Statement insert_;
    std::int64_t pad_;
    const std::vector<std::int64_t>& seqs_;
    std::vector<Cut> cuts_;
    std::size_t at_ = 0;        ///< place of the row in seqs_
    std::size_t next_cut_ = 0;  ///< that has not begun
    std::map<std::int64_t, std::size_t> cut_until_;  ///< by author: the last row of the last one
    std::int64_t hour_ = 0;
    std::map<std::int64_t, Bucket> open_;  ///< by author
};

} // namespace

Result<Bytes> PadStore::unpack_history(std::string_view packed, std::int64_t plain_bytes) { return decompress(packed, plain_bytes); }

void frame_update(Bytes& framed, View update) { crdt::Writer(framed).bytes(update); }

Result<std::int64_t> PadStore::append(std::int64_t number, const std::vector<Edit>& edits,
                                      const std::vector<NewClient>& clients) {
    std::int64_t seq = 0;
    for (const Edit& edit : edits) {
        const auto author = author_number(*edit.person);
        if (!author) {
            return fail(author.error());
        }
        const auto next = index_->next_seq(database_);
        if (!next) {
            return fail(next.error());
        }
        seq = *next;
        insert_update_.bind(1, number).bind(2, *author).bind(3, edit.time_ms).bind_blob(4, text_view(edit.framed));
        insert_update_.bind(5, edit.added).bind(6, edit.removed).bind(7, seq).bind(8, static_cast<std::int64_t>(edit.judged));
        if (auto done = insert_update_.run(); !done) {
            return fail(done.error());
        }
        appended_.push_back({number, seq});
        if (auto done = note_images(number, edit); !done) {
            return fail(done.error());
        }
    }
    if (auto done = bind_clients(number, clients); !done) {
        return fail(done.error());
    }
    return seq;
}

template <class Visit>
Status PadStore::each_log_row(const std::vector<std::int64_t>& seqs, Visit&& visit) {
    Status done;
    for (std::size_t i = 0; done && i < seqs.size(); ++i) {
        const auto row = log_row_.bind(1, seqs[i]).step();
        done = !row ? Status(fail(row.error())) : *row ? visit(log_row_) : Status();
        log_row_.reset();
    }
    return done;
}

Status PadStore::each_row(std::int64_t number, const std::function<Status(std::int64_t, View)>& visit) {
    // Asked for first: what is folded in the meantime is found in the history then.
    const auto seqs = index_->rows(database_, number);
    if (!seqs) {
        return fail(seqs.error());
    }
    Status done;
    auto history = database_.prepare("SELECT first_seq, bytes, plain_bytes FROM pad_history WHERE pad = ?1 ORDER BY first_seq");
    history.bind(1, number);
    for (auto row = history.step(); done; row = history.step()) {
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            break;
        }
        const auto plain = decompress(history.view(1), history.number(2));
        if (!plain) {
            return fail(plain.error());
        }
        done = visit(history.number(0), *plain);
    }
    if (!done) {
        return done;
    }
    return each_log_row(*seqs, [&](const Statement& row) { return visit(row.number(0), byte_view(row.view(5))); });
}

Status PadStore::each_update(std::int64_t number, const std::function<Status(View)>& visit) {
    return each_row(number, [&](std::int64_t, View framed) {
        Status done;
        const bool whole = each_framed(framed, [&](View update) {
            if (done) {
                done = visit(update);
            }
        });
        return done && !whole ? Status(fail(ErrorKind::corrupt, "a log row is damaged")) : done;
    });
}

Result<Recorder> PadStore::open_state(std::int64_t number, std::int64_t& upto, bool& rebuilt) {
    auto query = database_.prepare("SELECT upto, bytes, recorder_index FROM pad_state WHERE pad = ?1");
    query.bind(1, number);
    const auto found = query.step();
    if (!found) {
        return fail(found.error());
    }
    if (!*found) {
        return Recorder();
    }
    upto = query.number(0);
    const View state = byte_view(query.view(1));
    const View index = byte_view(query.view(2));
    auto opened = Recorder::open(Bytes(state.begin(), state.end()), index);
    if (opened) {
        return opened;
    }
    // The state is derived data: the history still has every update.
    rebuilt = true;
    Recorder again;
    auto done = each_update(number, [&](View update) -> Status {
        const auto applied = again.apply(update);
        return applied ? Status{} : Status(fail(applied.error()));
    });
    if (!done) {
        return fail(std::move(done.error()).during("reading the pad anew from its history"));
    }
    return again;
}

Result<Loaded> PadStore::load(std::int64_t number) {
    Loaded loaded;
    std::int64_t upto = 0;
    auto opened = open_state(number, upto, loaded.rebuilt);
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    loaded.recorder = std::move(*opened);
    loaded.last_seq = upto;
    const auto seqs = index_->rows(database_, number);
    if (!seqs) {
        return fail(seqs.error());
    }
    const Status done = each_log_row(*seqs, [&](const Statement& row) -> Status {
        loaded.last_seq = row.number(0);
        ++loaded.log_rows;
        loaded.log_bytes += row.view(5).size();
        bool applied = true;
        const bool whole = each_framed(byte_view(row.view(5)), [&](View update) {
            applied = applied && loaded.recorder.apply(update).has_value();
        });
        if (!whole || !applied) {
            return fail(ErrorKind::corrupt, "row " + std::to_string(loaded.last_seq) + " of the pad's log is damaged");
        }
        return {};
    });
    if (!done) {
        return fail(done.error());
    }
    auto clients = database_.prepare("SELECT client FROM pad_client WHERE pad = ?1");
    clients.bind(1, number);
    auto row = clients.step();
    for (; row && *row; row = clients.step()) {
        loaded.clients.insert(static_cast<std::uint64_t>(clients.number(0)));
    }
    // Without all of them a number of before would be taken for a new one, and its author changed.
    if (!row) {
        return fail(row.error());
    }
    return loaded;
}

Result<PadStore::ContentSize> PadStore::content_size(std::int64_t number) {
    ContentSize size;
    // SQLite finds the length of a blob in the header of its row.
    auto state = database_.prepare("SELECT length(bytes) FROM pad_state WHERE pad = ?1");
    const auto stored = state.bind(1, number).step();
    if (!stored) {
        return fail(stored.error());
    }
    size.state_bytes = *stored ? static_cast<std::size_t>(state.number(0)) : 0;
    const auto seqs = index_->rows(database_, number);
    if (!seqs) {
        return fail(seqs.error());
    }
    auto row = database_.prepare("SELECT length(bytes) FROM pad_update WHERE seq = ?1");
    for (const std::int64_t seq : *seqs) {
        const auto found = row.bind(1, seq).step();
        if (!found) {
            return fail(found.error());
        }
        size.log_bytes += *found ? static_cast<std::size_t>(row.number(0)) : 0;
        row.reset();
    }
    return size;
}

Result<CutsBefore> PadStore::cuts_before(std::int64_t number, std::int64_t time_ms) {
    CutsBefore before;
    // Newest first, to the beginning of the hour: no row reaches over one.
    auto query = database_.prepare("SELECT begin_ms, removed, cut FROM pad_history WHERE pad = ?1 ORDER BY first_seq DESC");
    auto row = query.bind(1, number).step();
    for (; row && *row && query.number(0) / history_hour_ms == time_ms / history_hour_ms; row = query.step()) {
        if (query.number(2) == 1) {
            ++before.count;
            before.largest = std::max(before.largest, query.number(1));
        }
    }
    return row ? Result<CutsBefore>(before) : Result<CutsBefore>(fail(row.error()));
}

Result<std::vector<Cut>> PadStore::cuts_among(std::int64_t number, const std::vector<std::int64_t>& seqs) {
    auto query = database_.prepare("SELECT author, time_ms, added, removed, cut FROM pad_update WHERE seq = ?1");
    std::vector<CutRow> rows;
    rows.reserve(seqs.size());
    for (const std::int64_t seq : seqs) {
        const auto found = query.bind(1, seq).step();
        if (!found) {
            return fail(found.error());
        }
        // A row that is not there has its place all the same: cuts are counted by places.
        CutRow& row = rows.emplace_back();
        if (*found) {
            const std::int64_t judged = query.number(4);
            row = {query.number(0), query.number(1), query.number(2), query.number(3),
                   judged == 1 ? CutJudged::cut : judged == 2 ? CutJudged::none : CutJudged::by_figures};
        }
        query.reset();
    }
    const auto before = rows.empty() ? Result<CutsBefore>(CutsBefore()) : cuts_before(number, rows.front().time_ms);
    return before ? Result<std::vector<Cut>>(find_cuts(rows, *before)) : Result<std::vector<Cut>>(fail(before.error()));
}

Status PadStore::move_to_history(std::int64_t number, const std::vector<std::int64_t>& seqs) {
    auto cuts = cuts_among(number, seqs);
    if (!cuts) {
        return fail(cuts.error());
    }
    Folding folding(database_.prepare("INSERT INTO pad_history (pad, first_seq, last_seq, author, begin_ms, end_ms, "
                                      "updates, plain_bytes, bytes, added, removed, cut) "
                                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"),
                    number, seqs, std::move(*cuts));
    const Status joined = each_log_row(seqs, [&](const Statement& row) { return folding.add(row); });
    return joined ? folding.end() : joined;
}

Status PadStore::compact(std::int64_t number, const crdt::Stored& state, std::int64_t upto) {
    auto seqs = index_->rows(database_, number);
    if (!seqs) {
        return fail(seqs.error());
    }
    seqs->erase(std::upper_bound(seqs->begin(), seqs->end(), upto), seqs->end());
    const Status done = database_.transaction([&]() -> Status {
        auto last = database_.prepare("UPDATE pad SET updated_ms = newest.time_ms, updated_by = newest.name FROM "
                                      "(SELECT time_ms, name FROM pad_update JOIN author ON author.number = pad_update.author "
                                      "WHERE seq = ?2) AS newest WHERE number = ?1");
        if (auto done = last.bind(1, number).bind(2, seqs->empty() ? 0 : seqs->back()).run(); !done) {
            return done;
        }
        if (auto done = move_to_history(number, *seqs); !done) {
            return done;
        }
        auto replace = database_.prepare("INSERT INTO pad_state (pad, upto, bytes, recorder_index) VALUES (?1, ?2, ?3, ?4) "
                                         "ON CONFLICT (pad) DO UPDATE SET upto = ?2, bytes = ?3, recorder_index = ?4");
        replace.bind(1, number).bind(2, upto);
        replace.bind_blob(3, text_view(state.state)).bind_blob(4, text_view(state.index));
        return replace.run();
    });
    // Should it fail, the rows stand there until the next time.
    if (done && index_->folded(number, upto) &&
        database_.execute("DELETE FROM pad_update WHERE seq <= (SELECT upto FROM pad_state WHERE pad_state.pad = pad_update.pad)")) {
        index_->swept();
    }
    return done;
}

} // namespace hameau::pads
