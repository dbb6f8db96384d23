// Markdown (CommonMark 0.31 with the tables, task lists and strike-through of GFM): blocks. What our import makes of it is
// written the same way again.
#include <algorithm>
#include <cctype>

#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/export/markdown_line.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/export/table_grid.hpp"

namespace hameau::pads {

namespace {

class MarkdownRenderer {
public:
    explicit MarkdownRenderer(const ImageSource& images) : images_(images) {}

    std::string render(std::span<const Event> events) {
        shapes_ = table_shapes(events);
        for (std::size_t i = 0; i < events.size(); ++i) {
            const Event& event = events[i];
            switch (event.kind) {
            case Event::Kind::open:
                begin_block(event.block);
                open(event, events.subspan(i));
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
        std::string line = prefix();
        if (text.empty()) {
            line.erase(line.find_last_not_of(' ') + 1);
        }
        out_ += line + text + "\n";
    }

    /// What is not text may not stand behind the box of a task: "- [ ] - a" is text.
    void begin_block(Block block) {
        const bool leaf = block == Block::line_break || block == Block::mention || block == Block::unknown;
        if (block != Block::paragraph && !leaf && !in_cell() && !levels_.empty() && levels_.back().block == Block::task_item &&
            !levels_.back().first.empty()) {
            write_line("");
            tight_ = false;
        }
    }

    void open(const Event& event, std::span<const Event> from_here) {
        using Place = MarkdownLine::Place;
        switch (event.block) {
        case Block::paragraph:
        case Block::heading:
            line_.emplace(in_cell() ? Place::cell : event.block == Block::heading ? Place::heading : Place::paragraph);
            level_ = event.block == Block::heading ? event.number : 0;
            align_ = event.align;
            break;
        case Block::code:
            open_code(event.text);
            break;
        case Block::quote:
            enter({event.block, "", "> ", 1, false, false});
            break;
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            // A number of more than nine digits is none.
            enter({event.block, "", "", std::min<std::int64_t>(event.number, 999'000'000), false, other_marker(event.block == Block::ordered_list)});
            if (!in_cell()) {
                first_item_ = true;
                may_follow_text_ = (event.block != Block::ordered_list || event.number == 1) && begins_with_words(from_here);
            }
            break;
        case Block::list_item:
        case Block::task_item:
            item(event);
            break;
        case Block::rule:
            if (!in_cell()) {
                separate();
                // Behind a marker of the same sign it would be one rule with it.
                write_line(levels_.empty() ? "---" : "___");
            }
            break;
        case Block::line_break:
            if (line_) {
                line_->add_break();
            }
            break;
        case Block::mention:
        case Block::image:
            inline_leaf(event);
            break;
        case Block::table:
            if (cells_ == 0) {
                rows_ = 0;
                shape_ = table_count_ < shapes_.size() ? shapes_[table_count_] : TableShape{};
                grid_ = TableGrid(shape_.rows);
            }
            ++table_count_;
            break;
        case Block::table_row:
            if (cells_ == 0) {
                row_.clear();
                header_ = true;
                grid_.begin_row();
            }
            break;
        case Block::table_header:
        case Block::table_cell:
            if (cells_++ == 0) {
                open_cell(event);
            }
            break;
        default:
            break;
        }
    }

    void open_code(std::string_view language) {
        code_ = true;
        code_text_.clear();
        language_.clear();
        std::copy_if(language.begin(), language.end(), std::back_inserter(language_),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-+#._").find(c) != std::string_view::npos; });
    }

    void open_cell(const Event& event) {
        cell_.clear();
        const TableGrid::Place place = grid_.place(event);
        row_.resize(row_.size() + static_cast<std::size_t>(place.covered));
        span_ = place.columns;
        const auto column = static_cast<std::size_t>(place.column);
        cell_align_ = column < shape_.aligns.size() ? shape_.aligns[column] : Align::none;
        header_ = header_ && event.block == Block::table_header;
    }

    /// Whether the first item of the list that opens here begins with text: an empty one, or one that does not count from 1,
    /// would be part of a paragraph right before it (CommonMark 0.31 §5.2).
    static bool begins_with_words(std::span<const Event> events) {
        if (events.size() < 4 || events[1].block == Block::task_item) {
            return events.size() >= 4;
        }
        bool words = false;
        for (std::size_t i = 3; i < events.size() && events[i].kind == Event::Kind::text && !words; ++i) {
            words = events[i].text.find_first_not_of(" \t\r\n") != std::string::npos;
        }
        return events[2].block == Block::paragraph && events[2].kind == Event::Kind::open && words;
    }

    bool other_marker(bool ordered) const {
        // "- - -" would be a rule: a list that is the first thing in an item has the other marker than the item's.
        const bool first_in_item = levels_.size() > 1 && !levels_.back().first.empty();
        return first_in_item && !ordered ? !levels_[levels_.size() - 2].other : follows_its_like(ordered);
    }
    bool follows_its_like(bool ordered) const { return ended_ && ended_->ordered == ordered && !ended_->other; }

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
            if (inner && !out_.empty() && (may_follow_text_ || after_marker())) {
                tight_ = true;
            }
        }
        first_item_ = false;
        separate();
        levels_.push_back({event.block, marker, rest, 1, false, false});
        tight_ = true;
    }

    /// Nothing was written behind the marker of the item that holds this list.
    bool after_marker() const { return levels_.size() > 1 && !levels_[levels_.size() - 2].first.empty(); }

    void inline_leaf(const Event& event) {
        std::string text = escape_markdown(event.text);
        if (event.block == Block::mention) {
            // As editors write one in a page; who reads the text sees the name.
            text = "<span data-type=\"mention\"" + (event.address.empty() ? std::string() : markdown_attribute("data-id", event.address)) + ">@" + text + "</span>";
        } else if (event.address.empty()) {
            text = "\\[" + text + "\\]";
        } else {
            text = image(event);
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

    /// Markdown's own form says neither that an image is decoration (an empty description: nobody has said what it shows)
    /// nor a size: then it is a tag.
    std::string image(const Event& event) const {
        const std::string_view hash = image_hash_of(event.address);
        const auto own = images_ && !hash.empty() && event.width > 0 ? images_(hash, ImageUse::size) : std::nullopt;
        const bool sized = event.width > 0 && !(own && own->width == event.width && (event.height == 0 || own->height == event.height));
        if (!sized && !(event.described && event.text.empty())) {
            return "![" + escape_markdown(event.text) + "]" + markdown_target(event.address, event.title);
        }
        std::string tag = "<img" + markdown_attribute("src", event.address);
        tag += event.described ? markdown_attribute("alt", event.text) : "";
        tag += event.title.empty() ? "" : markdown_attribute("title", event.title);
        tag += sized ? markdown_attribute("width", std::to_string(event.width)) : "";
        tag += sized && event.height > 0 ? markdown_attribute("height", std::to_string(event.height)) : "";
        return tag + ">";
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
                // GFM §4.10: within a cell, in code and addresses too, a pipe stands behind a backslash.
                for (std::size_t at = 0; (at = cell_.find('|', at)) != std::string::npos; at += 2) {
                    cell_.insert(at, 1, '\\');
                }
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
        // What a whole column says is not said again in its cells.
        const bool said = in_cell() && align_ == cell_align_;
        std::string text = line_->finish(prefix_of_rest(), said ? Align::none : align_);
        line_.reset();
        if (in_cell()) {
            add_to_cell(text);
            return;
        }
        if (text.empty() && level_ == 0) {
            return;  // Markdown has no empty paragraphs; an item writes its marker when it ends
        }
        separate();
        write_line(level_ > 0 ? std::string(static_cast<std::size_t>(level_), '#') + (text.empty() ? "" : " ") + text : text);
    }

    void close_code() {
        code_ = false;
        if (in_cell()) {
            for (std::string_view rest(code_text_); !rest.empty();) {
                const std::size_t end = std::min(rest.find('\n'), rest.size());
                add_to_cell(escape_markdown(rest.substr(0, end)));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
            return;
        }
        const std::string fence(std::max<std::size_t>(3, longest_run(code_text_, '`') + 1), '`');
        separate();
        write_line(fence + language_);
        // A line end at the end is an empty line: the last one that is written belongs to the fence.
        for (std::size_t at = 0; !code_text_.empty() && at <= code_text_.size();) {
            const std::size_t end = std::min(code_text_.find('\n', at), code_text_.size());
            write_line(code_text_.substr(at, end - at));
            at = end + 1;
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
        // Every row as wide as the header row: GFM drops what goes beyond it.
        const std::int64_t wide = rows_ == 0 ? shape_.columns : std::min(shape_.columns, grid_columns_max);
        row_.resize(std::max(row_.size(), static_cast<std::size_t>(wide)));
        if (rows_ == 0) {
            separate();
            // GFM needs a header row: without header cells it is empty.
            const std::vector<std::string> none(row_.size());
            write(header_ ? row_ : none);
            std::string line = "|";
            for (std::size_t i = 0; i < row_.size(); ++i) {
                const Align align = i < shape_.aligns.size() ? shape_.aligns[i] : Align::none;
                line += align == Align::center ? " :-: |" : align == Align::right ? " --: |" : " --- |";
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

    const ImageSource& images_;
    std::string out_;
    std::vector<Level> levels_;
    std::optional<MarkdownLine> line_;
    std::int64_t level_ = 0;
    Align align_ = Align::none;       ///< of the open line
    Align cell_align_ = Align::none;  ///< of the column of the open cell
    std::optional<Ended> ended_;
    bool tight_ = false;
    bool first_item_ = false;
    bool may_follow_text_ = false;
    bool code_ = false;
    std::string code_text_;
    std::string language_;
    int cells_ = 0;  ///< nested tables become text of the outer cell
    bool item_in_cell_ = false;
    int levels_in_cell_ = 0;
    std::string cell_;
    std::int64_t span_ = 1;
    std::vector<TableShape> shapes_;
    std::size_t table_count_ = 0;
    TableShape shape_;
    TableGrid grid_{0};
    std::vector<std::string> row_;
    std::size_t rows_ = 0;
    bool header_ = false;
};

} // namespace

std::string render_markdown(std::span<const Event> events, const ImageSource& images) { return MarkdownRenderer(images).render(events); }

} // namespace hameau::pads
