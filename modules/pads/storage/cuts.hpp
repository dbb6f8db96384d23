// Cuts: where somebody removed or replaced much. The text of just before is a moment of the history of its own, so the rows of the log are
// not joined across it. Pure; asked by the store when it folds the log, and when it lists what is not folded yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hameau::pads {

/// What is known of a row whose edits were joined elsewhere (an archive): its figures are those of up to ten minutes.
enum class CutJudged : std::uint8_t { by_figures = 0, cut = 1, none = 2 };

/// A row of the log.
struct CutRow {
    std::int64_t author = 0;
    std::int64_t time_ms = 0;
    std::int64_t added = 0;    ///< units
    std::int64_t removed = 0;
    CutJudged judged = CutJudged::by_figures;
};

/// One author's rows between `first` and `last` (indices) that removed much: one of them alone, or many that follow each other closely, as of
/// a key that is held down. Rows of others may stand between.
struct Cut {
    std::size_t first = 0;
    std::size_t last = 0;
    std::int64_t author = 0;
    std::int64_t added = 0;
    std::int64_t removed = 0;
};

/// What the history already has of the hour in which the rows begin: a pad is folded whenever it closes, and the bound is one of the hour.
struct CutsBefore {
    std::size_t count = 0;
    std::int64_t largest = 0;  ///< removed; units
};

/// In the order of their first rows. The cuts of the first rows do not depend on those that follow, but for `last` and the sums.
/// A row that calls itself a cut has to remove as much as any other: it comes from an archive, which anybody may have written.
std::vector<Cut> find_cuts(std::span<const CutRow> rows, CutsBefore before = {});

} // namespace hameau::pads
