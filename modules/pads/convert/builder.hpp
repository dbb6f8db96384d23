// ContentBuilder: from what a parser meets to content that the editor's schema accepts. What stands where it may not is put
// where it may: text into a paragraph, a paragraph in a list into an item. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// A block that begins, or that is one thing: what a parser then completes.
Event opening(Block block, std::int64_t number = 1);

/// The marks of text by those of the elements around it, outermost first: each kind once, the innermost wins; in rank.
std::vector<Mark> settled_marks(const std::vector<Mark>& marks);

class ContentBuilder {
public:
    /// Opens a block (Event::kind is ignored). Give what it returns to end().
    std::size_t begin(Event block);
    /// Closes that block and what is still open inside.
    void end(std::size_t mark);
    /// Ends the paragraph that text opened by itself: a block boundary of the source that is no block of ours.
    void break_paragraph();
    /// Text of the current paragraph. Outside of one, white space alone opens none.
    void text(std::string_view text, const std::vector<Mark>& marks);
    /// A line break, a mention; or a rule, an image, which end the paragraph.
    void leaf(Event block);
    /// The current text block and nothing in it so far: leading white space is not wanted.
    bool at_start() const;
    /// The innermost open block of this kind, to be completed; nullptr when none is open. Good until the next call.
    Event* open_block(Block block);
    /// The open paragraph or heading, in the same way.
    Event* open_line() { return !open_.empty() && (top() == Block::paragraph || top() == Block::heading) ? &events_[open_.back().event] : nullptr; }
    bool in_code() const { return !open_.empty() && open_.back().block == Block::code; }
    /// Too much: what came since was dropped.
    bool full() const { return full_; }
    std::vector<Event> finish();

private:
    struct Open {
        Block block;
        bool filled = false;
        std::size_t event = 0;
    };

    Block top() const { return open_.empty() ? Block::unknown : open_.back().block; }
    bool room();
    void push(Event block);
    void pop();
    void make_place_for_block();
    void place(Event& block);

    std::vector<Event> events_;
    std::vector<Open> open_;
    bool full_ = false;
};

} // namespace hameau::pads
