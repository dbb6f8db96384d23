// Which place of a table's grid each cell takes, with spans; what stands outside is left out. Called by the writers of HTML, Markdown, ODT.
#include "modules/pads/export/table_grid.hpp"

#include <algorithm>

namespace hameau::pads {

namespace {

/// What a cell says of columns that have no width yet.
void note_widths(const Event& cell, const TableGrid::Place& place, std::vector<std::int64_t>& widths) {
    const auto said = std::min(static_cast<std::int64_t>(cell.widths.size()), place.columns);
    for (std::int64_t i = 0; i < said && place.column + i < grid_columns_max; ++i) {
        const auto column = static_cast<std::size_t>(place.column + i);
        const std::int64_t width = cell.widths[static_cast<std::size_t>(i)];
        if (width > 0) {
            widths.resize(std::max(widths.size(), column + 1));
            widths[column] = widths[column] > 0 ? widths[column] : width;
        }
    }
}

bool is_cell(Block block) { return block == Block::table_cell || block == Block::table_header; }

/// A table that is being measured.
struct Measured {
    std::size_t index;
    TableGrid grid = TableGrid();
    int cells = 0;  ///< open cells: what is in one is not of this table
    bool headers = true;
    bool any = false;
    std::size_t column = 0;    ///< of the open cell
    Align line = Align::none;  ///< of the open paragraph
    std::vector<bool> mixed = {};
    std::vector<bool> said = {};

    /// A text of the open cell, aligned like this.
    void note(Align align, TableShape& shape) {
        if (column >= static_cast<std::size_t>(grid_columns_max)) {
            return;
        }
        const std::size_t size = std::max(shape.aligns.size(), column + 1);
        shape.aligns.resize(size, Align::none);
        mixed.resize(size);
        said.resize(size);
        mixed[column] = mixed[column] || align == Align::justify || (said[column] && shape.aligns[column] != align);
        said[column] = true;
        shape.aligns[column] = mixed[column] ? Align::none : align;
    }
};

} // namespace

void TableGrid::begin_row() {
    ++row_;
    column_ = 0;
}

TableGrid::Place TableGrid::place(const Event& cell) {
    Place out;
    const auto covered = [this](std::int64_t column) { return covered_until_[static_cast<std::size_t>(column)] > row_; };
    while (column_ < grid_columns_max && covered(column_)) {
        ++column_;
        ++out.covered;
    }
    out.column = column_;
    out.rows = std::clamp<std::int64_t>(cell.rows, 1, std::max<std::int64_t>(1, rows_ - row_));
    if (column_ >= grid_columns_max) {
        ++column_;
        out.rows = 1;
        return out;
    }
    const std::int64_t most = std::min(std::max<std::int64_t>(1, cell.number), grid_columns_max - column_);
    for (out.columns = 1; out.columns < most && !covered(column_ + out.columns);) {
        ++out.columns;
    }
    for (std::int64_t i = 0; i < out.columns; ++i) {
        covered_until_[static_cast<std::size_t>(column_ + i)] = row_ + out.rows;
    }
    column_ += out.columns;
    return out;
}

std::vector<TableGrid::Gap> TableGrid::end_row(std::int64_t columns) {
    std::vector<Gap> gaps;
    for (; column_ < columns; ++column_) {
        const bool covered = column_ < grid_columns_max && covered_until_[static_cast<std::size_t>(column_)] > row_;
        if (gaps.empty() || gaps.back().covered != covered) {
            gaps.push_back({covered, 0});
        }
        ++gaps.back().columns;
    }
    return gaps;
}

std::int64_t TableGrid::width() const {
    std::int64_t width = column_;
    for (std::int64_t column = column_; column < grid_columns_max; ++column) {
        width = covered_until_[static_cast<std::size_t>(column)] > row_ ? column + 1 : width;
    }
    return width;
}

bool TableGrid::reaches_below() const {
    return std::any_of(covered_until_.begin(), covered_until_.end(), [this](std::int64_t until) { return until > row_ + 1; });
}

std::vector<TableShape> table_shapes(std::span<const Event> events) {
    std::vector<TableShape> shapes;
    std::vector<Measured> open;
    for (const Event& event : events) {
        const bool opens = event.kind == Event::Kind::open;
        if (event.kind == Event::Kind::text) {
            if (!open.empty() && open.back().cells > 0) {
                open.back().note(open.back().line, shapes[open.back().index]);
            }
            continue;
        }
        if (event.block == Block::table && opens) {
            open.push_back({shapes.size()});
            shapes.emplace_back();
        } else if (event.block == Block::table && !open.empty()) {
            open.pop_back();
        }
        if (open.empty()) {
            continue;
        }
        Measured& table = open.back();
        TableShape& shape = shapes[table.index];
        if (event.block == Block::paragraph || event.block == Block::heading) {
            table.line = opens ? event.align : Align::none;
            if (opens && table.line != Align::none && table.cells > 0) {
                table.note(table.line, shape);
            }
        } else if (is_cell(event.block)) {
            if (opens && table.cells++ == 0) {
                const TableGrid::Place place = table.grid.place(event);
                table.column = static_cast<std::size_t>(place.column);
                note_widths(event, place, shape.widths);
                table.headers = table.headers && event.block == Block::table_header;
                table.any = true;
            } else if (!opens) {
                --table.cells;
            }
        } else if (event.block == Block::table_row && table.cells == 0) {
            if (opens) {
                table.grid.begin_row();
                table.any = false;
                continue;
            }
            ++shape.rows;
            shape.columns = std::max(shape.columns, table.grid.width());
            table.headers = table.headers && table.any;
            if (table.headers && !table.grid.reaches_below()) {
                shape.header_rows = shape.rows;
            }
        }
    }
    for (TableShape& shape : shapes) {
        if (!shape.widths.empty()) {
            shape.widths.resize(static_cast<std::size_t>(std::min(shape.columns, grid_columns_max)));
        }
    }
    return shapes;
}

void give_widths(std::vector<Event>& events) {
    struct Open {
        std::vector<std::int64_t> widths;
        TableGrid grid = TableGrid();
        int cells = 0;
    };
    std::vector<Open> open;
    for (Event& event : events) {
        const bool opens = event.kind == Event::Kind::open;
        if (event.kind == Event::Kind::text) {
            continue;
        }
        if (event.block == Block::table && opens) {
            open.emplace_back();
            open.back().widths.swap(event.widths);
        } else if (event.block == Block::table && !open.empty()) {
            open.pop_back();
        }
        if (open.empty() || open.back().widths.empty()) {
            continue;
        }
        Open& table = open.back();
        if (event.block == Block::table_row && table.cells == 0 && opens) {
            table.grid.begin_row();
        } else if (is_cell(event.block) && !opens) {
            --table.cells;
        } else if (is_cell(event.block) && table.cells++ == 0) {
            const TableGrid::Place place = table.grid.place(event);
            // As many numbers as the cell asks for columns, whatever is free of them.
            event.widths.assign(static_cast<std::size_t>(event.number), 0);
            bool any = false;
            for (std::size_t i = 0; i < event.widths.size(); ++i) {
                const std::size_t column = static_cast<std::size_t>(place.column) + i;
                event.widths[i] = column < table.widths.size() ? table.widths[column] : 0;
                any = any || event.widths[i] > 0;
            }
            event.widths.resize(any ? event.widths.size() : 0);
        }
    }
}

} // namespace hameau::pads
