// One pass over the rows; of each author the removal that goes on.
#include "modules/pads/storage/cuts.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

/// How much a cut of this hour must remove: after so many, twice what the last one did. So a thousand small ones leave few moments, and
/// a large one is always among them.
class Need {
public:
    Need(std::int64_t hour, CutsBefore before) : hour_(hour), count_(before.count), units_(cut_units_min) {
        if (count_ >= cuts_per_hour_max) {
            units_ = std::max(units_, before.largest) * 2;
        }
    }
    std::int64_t of(std::int64_t hour) {
        if (hour != hour_) {
            hour_ = hour;
            count_ = 0;
            units_ = cut_units_min;
        }
        return units_;
    }
    void found(std::int64_t removed) {
        ++count_;
        if (count_ >= cuts_per_hour_max) {
            units_ = std::max(units_, removed) * 2;
        }
    }

private:
    std::int64_t hour_;
    std::size_t count_;
    std::int64_t units_;
};

struct Run {
    Cut cut;
    std::int64_t last_ms = 0;
    std::optional<std::size_t> found;  ///< it is a cut: its place among them
};

bool goes_on(const Run& run, const CutRow& row) {
    const std::int64_t pause = row.time_ms - run.last_ms;
    return pause >= 0 && pause <= cut_pause_ms && row.removed > row.added && row.judged == CutJudged::by_figures;
}

} // namespace

std::vector<Cut> find_cuts(std::span<const CutRow> rows, CutsBefore before) {
    std::vector<Cut> cuts;
    std::map<std::int64_t, Run> runs;
    Need need(rows.empty() ? 0 : rows.front().time_ms / history_hour_ms, before);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const CutRow& row = rows[i];
        const std::int64_t least = need.of(row.time_ms / history_hour_ms);
        auto open = runs.find(row.author);
        if (open != runs.end() && !goes_on(open->second, row)) {
            runs.erase(open);
            open = runs.end();
        }
        const bool begins = row.judged == CutJudged::by_figures ? row.removed > row.added || row.removed >= least : row.judged == CutJudged::cut && row.removed >= least;
        if (open == runs.end() && !begins) {
            continue;
        }
        if (open == runs.end()) {
            open = runs.emplace(row.author, Run{Cut{i, i, row.author, 0, 0}, row.time_ms, {}}).first;
        }
        Run& run = open->second;
        run.cut.last = i;
        run.cut.added += row.added;
        run.cut.removed += row.removed;
        run.last_ms = row.time_ms;
        if (!run.found && run.cut.removed >= least) {
            run.found = cuts.size();
            cuts.push_back(run.cut);
            need.found(run.cut.removed);
        } else if (run.found) {
            cuts[*run.found] = run.cut;
        }
    }
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.first < b.first; });
    return cuts;
}

} // namespace hameau::pads
