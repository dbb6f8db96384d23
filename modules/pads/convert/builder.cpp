// The editor's schema: a document, a quote, an item and a cell hold blocks, at least one; lists hold items, tables rows,
// rows cells; text is in paragraphs, headings and code only.
#include "modules/pads/convert/builder.hpp"

#include <algorithm>

#include "modules/pads/convert/limits.hpp"

namespace hameau::pads {

namespace {

bool is_text_block(Block block) { return block == Block::paragraph || block == Block::heading || block == Block::code; }
bool is_list(Block block) { return block == Block::bullet_list || block == Block::ordered_list || block == Block::task_list; }
bool is_item(Block block) { return block == Block::list_item || block == Block::task_item; }
bool is_cell(Block block) { return block == Block::table_cell || block == Block::table_header; }

} // namespace

Event opening(Block block, std::int64_t number) {
    Event event;
    event.kind = Event::Kind::open;
    event.block = block;
    event.number = number;
    return event;
}

std::vector<Mark> settled_marks(const std::vector<Mark>& marks) {
    std::vector<Mark> all;
    for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
        if (std::none_of(all.begin(), all.end(), [&](const Mark& other) { return other.kind == mark->kind; })) {
            all.push_back(*mark);
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Mark& a, const Mark& b) { return a.kind < b.kind; });
    return all;
}

bool ContentBuilder::room() {
    full_ = full_ || events_.size() >= document_events_max;
    return !full_;
}

void ContentBuilder::push(Event block) {
    if (!open_.empty()) {
        open_.back().filled = true;
    }
    open_.push_back({block.block, false, events_.size()});
    block.kind = Event::Kind::open;
    events_.push_back(std::move(block));
}

void ContentBuilder::pop() {
    const Open closed = open_.back();
    if (!closed.filled && (is_list(closed.block) || closed.block == Block::table || closed.block == Block::table_row)) {
        // An empty one is nothing; its parent is as empty as before.
        events_.pop_back();
        open_.pop_back();
        const bool alone = events_.empty() || (events_.back().kind == Event::Kind::open && !open_.empty());
        if (!open_.empty() && alone) {
            open_.back().filled = false;
        }
        return;
    }
    if (!closed.filled && (is_item(closed.block) || is_cell(closed.block) || closed.block == Block::quote)) {
        push(opening(Block::paragraph));
        pop();
    }
    open_.pop_back();
    Event event;
    event.kind = Event::Kind::close;
    event.block = closed.block;
    events_.push_back(std::move(event));
}

void ContentBuilder::end(std::size_t mark) {
    while (open_.size() > mark) {
        pop();
    }
}

void ContentBuilder::break_paragraph() {
    if (is_text_block(top()) && top() != Block::code) {
        pop();
    }
}

/// Until the top is a place for blocks.
void ContentBuilder::make_place_for_block() {
    while (is_text_block(top())) {
        pop();
    }
    if (is_list(top())) {
        push(opening(top() == Block::task_list ? Block::task_item : Block::list_item));
    }
    if (top() == Block::table) {
        push(opening(Block::table_row));
    }
    if (top() == Block::table_row) {
        push(opening(Block::table_cell));
    }
}

/// Makes the place for `block`; an item becomes what its list holds.
void ContentBuilder::place(Event& block) {
    if (is_item(block.block)) {
        while (is_text_block(top())) {
            pop();
        }
        if (!is_list(top())) {
            make_place_for_block();
            push(opening(block.block == Block::task_item ? Block::task_list : Block::bullet_list));
        }
        block.block = top() == Block::task_list ? Block::task_item : Block::list_item;
        return;
    }
    if (block.block == Block::table_row || is_cell(block.block)) {
        while (is_text_block(top())) {
            pop();
        }
        if (top() != Block::table && top() != Block::table_row) {
            make_place_for_block();
            push(opening(Block::table));
        }
        if (is_cell(block.block) && top() == Block::table) {
            push(opening(Block::table_row));
        }
        if (block.block == Block::table_row && top() == Block::table_row) {
            pop();
        }
        return;
    }
    make_place_for_block();
}

std::size_t ContentBuilder::begin(Event block) {
    if (!room() || open_.size() >= document_depth_max) {
        return open_.size();
    }
    const std::size_t before = open_.size();
    place(block);
    // What was opened to make place ends with the block, unless the next one may stand there too.
    const std::size_t mark = std::min(before, open_.size());
    const bool joins = is_item(block.block) || block.block == Block::table_row || is_cell(block.block);
    const std::size_t own = open_.size();
    push(std::move(block));
    return joins ? own : mark;
}

void ContentBuilder::text(std::string_view text, const std::vector<Mark>& marks) {
    if (text.empty() || !room()) {
        return;
    }
    if (!is_text_block(top())) {
        if (text.find_first_not_of(" \t\n") == std::string_view::npos) {
            return;
        }
        make_place_for_block();
        push(opening(Block::paragraph));
    }
    Event event;
    event.text = text;
    if (!in_code()) {
        event.marks = marks;
    }
    open_.back().filled = true;
    if (events_.back().kind == Event::Kind::text && events_.back().marks == event.marks) {
        events_.back().text += event.text;
    } else {
        events_.push_back(std::move(event));
    }
}

void ContentBuilder::leaf(Event block) {
    if (!room()) {
        return;
    }
    const bool in_line = block.block == Block::line_break || block.block == Block::mention;
    if (in_line && in_code()) {
        text(block.block == Block::line_break ? "\n" : block.text, {});
        return;
    }
    if (in_line && !is_text_block(top())) {
        if (block.block == Block::line_break) {
            return;
        }
        make_place_for_block();
        push(opening(Block::paragraph));
    }
    if (!in_line) {
        // A paragraph that holds nothing but an image is the image.
        if (block.block == Block::image && top() == Block::paragraph && !open_.back().filled) {
            events_.pop_back();
            open_.pop_back();
        }
        make_place_for_block();
    }
    push(std::move(block));
    pop();
}

Event* ContentBuilder::open_block(Block block) {
    const auto found = std::find_if(open_.rbegin(), open_.rend(), [block](const Open& open) { return open.block == block; });
    return found == open_.rend() ? nullptr : &events_[found->event];
}

bool ContentBuilder::at_start() const { return open_.empty() || !open_.back().filled || !is_text_block(open_.back().block); }

std::vector<Event> ContentBuilder::finish() {
    end(0);
    if (events_.empty()) {
        push(opening(Block::paragraph));
        pop();
    }
    return std::move(events_);
}

} // namespace hameau::pads
