// A composer is told of paragraphs in their order; what it opened stays open until a paragraph does not belong to it.
#include "modules/pads/convert/word_composer.hpp"

#include <algorithm>

#include "modules/pads/convert/limits.hpp"
#include "modules/pads/export/table_grid.hpp"

namespace hameau::pads {

namespace {

/// With w:bidi "left" is where the line begins (§17.18.44): the same as on the way out (export/docx.cpp).
Align align_of(const ParagraphLook& look) {
    const std::string said = look.align.value_or("");
    const bool turned = look.from_right.value_or(false);
    const bool right = said == (turned ? "left" : "right") || (said == "end" && !turned);
    return said == "center" ? Align::center : said == "both" || said == "distribute" ? Align::justify : right ? Align::right : Align::none;
}

std::string_view list_type(const std::string& format) {
    return format == "lowerLetter" ? "a" : format == "upperLetter" ? "A" : format == "lowerRoman" ? "i" : format == "upperRoman" ? "I" : "";
}

constexpr std::string_view box_open = "\u2610", box_ticked = "\u2611", box_crossed = "\u2612";

/// Whether the words begin with a box that stands alone, which is taken off; and whether it is ticked.
std::optional<bool> take_box(std::vector<WordPiece>& pieces) {
    if (pieces.empty() || pieces.front().leaf) {
        return std::nullopt;
    }
    std::string& first = pieces.front().text;
    const std::string_view sign = std::string_view(first).substr(0, box_open.size());
    if (sign != box_open && sign != box_ticked && sign != box_crossed) {
        return std::nullopt;
    }
    const bool checked = sign != box_open;
    const std::string_view rest = std::string_view(first).substr(sign.size());
    const bool alone = rest.empty() || rest.front() == ' ' || rest.front() == '\t' || rest.starts_with("\u00a0");
    if (!alone) {
        return std::nullopt;
    }
    first.erase(0, sign.size());
    for (WordPiece& piece : pieces) {
        while (!piece.leaf && (piece.text.starts_with(' ') || piece.text.starts_with('\t') || piece.text.starts_with("\u00a0"))) {
            piece.text.erase(0, piece.text.front() == '\xc2' ? 2 : 1);
        }
        if (piece.leaf || !piece.text.empty()) {
            break;
        }
    }
    return checked;
}

bool has_letter(std::string_view label) {
    return std::any_of(label.begin(), label.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; });
}

/// A label that says more than a number does: "Article 3" is the words of a person.
bool is_wordy(const WordLevel& level) {
    std::string words;
    for (std::size_t i = 0; i < level.text.size(); ++i) {
        if (level.text[i] == '%' && i + 1 < level.text.size()) {
            ++i;
        } else {
            words += level.text[i];
        }
    }
    return level.format != "bullet" && has_letter(words);
}

std::size_t end_of(const std::vector<Event>& events, std::size_t begin) {
    std::size_t depth = 0;
    std::size_t at = begin;
    do {
        depth += events[at].kind == Event::Kind::open ? 1 : 0;
        depth -= events[at].kind == Event::Kind::close ? 1 : 0;
        ++at;
    } while (depth > 0 && at < events.size());
    return at;
}

bool is_cell(const Event& event) { return event.kind == Event::Kind::open && (event.block == Block::table_cell || event.block == Block::table_header); }

/// A row of cells that all go on with those above is no row of ours.
bool all_go_on(const std::vector<Event>& events, std::size_t row) {
    std::size_t at = row + 1;
    for (; at < events.size() && is_cell(events[at]); at = end_of(events, at)) {
        if (events[at].rows != 0) {
            return false;
        }
    }
    return at > row + 1;
}

/// §17.4.84 writes each place that a cell covers: here the first cell says how many rows it spans.
std::vector<Event> joined_cells(std::vector<Event> events) {
    struct Above {
        std::size_t event = 0;
        std::int64_t columns = 0;
    };
    struct Table {
        std::vector<Above> above;
        std::int64_t column = 0;
    };
    std::vector<Event> out;
    std::vector<Table> tables;
    for (std::size_t at = 0; at < events.size();) {
        Event& event = events[at];
        if (event.kind == Event::Kind::open && event.block == Block::table) {
            tables.emplace_back();
            tables.back().above.resize(static_cast<std::size_t>(grid_columns_max));
        } else if (event.kind == Event::Kind::close && event.block == Block::table && !tables.empty()) {
            tables.pop_back();
        } else if (event.kind == Event::Kind::open && event.block == Block::table_row && !tables.empty()) {
            tables.back().column = 0;
            if (all_go_on(events, at)) {
                at = end_of(events, at);
                continue;
            }
        } else if (is_cell(event) && !tables.empty()) {
            Table& table = tables.back();
            const std::int64_t column = table.column;
            table.column += event.number;
            Above none;
            Above& above = column < grid_columns_max ? table.above[static_cast<std::size_t>(column)] : none;
            if (event.rows == 0 && above.columns == event.number && out[above.event].rows < word_span_max) {
                ++out[above.event].rows;
                at = end_of(events, at);
                continue;
            }
            event.rows = 1;
            above = {out.size(), event.number};
        }
        out.push_back(std::move(event));
        ++at;
    }
    return out;
}

} // namespace

