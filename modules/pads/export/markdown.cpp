// Markdown (CommonMark 0.31 with the tables, task lists and strike-through of GFM). Escapes by context.
#include <algorithm>
#include <cctype>

#include "modules/pads/export/render.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view blanks = " \t\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Everything that could mean something inside a line.
void escape_inline(std::string_view text, bool in_table, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool entity = c == '&' && i + 1 < text.size() && (std::isalnum(static_cast<unsigned char>(text[i + 1])) != 0 || text[i + 1] == '#');
        if (std::string_view("\\`*_[]<>~").find(c) != std::string_view::npos || entity || (c == '|' && in_table)) {
            out += '\\';
        }
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
}

/// What would mean something at the beginning of a line: "# ", "- ", "+ ", "=", "1. ", "1) ".
void escape_line_start(std::string& line) {
    if (line.empty()) {
        return;
    }
    if (std::string_view("#+-=").find(line[0]) != std::string_view::npos) {
        line.insert(0, 1, '\\');
        return;
    }
    std::size_t digits = 0;
    while (digits < line.size() && digits < 10 && is_digit(line[digits])) {
        ++digits;
    }
    if (digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')')) {
        line.insert(digits, 1, '\\');
    }
}

std::size_t longest_run(std::string_view text, char wanted) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == wanted ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// Marks that Markdown has; the others are dropped.
std::vector<Mark> markdown_marks(const std::vector<Mark>& marks) {
    std::vector<Mark> kept;
    for (const Mark& mark : marks) {
        if (mark.kind == MarkKind::link || mark.kind == MarkKind::bold || mark.kind == MarkKind::italic || mark.kind == MarkKind::strike) {
            kept.push_back(mark);
        }
    }
    return kept;
}

/// One line of inline content. White space stays outside of the markers, else they would not count as such.
class Line {
public:
    explicit Line(bool in_table) : in_table_(in_table) {}

    void add(const Event& event) {
        const bool code = std::any_of(event.marks.begin(), event.marks.end(), [](const Mark& mark) { return mark.kind == MarkKind::code; });
        std::string_view text(event.text);
        const std::size_t first = text.find_first_not_of(blanks);
        if (first == std::string_view::npos) {
            pending_ += text.empty() ? "" : " ";
            return;
        }
        const std::size_t last = text.find_last_not_of(blanks);
        pending_.append(first > 0 ? " " : "");
        switch_to(markdown_marks(event.marks));
        const std::string_view core = text.substr(first, last - first + 1);
        if (code) {
            add_code(core);
        } else {
            std::string escaped;
            escape_inline(core, in_table_, escaped);
            if (out_.empty()) {
                escape_line_start(escaped);
            }
            out_ += escaped;
        }
        pending_ = last + 1 < text.size() ? " " : "";
    }
    void add_raw(std::string_view text) {
        switch_to({});
        out_.append(text);
    }
    void break_line(std::string_view prefix) {
        switch_to({});
        pending_.clear();
        out_ += in_table_ ? "<br>" : "\\\n";
        out_ += prefix;
    }
    std::string finish() {
        pending_.clear();
        switch_to({});
        return std::move(out_);
    }

private:
    void switch_to(const std::vector<Mark>& wanted) {
        std::size_t common = 0;
        while (common < open_.size() && common < wanted.size() && open_[common] == wanted[common]) {
            ++common;
        }
        while (open_.size() > common) {
            const Mark& mark = open_.back();
            out_ += mark.kind == MarkKind::link ? "](<" + mark.value + ">)" : marker(mark.kind);
            open_.pop_back();
        }
        out_ += pending_;
        pending_.clear();
        for (std::size_t i = common; i < wanted.size(); ++i) {
            out_ += wanted[i].kind == MarkKind::link ? "[" : marker(wanted[i].kind);
            open_.push_back(wanted[i]);
        }
    }
    static std::string marker(MarkKind kind) {
        return kind == MarkKind::bold ? "**" : kind == MarkKind::italic ? "*" : "~~";
    }
    void add_code(std::string_view text) {
        const std::string fence(longest_run(text, '`') + 1, '`');
        const bool pad = text.front() == '`' || text.back() == '`';
        std::string inside(text);
        std::replace(inside.begin(), inside.end(), '\n', ' ');
        if (in_table_) {
            for (std::size_t at = 0; (at = inside.find('|', at)) != std::string::npos; at += 2) {
                inside.insert(at, 1, '\\');
            }
        }
        out_ += fence + (pad ? " " : "") + inside + (pad ? " " : "") + fence;
    }

