// Markdown (CommonMark with GFM's tables, task lists and strike-through) by cmark-gfm, walked without recursion.
#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "daemon/base/text.hpp"
#include "modules/pads/convert/builder.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/convert/limits.hpp"
#include "modules/pads/lines/addresses.hpp"

namespace hameau::pads {

namespace {

// Not "tasklist": it sees boxes only where nothing but blanks and the item's marker stands before them.
constexpr std::array<const char*, 2> extensions = {"table", "strikethrough"};

std::string_view text_of(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

/// The source by lines and columns, as cmark counts them (from 1).
class Source {
public:
    explicit Source(std::string_view text) : text_(text) {
        for (std::size_t at = 0; at != std::string_view::npos;) {
            lines_.push_back(at);
            at = text.find_first_of("\r\n", at);
            at = at == std::string_view::npos ? at : at + (text.substr(at).starts_with("\r\n") ? 2 : 1);
        }
    }
    std::string_view at(int line, int column) const {
        if (line < 1 || column < 1 || static_cast<std::size_t>(line) > lines_.size()) {
            return {};
        }
        return text_.substr(std::min(text_.size(), lines_[static_cast<std::size_t>(line) - 1] + static_cast<std::size_t>(column) - 1));
    }

private:
    std::string_view text_;
    std::vector<std::size_t> lines_;
};

class MarkdownReader {
public:
    explicit MarkdownReader(std::string_view text) : source_(text) {}

    std::vector<Event> read(cmark_node* document) {
        const std::unique_ptr<cmark_iter, void (*)(cmark_iter*)> walk(cmark_iter_new(document), cmark_iter_free);
        for (;;) {
            const cmark_event_type kind = cmark_iter_next(walk.get());
            if (kind == CMARK_EVENT_DONE || builder_.full()) {
                break;
            }
            cmark_node* node = cmark_iter_get_node(walk.get());
            if (kind == CMARK_EVENT_ENTER) {
                enter(node);
            } else {
                leave(node);
            }
        }
        return builder_.finish();
    }

private:
    struct List {
        bool ordered = false;
        bool tasks = false;     ///< the part that is open
        std::int64_t next = 1;  ///< number of the next item
    };
    static Event list_of(const List& list) {
        return list.tasks ? opening(Block::task_list) : list.ordered ? opening(Block::ordered_list, list.next) : opening(Block::bullet_list);
    }

    void begin(Event block) { marks_of_blocks_.push_back(builder_.begin(std::move(block))); }

    /// GFM §5.3: an item whose first block is a paragraph that begins with a box and a blank. Looked up in the source, where
    /// "\[ \]" is no box.
    std::string_view box_of(cmark_node* item) const {
        cmark_node* first = cmark_node_first_child(item);
        if (first == nullptr || cmark_node_get_type(first) != CMARK_NODE_PARAGRAPH) {
            return {};
        }
        const std::string_view text = source_.at(cmark_node_get_start_line(first), cmark_node_get_start_column(first));
        const bool box = text.starts_with("[ ]") || text.starts_with("[x]") || text.starts_with("[X]");
        const bool blank = text.size() == 3 || (text.size() > 3 && std::string_view(" \t\r\n").find(text[3]) != std::string_view::npos);
        cmark_node* inside = cmark_node_first_child(first);
        const bool literal = inside != nullptr && text_of(cmark_node_get_literal(inside)).starts_with('[');
        return box && blank && literal ? text.substr(0, 3) : std::string_view();
    }
    bool is_task(cmark_node* item) const { return !box_of(item).empty(); }

    void enter_list(cmark_node* list) {
        const bool ordered = cmark_node_get_list_type(list) == CMARK_ORDERED_LIST;
        cmark_node* first = cmark_node_first_child(list);
        lists_.push_back({ordered, first != nullptr && is_task(first), std::max(1, cmark_node_get_list_start(list))});
        begin(list_of(lists_.back()));
    }

    void enter_item(cmark_node* item) {
        const std::string_view box = box_of(item);
        // Tasks among plain items: the list is cut where they meet, and each stays what it is.
        if (!lists_.empty() && lists_.back().tasks == box.empty()) {
            lists_.back().tasks = !box.empty();
            builder_.end(marks_of_blocks_.back());
            marks_of_blocks_.back() = builder_.begin(list_of(lists_.back()));
        }
        if (!lists_.empty()) {
            ++lists_.back().next;
        }
        Event event = opening(box.empty() ? Block::list_item : Block::task_item);
        event.checked = !box.empty() && box != "[ ]";
        unread_ = box.empty() ? 0 : box.size() + 1;
        begin(std::move(event));
    }

    void code_block(cmark_node* node) {
        Event event = opening(Block::code);
        const std::string_view info = text_of(cmark_node_get_fence_info(node));
        event.text = info.substr(0, info.find(' '));
        const std::size_t mark = builder_.begin(std::move(event));
        std::string_view text = text_of(cmark_node_get_literal(node));
        text.remove_suffix(text.ends_with('\n') ? 1 : 0);
        builder_.text(text, {});
        builder_.end(mark);
    }

    /// A node of an extension: their types are numbers given at run time.
    void enter_extension(cmark_node* node) {
        const std::string_view name = text_of(cmark_node_get_type_string(node));
        if (name == "table") {
            const std::uint8_t* aligns = cmark_gfm_extensions_get_table_alignments(node);
            aligns_.assign(aligns, aligns + (aligns == nullptr ? 0 : cmark_gfm_extensions_get_table_columns(node)));
            begin(opening(Block::table));
        } else if (name == "table_row" || name == "table_header") {
            in_head_ = name == "table_header";
            column_ = 0;
            begin(opening(Block::table_row));
        } else if (name == "table_cell") {
            enter_cell(node);
        } else if (name == "strikethrough") {
            marks_.push_back({MarkKind::strike, {}});
        }
    }

    void enter_cell(cmark_node* cell) {
        begin(opening(in_head_ ? Block::table_header : Block::table_cell));
        const std::uint8_t align = column_ < aligns_.size() ? aligns_[column_] : std::uint8_t{0};
        ++column_;
        cmark_node* first = cmark_node_first_child(cell);
        if ((align == 'c' || align == 'r') && (first == nullptr || cmark_node_get_type(first) != CMARK_NODE_IMAGE)) {
            Event line = opening(Block::paragraph);
            line.align = align == 'c' ? Align::center : Align::right;
            (void)builder_.begin(std::move(line));
        }
    }

    void enter(cmark_node* node) {
        switch (cmark_node_get_type(node)) {
        case CMARK_NODE_BLOCK_QUOTE:
            return begin(opening(Block::quote));
        case CMARK_NODE_LIST:
            return enter_list(node);
        case CMARK_NODE_ITEM:
            return enter_item(node);
        case CMARK_NODE_PARAGRAPH:
            return begin(opening(Block::paragraph));
        case CMARK_NODE_HEADING:
            return begin(opening(Block::heading, cmark_node_get_heading_level(node)));
        case CMARK_NODE_CODE_BLOCK:
            return code_block(node);
        case CMARK_NODE_THEMATIC_BREAK:
            return builder_.leaf(opening(Block::rule));
        case CMARK_NODE_HTML_BLOCK:
            return html_block(text_of(cmark_node_get_literal(node)));
        case CMARK_NODE_TEXT:
            return text(text_of(cmark_node_get_literal(node)));
        case CMARK_NODE_SOFTBREAK:
            return text(" ");
        case CMARK_NODE_LINEBREAK:
            return line_break();
        case CMARK_NODE_CODE:
            return code(text_of(cmark_node_get_literal(node)));
        case CMARK_NODE_HTML_INLINE:
            return html_inline(text_of(cmark_node_get_literal(node)));
        case CMARK_NODE_EMPH:
            return marks_.push_back({MarkKind::italic, {}});
        case CMARK_NODE_STRONG:
            return marks_.push_back({MarkKind::bold, {}});
        case CMARK_NODE_LINK:
            return marks_.push_back({MarkKind::link, std::string(text_of(cmark_node_get_url(node))), std::string(text_of(cmark_node_get_title(node)))});
        case CMARK_NODE_IMAGE:
            image_ = node;
            alt_.clear();
            return;
        default:
            enter_extension(node);
        }
    }

    void leave(cmark_node* node) {
        const cmark_node_type type = cmark_node_get_type(node);
        const std::string_view name = text_of(cmark_node_get_type_string(node));
        const bool block = type == CMARK_NODE_BLOCK_QUOTE || type == CMARK_NODE_LIST || type == CMARK_NODE_ITEM ||
                           type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING || name.starts_with("table");
        const bool mark = type == CMARK_NODE_EMPH || type == CMARK_NODE_STRONG || type == CMARK_NODE_LINK ||
                          name == "strikethrough";
        unread_ = block ? 0 : unread_;
        if (type == CMARK_NODE_LIST && !lists_.empty()) {
            lists_.pop_back();
        }
        if (block) {
            end_mention();
        }
        if (block && !marks_of_blocks_.empty()) {
            builder_.end(marks_of_blocks_.back());
            marks_of_blocks_.pop_back();
            tags_.clear();
        } else if (mark && !marks_.empty()) {
            marks_.pop_back();
        } else if (type == CMARK_NODE_IMAGE && node == image_) {
            image_ = nullptr;
            image(node);
        }
    }

    std::vector<Mark> marks() const { return with_marks({}); }
    /// What is open here, and what a tag says of its own content.
    std::vector<Mark> with_marks(const std::vector<Mark>& own) const {
        std::vector<Mark> all;
        for (const InlineTag& tag : tags_) {
            all.insert(all.end(), tag.marks.begin(), tag.marks.end());
        }
        all.insert(all.end(), marks_.begin(), marks_.end());
        all.insert(all.end(), own.begin(), own.end());
        return settled_marks(all);
    }

    void text(std::string_view text) {
        // The box, and the blank behind it, are the item's.
        const std::size_t skipped = std::min(unread_, text.size());
        text.remove_prefix(skipped);
        unread_ -= skipped;
        if (mention_) {
            mention_->text += text;
        } else if (image_ != nullptr) {
            alt_ += text;
        } else {
            builder_.text(text, marks());
        }
    }

    /// Behind a box ("- [x]" and two blanks at the line's end) the break is the blank that belongs to the box.
    void line_break() {
        if (unread_ > 0) {
            unread_ = 0;
        } else if (mention_ || image_ != nullptr) {
            text(" ");  // a name and a description are one line
        } else {
            builder_.leaf(opening(Block::line_break));
        }
    }

    void code(std::string_view text) {
        if (image_ != nullptr) {
            alt_ += text;
            return;
        }
        std::vector<Mark> all = marks();
        all.push_back({MarkKind::code, {}});
        builder_.text(text, all);
    }

    /// Markdown has no signs for what these tags say.
    void html_inline(std::string_view tag) {
        if (image_ != nullptr || (mention_ && !tag.starts_with("</"))) {
            return;
        }
        if (tag == "<br>" || tag == "<br/>" || tag == "<br />") {
            builder_.leaf(opening(Block::line_break));
            return;
        }
        if (tag.starts_with("</")) {
            close_tag(tag.substr(2, tag.find_first_of(" >", 2) - 2));
            return;
        }
        if (tag.size() < 2 || std::isalpha(static_cast<unsigned char>(tag[1])) == 0) {
            return;  // a comment, an instruction
        }
        InlineTag read = read_inline_tag(tag);
        if (read.align != Align::none) {
            align_line(read.align);
        }
        for (const Event& event : read.content) {
            if (event.kind == Event::Kind::text) {
                builder_.text(event.text, with_marks(event.marks));
            } else if (event.kind == Event::Kind::open && event.block == Block::image) {
                builder_.leaf(event);
            } else if (event.kind == Event::Kind::open && event.block == Block::mention) {
                mention_ = event;
            }
        }
        if (read.content.empty() && !read.name.empty() && tags_.size() < markdown_tags_max) {
            tags_.push_back(std::move(read));
        }
    }
    void align_line(Align align) {
        if (Event* line = builder_.open_line(); line != nullptr) {
            line->align = align;
        } else {
            // In a cell, whose paragraph would open with its first letter.
            Event paragraph = opening(Block::paragraph);
            paragraph.align = align;
            (void)builder_.begin(std::move(paragraph));
        }
    }
    void end_mention() {
        if (mention_) {
            mention_->text.erase(0, mention_->text.starts_with('@') ? 1 : 0);
            builder_.leaf(*std::exchange(mention_, std::nullopt));
        }
    }
    void close_tag(std::string_view name) {
        if (mention_) {
            end_mention();
            return;
        }
        const std::string lower = ascii_lower(name);
        const auto open = std::find_if(tags_.rbegin(), tags_.rend(), [&lower](const InlineTag& one) { return one.name == lower; });
        if (open != tags_.rend()) {
            tags_.erase(std::next(open).base());
        }
    }

    void html_block(std::string_view html) {
        std::string title;
        builder_.break_paragraph();
        const std::vector<Event> inner = read_html(html, title);
        std::vector<std::size_t> marks;
        for (const Event& event : inner) {
            if (event.kind == Event::Kind::text) {
                builder_.text(event.text, event.marks);
            } else if (event.block == Block::line_break || event.block == Block::image || event.block == Block::rule) {
                event.kind == Event::Kind::open ? builder_.leaf(event) : void();
            } else if (event.kind == Event::Kind::open) {
                marks.push_back(builder_.begin(event));
            } else {
                builder_.end(marks.back());
                marks.pop_back();
            }
        }
    }

    void image(cmark_node* node) {
        const std::string address(text_of(cmark_node_get_url(node)));
        if (is_own_image(address)) {
            Event event = opening(Block::image);
            event.address = address;
            event.text = alt_;
            // "![](a)" is how people write an image that they do not describe.
            event.described = !alt_.empty();
            event.title = text_of(cmark_node_get_title(node));
            builder_.leaf(std::move(event));
            return;
        }
        std::vector<Mark> all = marks();
        const std::string kept = kept_address(address);
        if (!kept.empty() && (all.empty() || all.front().kind != MarkKind::link)) {
            all.insert(all.begin(), Mark{MarkKind::link, kept});
        }
        builder_.text(alt_.empty() ? kept : alt_, all);
    }

    ContentBuilder builder_;
    std::vector<std::size_t> marks_of_blocks_;
    std::vector<List> lists_;  ///< that are open
    std::vector<Mark> marks_;
    std::vector<InlineTag> tags_;
    cmark_node* image_ = nullptr;
    std::string alt_;
    std::optional<Event> mention_;  ///< its name is being read
    bool in_head_ = false;
    std::size_t column_ = 0;            ///< in the row of a table
    std::vector<std::uint8_t> aligns_;  ///< of the table's columns, as cmark says them
    Source source_;
    std::size_t unread_ = 0;  ///< bytes of text that are not the paragraph's
};

} // namespace

std::string_view without_front_matter(std::string_view text, std::string& title) {
    const auto next_line = [](std::string_view& rest) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        line.remove_suffix(line.ends_with('\r') ? 1 : 0);
        return line;
    };
    std::string_view rest = text.substr(0, front_matter_bytes_max);
    if (next_line(rest) != "---") {
        return text;
    }
    std::string found;
    bool any = false;
    while (!rest.empty()) {
        std::string_view line = next_line(rest);
        if (any && (line == "---" || line == "...")) {
            title = found.empty() ? title : found;
            return text.substr(std::min(text.size(), front_matter_bytes_max) - rest.size());
        }
        const std::size_t colon = line.find(':');
        const bool key = colon != std::string_view::npos && colon > 0 && line.substr(0, colon).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string_view::npos &&
                         (colon + 1 == line.size() || line[colon + 1] == ' ');
        const bool goes_on = any && (line.empty() || line.starts_with(' ') || line.starts_with("- ") || line.starts_with('#'));
        if (!key && !goes_on) {
            return text;  // a rule, and words
        }
        any = any || key;
        if (key && ascii_lower(line.substr(0, colon)) == "title") {
            line.remove_prefix(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
            const bool in_quotes = line.size() > 1 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front();
            found = in_quotes ? line.substr(1, line.size() - 2) : line;
        }
    }
    return text;
}

void prepare_markdown() { cmark_gfm_core_extensions_ensure_registered(); }

std::vector<Event> read_markdown(std::string_view text) {
    const std::unique_ptr<cmark_parser, void (*)(cmark_parser*)> parser(cmark_parser_new(CMARK_OPT_DEFAULT), cmark_parser_free);
    for (const char* name : extensions) {
        if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name)) {
            cmark_parser_attach_syntax_extension(parser.get(), extension);
        }
    }
    cmark_parser_feed(parser.get(), text.data(), text.size());
    const std::unique_ptr<cmark_node, void (*)(cmark_node*)> document(cmark_parser_finish(parser.get()), cmark_node_free);
    return MarkdownReader(text).read(document.get());
}

} // namespace hameau::pads
