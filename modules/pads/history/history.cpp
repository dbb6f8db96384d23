// The moments of a pad's history: rows of edits joined by author and time. Called by api_history.
#include "modules/pads/history/history.hpp"

#include <algorithm>

#include "daemon/base/time_zone.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

void MomentList::add(const HistoryRow& row) {
    constexpr std::int64_t day_ms = 24 * history_hour_ms;
    const std::int64_t local = row.begin_ms + zone_offset_ms(row.begin_ms);
    const std::int64_t key = length_ == MomentLength::hour ? row.begin_ms / history_hour_ms : local / day_ms;
    // What nobody did, a text that became lines, stands alone; what a text began with does not.
    const bool alone = row.author.empty() && !moments_.empty();
    const bool cut = row.cut && !moments_.empty() && !row.author.empty();
    if (cut) {
        moments_.back().before = CutSaid{row.author, row.begin_ms, row.cut->added, row.cut->removed};
    }
    if (moments_.empty() || key != key_ || alone || alone_ || cut) {
        key_ = key;
        alone_ = alone;
        Moment fresh;
        fresh.from_ms = row.begin_ms;
        moments_.push_back(std::move(fresh));
    }
    Moment& moment = moments_.back();
    moment.seq = std::max(moment.seq, row.last_seq);
    moment.from_ms = std::min(moment.from_ms, row.begin_ms);
    moment.to_ms = std::max(moment.to_ms, row.end_ms);
    moment.rows = ++rows_;
    moment.added += row.added;
    moment.removed += row.removed;
    const bool known = std::find(moment.authors.begin(), moment.authors.end(), row.author) != moment.authors.end();
    if (!known && !row.author.empty() && moment.authors.size() < history_people_max) {
        moment.authors.push_back(row.author);
    }
}

Status leave_out(Past& past, std::size_t updates) {
    if (updates == 0) {
        return {};
    }
    std::vector<std::size_t> begins;
    crdt::Reader in(View(past.framed).first(past.then_bytes));
    const std::uint8_t* begin = in.at;
    while (!in.done()) {
        begins.push_back(static_cast<std::size_t>(in.at - begin));
        View update;
        if (!in.bytes(update)) {
            return fail(ErrorKind::corrupt, "a log row is damaged");
        }
    }
    if (updates >= begins.size()) {
        return fail(ErrorKind::not_found, "no such moment");
    }
    past.then_bytes = begins[begins.size() - updates];
    return {};
}

Result<Integrated> integrate(const Past& past, const Stop& stop, crdt::Crowded crowded) {
    Integrated out{crdt::Integrator(crowded), {}};
    const auto apply = [&](View framed) -> Status {
        Status done;
        const bool whole = each_framed(framed, [&](View update) {
            done = done ? stop.check() : done;
            if (done) {
                done = out.now.apply(update, crdt::Hold::borrow);
            }
        });
        return done && !whole ? Status(fail(ErrorKind::corrupt, "a log row is damaged")) : done;
    };
    const View all = past.framed;
    if (auto done = apply(all.first(past.then_bytes)); !done) {
        return fail(std::move(done.error()));
    }
    const Bytes moment = out.now.encode_snapshot();
    if (auto done = apply(all.subspan(past.then_bytes)); !done) {
        return fail(std::move(done.error()));
    }
    auto then = out.now.snapshot(moment);
    if (!then) {
        return fail(std::move(then.error()));
    }
    out.then = std::move(*then);
    return out;
}

} // namespace hameau::pads
