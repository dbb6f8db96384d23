// Plain text.
#include "modules/pads/export/render.hpp"

namespace hameau::pads {

namespace {

class TextRenderer {
public:
    std::string render(std::span<const Event> events) {
        for (const Event& event : events) {
            switch (event.kind) {
            case Event::Kind::open:
                open(event);
                break;
            case Event::Kind::close:
                close(event.block);
                break;
            case Event::Kind::text:
                out_ += event.text;
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
            lists_.push_back({event.block, event.number});
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
            out_ += "[" + event.text + "]";
            break;
        case Block::table_row:
            begin_line();
            first_cell_ = true;
            break;
        case Block::table_header:
        case Block::table_cell:
            out_ += first_cell_ ? "" : "\t";
            first_cell_ = false;
            fresh_ = true;
            ++cells_;
            break;
        default:
            break;
        }
    }

    void item(const Event& event) {
        begin_line();
        if (!lists_.empty()) {
            out_.append(2 * (lists_.size() - 1), ' ');
        }
        if (event.block == Block::task_item) {
            out_ += event.checked ? "[x] " : "[ ] ";
        } else if (!lists_.empty() && lists_.back().block == Block::ordered_list) {
            out_ += std::to_string(lists_.back().next++) + ". ";
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
    int cells_ = 0;
    bool first_cell_ = false;
    bool fresh_ = true;
};

} // namespace

std::string render_text(std::span<const Event> events) { return TextRenderer().render(events); }

} // namespace hameau::pads
