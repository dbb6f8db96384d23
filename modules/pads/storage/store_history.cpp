// The history as rows, and as the bytes of a moment.
#include "modules/pads/limits.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

namespace {
/// Gives each row of the query to visit.
Status read_rows(Statement& query, const std::function<void(const HistoryRow&)>& visit) {
    HistoryRow out;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return {};
        }
        out.first_seq = query.number(0);
        out.last_seq = query.number(1);
        out.begin_ms = query.number(2);
        out.end_ms = query.number(3);
        out.added = query.number(4);
        out.removed = query.number(5);
        out.author = query.text(6);
        visit(out);
    }
}
} // namespace

Status PadStore::each_history_row(std::int64_t number, const std::function<void(const HistoryRow&)>& visit) {
    return one_view([&]() -> Status {
        const auto seqs = index_->rows(database_, number);
        if (!seqs) {
            return fail(seqs.error());
        }
        auto folded = database_.prepare("SELECT first_seq, last_seq, begin_ms, end_ms, added, removed, name FROM pad_history JOIN author "
                                        "ON author.number = pad_history.author WHERE pad = ?1 ORDER BY first_seq");
        folded.bind(1, number);
        if (auto done = read_rows(folded, visit); !done) {
            return done;
        }
        auto log = database_.prepare("SELECT seq, seq, time_ms, time_ms, added, removed, name FROM pad_update JOIN author "
                                     "ON author.number = pad_update.author WHERE seq = ?1");
        for (const std::int64_t seq : *seqs) {
            log.bind(1, seq);
            if (auto done = read_rows(log, visit); !done) {
                return done;
            }
            log.reset();
        }
        return {};
    });
}

Status PadStore::each_history_update(std::int64_t number, const std::function<Status(const HistoryRow&, const Person&, View)>& visit) {
    const auto visit_row = [&visit](const Statement& row, View framed) {
        HistoryRow out;
        out.first_seq = row.number(0);
        out.last_seq = row.number(1);
        out.begin_ms = row.number(2);
        out.end_ms = row.number(3);
        out.added = row.number(4);
        out.removed = row.number(5);
        const Person person{row.text(6), row.text(7), row.text(8)};
        out.author = person.name;
        return visit(out, person, framed);
    };
    const auto view_of = [](std::string_view bytes) { return View(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()); };
    return one_view([&]() -> Status {
        const auto seqs = index_->rows(database_, number);
        if (!seqs) {
            return fail(seqs.error());
        }
        auto folded = database_.prepare("SELECT first_seq, last_seq, begin_ms, end_ms, added, removed, member, login, name, bytes, plain_bytes FROM "
                                        "pad_history JOIN author ON author.number = pad_history.author WHERE pad = ?1 ORDER BY first_seq");
        folded.bind(1, number);
        Status done;
        for (auto row = folded.step(); done; row = folded.step()) {
            if (!row || !*row) {
                done = row ? done : Status(fail(row.error()));
                break;
            }
            const auto plain = unpack_history(folded.view(9), folded.number(10));
            done = plain ? visit_row(folded, *plain) : Status(fail(plain.error()));
        }
        auto log = database_.prepare("SELECT seq, seq, time_ms, time_ms, added, removed, member, login, name, bytes FROM pad_update JOIN author "
                                     "ON author.number = pad_update.author WHERE seq = ?1");
        for (std::size_t i = 0; done && i < seqs->size(); ++i) {
            const auto row = log.bind(1, (*seqs)[i]).step();
            done = !row ? Status(fail(row.error())) : *row ? visit_row(log, view_of(log.view(9))) : Status{};
            log.reset();
        }
        return done;
    });
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