void WordComposer::close_runs() {
    for (auto* mark : {&scope().code, &scope().quote}) {
        if (*mark) {
            builder_.end(**mark);
            mark->reset();
        }
    }
}

void WordComposer::close_lists(std::size_t kept) {
    if (scope().lists.size() > kept) {
        close_runs();
    }
    while (scope().lists.size() > kept) {
        builder_.end(scope().lists.back().item_mark);
        builder_.end(scope().lists.back().list_mark);
        scope().lists.pop_back();
    }
}

/// Opens an item of the list and level that the paragraph names. `number`: nothing for a box without a list.
void WordComposer::item(const ParagraphLook& look, const WordNumber* number, bool task, bool checked) {
    close_runs();
    const std::int64_t level = number == nullptr ? 0 : look.level.value_or(0);
    const std::int64_t list = number == nullptr ? 0 : look.list.value_or(0);
    const bool ordered = !task && number != nullptr && number->level->format != "bullet" && number->level->format != "none";
    Event event = opening(task ? Block::task_list : ordered ? Block::ordered_list : Block::bullet_list);
    event.text = ordered ? list_type(number->level->format) : "";
    event.number = ordered ? std::max<std::int64_t>(0, number->value) : 1;
    auto& lists = scope().lists;
    std::size_t kept = lists.size();
    while (kept > 0 && lists[kept - 1].level > level) {
        --kept;
    }
    close_lists(kept);
    if (!lists.empty() && lists.back().level == level) {
        const OpenList& last = lists.back();
        // Programs begin a list anew where only its numbers go on.
        const bool same = last.list.block == event.block && last.list.text == event.text && (ordered ? last.next == event.number : last.number == list);
        if (same) {
            builder_.end(last.item_mark);
        } else {
            close_lists(lists.size() - 1);
        }
    }
    if (lists.empty() || lists.back().level < level) {
        OpenList fresh;
        fresh.list = event;
        fresh.level = level;
        fresh.number = list;
        fresh.list_mark = builder_.begin(event);
        lists.push_back(std::move(fresh));
    }
    OpenList& open = lists.back();
    open.indent = look.indent.value_or(number == nullptr ? 0 : number->level->indent);
    open.next = event.number + 1;
    Event begun = opening(task ? Block::task_item : Block::list_item);
    begun.checked = checked;
    open.item_mark = builder_.begin(std::move(begun));
}

/// What belongs to no list goes on in the innermost item that it is indented as far as, or ends them all.
void WordComposer::settle_place(const ParagraphLook& look, const WordStyle& style) {
    constexpr std::int64_t tolerance_twips = 60;
    const std::int64_t own = style.goes_on ? style.paragraph.indent.value_or(0) : 0;
    // What repeats the indent of its style says no more than the style.
    const bool repeated = look.indent && look.indent == style.paragraph.indent && !style.goes_on;
    const std::int64_t indent = repeated ? 0 : look.indent.value_or(own);
    std::size_t kept = scope().lists.size();
    while (kept > 0 && (indent <= 0 || scope().lists[kept - 1].indent > indent + tolerance_twips)) {
        --kept;
    }
    close_lists(kept);
}

void WordComposer::write_pieces(const std::vector<WordPiece>& pieces) {
    for (const WordPiece& piece : pieces) {
        if (piece.leaf) {
            builder_.leaf(*piece.leaf);
        } else {
            builder_.text(piece.text, piece.marks);
        }
    }
}

void WordComposer::write(const WordStyle& style, const ParagraphLook& look, const std::vector<WordPiece>& pieces) {
    const bool lines = std::any_of(pieces.begin(), pieces.end(), [](const WordPiece& piece) { return piece.leaf && piece.leaf->block == Block::line_break; });
    if (style.kind == WordKind::code) {
        // Other programs write each line of code as a paragraph.
        if (scope().code && !lines && !scope().code_ends) {
            builder_.text("\n", {});
        } else {
            close_runs();
            scope().code = builder_.begin(opening(Block::code));
        }
        scope().code_ends = lines;
        return write_pieces(pieces);
    }
    if (scope().code || style.kind != WordKind::quote) {
        close_runs();
    }
    const auto heading_level = style.level;
    if (style.kind == WordKind::quote && !scope().quote) {
        scope().quote = builder_.begin(opening(Block::quote));
    }
    Event event = style.kind == WordKind::heading ? opening(Block::heading, heading_level) : opening(Block::paragraph);
    event.align = align_of(look);
    const std::size_t mark = builder_.begin(std::move(event));
    write_pieces(pieces);
    builder_.end(mark);
}

