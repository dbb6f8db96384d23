// The history as rows, and as the bytes of a moment.
#include <algorithm>

#include "modules/pads/limits.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

namespace {

HistoryRow history_row(const Statement& query, bool folded) {
    HistoryRow out;
    out.first_seq = query.number(0);
    out.last_seq = query.number(1);
    out.begin_ms = query.number(2);
    out.end_ms = query.number(3);
    out.added = query.number(4);
    out.removed = query.number(5);
    out.author = query.text(6);
    out.folded = folded;
    if (folded && query.number(7) == 1) {
        out.cut = CutFigures{out.added, out.removed};
    }
    return out;
}

View view_of(std::string_view bytes) { return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}; }

} // namespace

Status PadStore::each_stored_row(std::int64_t number, Contents contents, const std::function<Status(const HistoryRow&, const Statement&)>& visit) {
    const std::string more = contents == Contents::read ? ", member, login, bytes" : "";
    const std::string plain = contents == Contents::read ? ", plain_bytes" : "";
    return one_view([&]() -> Status {
        const auto seqs = index_->rows(database_, number);
        const auto cuts = seqs ? cuts_among(number, *seqs) : Result<std::vector<Cut>>(fail(seqs.error()));
        if (!cuts) {
            return fail(cuts.error());
        }
        auto folded = database_.prepare("SELECT first_seq, last_seq, begin_ms, end_ms, added, removed, name, cut" + more + plain +
                                        " FROM pad_history JOIN author ON author.number = pad_history.author WHERE pad = ?1 ORDER BY first_seq");
        folded.bind(1, number);
        Status done;
        auto row = folded.step();
        for (; done && row && *row; row = done ? folded.step() : std::move(row)) {
            done = visit(history_row(folded, true), folded);
        }
        done = done && !row ? Status(fail(row.error())) : done;
        auto log = database_.prepare("SELECT seq, seq, time_ms, time_ms, added, removed, name, cut" + more +
                                     " FROM pad_update JOIN author ON author.number = pad_update.author WHERE seq = ?1");
        std::size_t next_cut = 0;
        for (std::size_t i = 0; done && i < seqs->size(); ++i) {
            const bool cut = next_cut < cuts->size() && (*cuts)[next_cut].first == i;
            const Cut* begins = cut ? &(*cuts)[next_cut++] : nullptr;
            const auto found = log.bind(1, (*seqs)[i]).step();
            if (found && *found) {
                HistoryRow one = history_row(log, false);
                if (begins != nullptr) {
                    one.cut = CutFigures{begins->added, begins->removed};
                }
                done = visit(one, log);
            }
            done = done && !found ? Status(fail(found.error())) : done;
            log.reset();
        }
        return done;
    });
}

Status PadStore::each_history_row(std::int64_t number, const std::function<void(const HistoryRow&)>& visit) {
    return each_stored_row(number, Contents::left, [&visit](const HistoryRow& row, const Statement&) -> Status {
        visit(row);
        return {};
    });
}

Status PadStore::each_history_update(std::int64_t number, const std::function<Status(const HistoryRow&, const Person&, View)>& visit) {
    return each_stored_row(number, Contents::read, [&visit](const HistoryRow& row, const Statement& query) -> Status {
        const Person person{query.text(8), query.text(9), row.author};
        if (!row.folded) {
            return visit(row, person, view_of(query.view(10)));
        }
        const auto plain = unpack_history(query.view(10), query.number(11));
        return plain ? visit(row, person, *plain) : Status(fail(plain.error()));
    });
}

Result<std::int64_t> PadStore::newest_row(std::int64_t number) {
    const auto seqs = index_->rows(database_, number);
    if (!seqs) {
        return fail(seqs.error());
    }
    auto query = database_.prepare("SELECT coalesce(max(last_seq), 0) FROM pad_history WHERE pad = ?1");
    const auto row = query.bind(1, number).step();
    if (!row) {
        return fail(row.error());
    }
    return std::max(*row ? query.number(0) : 0, seqs->empty() ? 0 : seqs->back());
}

/// One view of history and log: another connection may fold the log meanwhile.
Status PadStore::one_view(const std::function<Status()>& read) {
    if (auto begun = database_.execute("BEGIN"); !begun) {
        return begun;
    }
    const Status done = read();
    const Status ended = database_.execute("COMMIT");
    return done ? ended : done;
}

Result<Past> PadStore::past(std::int64_t number, std::int64_t upto, const Stop& stop) {
    Past past;
    bool any = false;
    bool behind = false;
    const auto done = one_view([&] {
        return each_row(number, [&](std::int64_t first_seq, View framed) -> Status {
            if (auto wanted = stop.check(); !wanted) {
                return wanted;
            }
            if (past.framed.size() + framed.size() > history_bytes_max) {
                return fail(ErrorKind::too_large, "the pad's history is larger than " + std::to_string(history_bytes_max >> 20) + " MiB");
            }
            past.framed.insert(past.framed.end(), framed.begin(), framed.end());
            behind = behind || first_seq > upto;
            if (!behind) {
                any = true;
                past.then_bytes = past.framed.size();
            }
            return {};
        });
    });
    if (!done) {
        return fail(done.error());
    }
    if (!any) {
        return fail(ErrorKind::not_found, "no such moment");
    }
    return past;
}

} // namespace hameau::pads
