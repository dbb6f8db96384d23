// Export as plain text (.txt): the words, with signs for lists and tables. Called by export.cpp.
#include <algorithm>
#include <array>
#include <utility>

#include "modules/pads/export/render.hpp"
#include "modules/pads/export/roman.hpp"
#include "modules/pads/export/table_grid.hpp"

namespace hameau::pads {

namespace {

/// The number of an item as a browser shows it.
std::string label_of(std::string_view type, std::int64_t number) {
    std::string label;
    if (type == "a" || type == "A") {
        for (std::int64_t rest = number; rest > 0; rest = (rest - 1) / 26) {
            label.insert(label.begin(), static_cast<char>('a' + (rest - 1) % 26));
        }
    } else if ((type == "i" || type == "I") && number <= roman_max) {
        label = roman_number(number);
    } else {
        return std::to_string(number);
    }
    return type == "A" || type == "I" ? capitals(label) : label;
}

class TextRenderer {
public:
    std::string render(std::span<const Event> events) {
        shapes_ = table_shapes(events);
        for (std::size_t i = 0; i < events.size(); ++i) {
            const Event& event = events[i];
            switch (event.kind) {
            case Event::Kind::open:
                open(event);
                break;
            case Event::Kind::close:
                close(event.block);
                break;
            case Event::Kind::text:
                out_ += event.text;
                if (i + 1 == events.size() || link_of(events[i + 1]) != link_of(event)) {
                    address(link_of(event));
                }
                break;
            }
        }
        if (!out_.empty() && out_.back() != '\n') {
            out_ += '\n';
        }
        return std::move(out_);
    }

private:
    struct List {
        Block block;
        std::int64_t next;
        std::string_view type = {};  ///< how an ordered list counts
    };

    /// A block begins on a line of its own, but for the first one in an item or a cell.
    void begin_line() {
        if (fresh_) {
            fresh_ = false;
            return;
        }
        if (!out_.empty()) {
            out_ += cells_ > 0 ? " " : "\n";
        }
        if (cells_ == 0) {
            out_.append(2 * indent_, ' ');
        }
        line_ = out_.size();
    }

    static std::string_view link_of(const Event& event) {
        const bool link = event.kind == Event::Kind::text && !event.marks.empty() && event.marks.front().kind == MarkKind::link;
        return link ? std::string_view(event.marks.front().value) : std::string_view();
    }
    /// Behind the words of a link, unless they are the address.
    void address(std::string_view address) {
        const std::string_view shown = address.starts_with("mailto:") ? address.substr(7) : address;
        if (!address.empty() && std::string_view(out_).substr(std::min(line_, out_.size())).find(shown) == std::string_view::npos) {
            out_.append(" <").append(address).append(">");
        }
    }

    void open(const Event& event) {
        switch (event.block) {
        case Block::paragraph:
        case Block::heading:
        case Block::code:
            begin_line();
            break;
        case Block::rule:
            begin_line();
            out_ += "----------";
            break;
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            lists_.push_back({event.block, event.number, event.block == Block::ordered_list ? safe_list_type(event.text) : std::string_view()});
            break;
        case Block::list_item:
        case Block::task_item:
            item(event);
            break;
        case Block::line_break:
            out_ += cells_ > 0 ? ' ' : '\n';
            break;
        case Block::mention:
            out_ += "@" + event.text;
            break;
        case Block::image:
            begin_line();
            out_ += "[" + event.text + "]";
            break;
        case Block::table:
            if (cells_ == 0) {
                grid_ = TableGrid(table_count_ < shapes_.size() ? shapes_[table_count_].rows : 0);
            }
            ++table_count_;
            break;
        case Block::table_row:
            if (cells_ == 0) {
                begin_line();
                grid_.begin_row();
                first_cell_ = true;
            }
            break;
        case Block::table_header:
        case Block::table_cell:
            if (cells_ == 0) {
                // What cells from above and from the left cover is empty.
                const TableGrid::Place place = grid_.place(event);
                out_.append(static_cast<std::size_t>(place.covered + (first_cell_ ? 0 : span_)), '\t');
                span_ = place.columns;
            }
            first_cell_ = false;
            fresh_ = true;
            ++cells_;
            break;
        default:
            break;
        }
    }

    void item(const Event& event) {
        indent_ = lists_.empty() ? 0 : lists_.size() - 1;
        begin_line();
        indent_ = lists_.size();
        if (event.block == Block::task_item) {
            out_ += event.checked ? "[x] " : "[ ] ";
        } else if (!lists_.empty() && lists_.back().block == Block::ordered_list) {
            out_ += label_of(lists_.back().type, lists_.back().next++) + ". ";
        } else {
            out_ += "- ";
        }
        fresh_ = true;
    }

    void close(Block block) {
        switch (block) {
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            lists_.pop_back();
            indent_ = lists_.size();
            break;
        case Block::list_item:
        case Block::task_item:
            fresh_ = false;
            break;
        case Block::table_header:
        case Block::table_cell:
            fresh_ = false;
            --cells_;
            break;
        default:
            break;
        }
    }

    std::string out_;
    std::vector<List> lists_;
    std::size_t indent_ = 0;
    std::size_t line_ = 0;  ///< where the last line begins
    std::vector<TableShape> shapes_;
    std::size_t table_count_ = 0;
    TableGrid grid_{0};
    std::int64_t span_ = 1;
    int cells_ = 0;
    bool first_cell_ = false;
    bool fresh_ = true;
};

} // namespace

std::string render_text(std::span<const Event> events) { return TextRenderer().render(events); }

} // namespace hameau::pads