void WordComposer::add(WordParagraph paragraph) {
    const bool bare = paragraph.pieces.empty() && !paragraph.said && scope().after_table;
    scope().after_table = false;
    if (bare) {
        return;
    }
    WordStyle style = styles_.paragraph(paragraph.look.style);
    ParagraphLook look = over(style.paragraph, paragraph.look);
    const auto own_outline = paragraph.look.outline;
    if (own_outline && style.kind != WordKind::code) {
        style.kind = *own_outline >= 0 && *own_outline < 9 ? WordKind::heading : style.kind == WordKind::heading ? WordKind::plain : style.kind;
        style.level = std::min<std::int64_t>(*own_outline + 1, 6);
    }
    const bool numbered = look.list.value_or(0) > 0;
    look.level = look.level.value_or(0);
    const auto number = numbered ? numbering_.count(*look.list, *look.level, styles_) : std::nullopt;
    const bool label = number && number->level->format != "bullet" && (style.kind == WordKind::heading || is_wordy(*number->level));
    if (label && !number->label.empty()) {
        paragraph.pieces.insert(paragraph.pieces.begin(), WordPiece{number->label + " ", {}, std::nullopt});
    }
    if (look.line_below.value_or(false) && paragraph.pieces.empty()) {
        settle_place(paragraph.look, style);
        close_runs();
        return builder_.leaf(opening(Block::rule));
    }
    // A box as the sign of a list: Google Docs' check lists.
    const bool box_sign = number && (number->level->text == box_open || number->level->text == box_ticked || number->level->text == box_crossed);
    const bool may_be_task = style.kind == WordKind::plain && !label;
    const std::optional<bool> box = may_be_task ? take_box(paragraph.pieces) : std::nullopt;
    look.indent = paragraph.look.indent;
    if (box || (box_sign && may_be_task)) {
        item(look, number ? &*number : nullptr, true, box ? *box : number->level->text != box_open);
    } else if (number && !label && (number->level->format != "none" || !number->level->text.empty()) && style.kind != WordKind::heading) {
        item(look, &*number, false, false);
    } else if (number && number->level->format == "bullet" && style.kind == WordKind::heading && paragraph.look.list) {
        item(look, &*number, false, false);
    } else {
        settle_place(paragraph.look, style);
    }
    write(style, look, paragraph.pieces);
}

void WordComposer::begin_table(std::vector<std::int64_t> widths) {
    close_lists(0);
    close_runs();
    Event table = opening(Block::table);
    table.widths = std::move(widths);
    scope().marks.push_back(builder_.begin(std::move(table)));
}

void WordComposer::begin_row() { scope().marks.push_back(builder_.begin(opening(Block::table_row))); }

void WordComposer::begin_cell(std::int64_t columns, std::int64_t rows, bool header) {
    Event cell = opening(header ? Block::table_header : Block::table_cell, std::clamp<std::int64_t>(columns, 1, word_span_max));
    cell.rows = rows;
    scope().marks.push_back(builder_.begin(std::move(cell)));
    scopes_.emplace_back();
}

void WordComposer::end_cell() {
    if (scopes_.size() > 1) {
        close_lists(0);
        close_runs();
        scopes_.pop_back();
        end_row();
    }
}

void WordComposer::end_row() {
    if (!scope().marks.empty()) {
        builder_.end(scope().marks.back());
        scope().marks.pop_back();
    }
}

void WordComposer::end_table() {
    end_row();
    scope().after_table = true;
}

void WordComposer::add_notes(std::vector<std::vector<WordPiece>> notes) {
    if (notes.empty()) {
        return;
    }
    close_lists(0);
    close_runs();
    builder_.leaf(opening(Block::rule));
    const std::size_t list = builder_.begin(opening(Block::ordered_list));
    for (const auto& note : notes) {
        const std::size_t item = builder_.begin(opening(Block::list_item));
        const std::size_t paragraph = builder_.begin(opening(Block::paragraph));
        write_pieces(note);
        builder_.end(paragraph);
        builder_.end(item);
    }
    builder_.end(list);
}

std::vector<Event> WordComposer::finish() {
    std::vector<Event> events = joined_cells(builder_.finish());
    give_widths(events);
    return events;
}

} // namespace hameau::pads