    bool in_table_;
    std::string out_;
    std::string pending_;
    std::vector<Mark> open_;
};

class MarkdownRenderer {
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
                if (code_) {
                    code_text_ += event.text;
                } else if (line_) {
                    line_->add(event);
                }
                break;
            }
        }
        return std::move(out_);
    }

private:
    struct Level {
        Block block;
        std::string first;  ///< a list item's marker, until its first line was written
        std::string rest;   ///< before each further line
        std::int64_t next = 1;
        bool begun = false;  ///< a line was written inside
        bool other = false;  ///< a list with the other marker
    };
    /// A list that has just ended: another one right behind it needs another marker, else the two are one.
    struct Ended {
        bool ordered;
        bool other;
    };

    bool in_cell() const { return cells_ > 0; }

    std::string prefix() {
        std::string text;
        for (Level& level : levels_) {
            text += level.first.empty() ? level.rest : level.first;
            level.first.clear();
            level.begun = true;
        }
        return text;
    }
    std::string prefix_of_rest() const {
        std::string text;
        for (const Level& level : levels_) {
            text += level.rest;
        }
        return text;
    }

    /// An empty line between blocks, but none between the items of a list.
    void separate() {
        if (!out_.empty() && !tight_) {
            std::string blank;
            for (const Level& level : levels_) {
                blank += level.begun ? level.rest : "";
            }
            blank.erase(blank.find_last_not_of(' ') + 1);
            out_ += blank + "\n";
        }
        tight_ = false;
    }
    void write_line(const std::string& text) {
        std::string line = prefix() + text;
        line.erase(line.find_last_not_of(' ') + 1);
        out_ += line + "\n";
    }

    void open(const Event& event) {
        switch (event.block) {
        case Block::paragraph:
        case Block::heading:
            line_.emplace(in_cell());
            level_ = event.block == Block::heading ? event.number : 0;
            break;
        case Block::code:
            code_ = true;
            code_text_.clear();
            language_.clear();
            std::copy_if(event.text.begin(), event.text.end(), std::back_inserter(language_),
                         [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+'; });
            break;
        case Block::quote:
            enter({event.block, "", "> ", 1, false, false});
            break;
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            enter({event.block, "", "", event.number, false, other_marker(event.block == Block::ordered_list)});
            if (!in_cell()) {
                first_item_ = true;
            }
            break;
        case Block::list_item:
        case Block::task_item:
            item(event);
            break;
        case Block::rule:
            if (!in_cell()) {
                separate();
                write_line("---");
            }
            break;
        case Block::line_break:
            if (line_) {
                line_->break_line(in_cell() ? "" : prefix_of_rest());
            }
            break;
        case Block::mention:
        case Block::image:
            inline_leaf(event);
            break;
        case Block::table:
            rows_ = cells_ > 0 ? rows_ : 0;
            break;
        case Block::table_row:
            if (cells_ == 0) {
                row_.clear();
                header_ = true;
            }
            break;
        case Block::table_header:
        case Block::table_cell:
            if (cells_++ == 0) {
                cell_.clear();
                span_ = event.number;
                header_ = header_ && event.block == Block::table_header;
            }
            break;
        default:
            break;
        }
    }

    bool other_marker(bool ordered) const { return ended_ && ended_->ordered == ordered && !ended_->other; }

    void enter(Level level) {
        if (!in_cell()) {
            levels_.push_back(std::move(level));
        } else {
            ++levels_in_cell_;
        }
    }
    void leave() {
        if (!in_cell()) {
            levels_.pop_back();
        } else {
            --levels_in_cell_;
        }
    }

    void item(const Event& event) {
        if (in_cell()) {
            item_in_cell_ = true;
            return;
        }
        const bool other = !levels_.empty() && levels_.back().other;
        std::string marker = other ? "* " : "- ";
        if (!levels_.empty() && levels_.back().block == Block::ordered_list) {
            marker = std::to_string(levels_.back().next++) + (other ? ") " : ". ");
        }
        const std::string rest(marker.size(), ' ');
        if (event.block == Block::task_item) {
            marker += event.checked ? "[x] " : "[ ] ";
        }
        tight_ = tight_ || !first_item_;
        if (first_item_) {
            // The first item of a list in a list follows its paragraph at once; any other list is set off.
            const Block around = levels_.size() > 1 ? levels_[levels_.size() - 2].block : Block::unknown;
            const bool inner = around == Block::list_item || around == Block::task_item;
            if (inner && !out_.empty()) {
                tight_ = true;
            }
        }
        first_item_ = false;
        separate();
        levels_.push_back({event.block, marker, rest, 1, false, false});
        tight_ = true;
    }

    void inline_leaf(const Event& event) {
        std::string text;
        escape_inline(event.text, in_cell(), text);
        if (event.block == Block::mention) {
            text = "@" + text;
        } else if (event.address.empty()) {
            text = "[" + text + "]";
        } else {
            text = "![" + text + "](<" + event.address + ">)";
        }
        if (line_) {
            line_->add_raw(text);
        } else if (in_cell()) {
            add_to_cell(text);
        } else {
            separate();
            write_line(text);
        }
    }

    void add_to_cell(const std::string& text) {
        if (!text.empty()) {
            cell_ += (cell_.empty() ? "" : "<br>") + std::string(item_in_cell_ ? "• " : "") + text;
        }
        item_in_cell_ = false;
    }

    void close(Block block) {
        close_block(block);
        const bool list = block == Block::bullet_list || block == Block::ordered_list || block == Block::task_list;
        if (!list) {
            ended_.reset();
        }
    }

    void close_block(Block block) {
        switch (block) {
        case Block::paragraph:
        case Block::heading:
            close_line();
            break;
        case Block::code:
            close_code();
            break;
        case Block::quote:
            leave();
            break;
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            ended_ = in_cell() ? std::optional<Ended>() : Ended{block == Block::ordered_list, levels_.back().other};
            leave();
            tight_ = false;
            return;
        case Block::list_item:
        case Block::task_item:
            if (!in_cell()) {
                if (!levels_.back().first.empty()) {
                    write_line("");
                }
                levels_.pop_back();
                tight_ = true;
            }
            break;
        case Block::table_header:
        case Block::table_cell:
            if (--cells_ == 0) {
                row_.push_back(cell_);
                row_.resize(row_.size() + static_cast<std::size_t>(span_ - 1));
            }
            break;
        case Block::table_row:
            if (cells_ == 0) {
                close_row();
            }
            break;
        default:
            break;
        }
    }

    void close_line() {
        if (!line_) {
            return;
        }
        std::string text = line_->finish();
        line_.reset();
        if (in_cell()) {
            add_to_cell(text);
            return;
        }
        const bool in_item = !levels_.empty() && !levels_.back().first.empty();
        if (text.empty() && !in_item) {
            return;  // Markdown has no empty paragraphs
        }
        separate();
        write_line(level_ > 0 ? std::string(static_cast<std::size_t>(level_), '#') + " " + text : text);
    }

    void close_code() {
        code_ = false;
        if (in_cell()) {
            std::string text;
            escape_inline(code_text_, true, text);
            add_to_cell(text);
            return;
        }
        const std::string fence(std::max<std::size_t>(3, longest_run(code_text_, '`') + 1), '`');
        separate();
        write_line(fence + language_);
        std::string_view rest(code_text_);
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            write_line(std::string(rest.substr(0, end)));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
        write_line(fence);
    }

    void close_row() {
        const auto write = [this](const std::vector<std::string>& cells) {
            std::string text = "|";
            for (const std::string& cell : cells) {
                text += " " + cell + " |";
            }
            write_line(text);
        };
        if (rows_ == 0) {
            separate();
            // GFM needs a head: without header cells it is empty.
            const std::vector<std::string> none(row_.size());
            write(header_ ? row_ : none);
            std::string line = "|";
            for (std::size_t i = 0; i < row_.size(); ++i) {
                line += " --- |";
            }
            write_line(line);
            if (header_) {
                ++rows_;
                return;
            }
        }
        ++rows_;
        write(row_);
    }

    std::string out_;
    std::vector<Level> levels_;
    std::optional<Line> line_;
    std::int64_t level_ = 0;
    std::optional<Ended> ended_;
    bool tight_ = false;
    bool first_item_ = false;
    bool code_ = false;
    std::string code_text_;
    std::string language_;
    int cells_ = 0;  ///< nested tables become text of the outer cell
    bool item_in_cell_ = false;
    int levels_in_cell_ = 0;
    std::string cell_;
    std::int64_t span_ = 1;
    std::vector<std::string> row_;
    std::size_t rows_ = 0;
    bool header_ = false;
};

} // namespace

std::string render_markdown(std::span<const Event> events) { return MarkdownRenderer().render(events); }

} // namespace hameau::pads
