// TableGrid: which places of a table's grid its cells take, as HTML counts them (HTML Living Standard §4.9.12): a cell
// stands in the first place that no cell from above covers. Formats that write every place of the grid need it. Pure.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "modules/pads/export/content.hpp"
#include "modules/pads/export/limits.hpp"

namespace hameau::pads {

struct TableShape {
    std::int64_t columns = 1;
    std::int64_t rows = 0;
    std::int64_t header_rows = 0;  ///< rows at the top that hold header cells only, none of which reaches below them
    /// Of each column, in CSS pixels: what the first cell that says something says; 0 where none does. Empty: none says anything.
    std::vector<std::int64_t> widths;
    /// Of each column, how all its text is aligned; none where that differs. What is beyond is none.
    std::vector<Align> aligns;
};

/// Of each table, in the order in which they open. One pass, however deep they nest.
std::vector<TableShape> table_shapes(std::span<const Event> events);

/// Gives the cells of each table the widths that the event of the table itself carries for its columns, as prosemirror-tables
/// wants them: on each cell of a column; and takes them from the table's event.
void give_widths(std::vector<Event>& events);

class TableGrid {
public:
    struct Place {
        std::int64_t covered = 0;  ///< places before the cell that cells from above cover
        std::int64_t column = 0;   ///< its first place, counted from 0
        std::int64_t columns = 1;  ///< what is free of the places that it asks for
        std::int64_t rows = 1;     ///< not beyond the last row
    };
    struct Gap {
        bool covered = false;  ///< by a cell from above; else nobody's
        std::int64_t columns = 0;
    };

    static constexpr std::int64_t rows_unknown = std::int64_t{1} << 40;
    /// `rows`: how many the table has.
    explicit TableGrid(std::int64_t rows = rows_unknown) : rows_(rows) {}
    void begin_row();
    Place place(const Event& cell);
    /// The places behind the last cell, up to `columns`.
    std::vector<Gap> end_row(std::int64_t columns);
    /// Places taken in this row so far, those covered from above between and behind the cells too.
    std::int64_t width() const;
    /// Whether a cell reaches below this row.
    bool reaches_below() const;

private:
    std::int64_t rows_;
    std::int64_t row_ = -1;
    std::int64_t column_ = 0;
    std::array<std::int64_t, grid_columns_max> covered_until_{};  ///< the first row that is free again
};

} // namespace hameau::pads
