// The content of a pad as a flat list of events, for the exporters: elements that open and close, stretches of text with
// marks. Made from an integrated document by walking with a stack of its own; names and values are those of the editor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/lines/line_schema.hpp"
#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {

/// What the exporters know; every other node is its children (as a paragraph when it holds text).
enum class Block : std::uint8_t {
    unknown, paragraph, heading, quote, code, bullet_list, ordered_list, list_item, task_list, task_item, rule, line_break,
    image, table, table_row, table_header, table_cell, mention,
};

enum class MarkKind : std::uint8_t { link, bold, italic, underline, strike, highlight, colour, subscript, superscript, code };

/// In the fixed rank of MarkKind: link outermost, code innermost (the wire keeps no order).
struct Mark {
    MarkKind kind = MarkKind::bold;
    std::string value = {};  ///< link: a safe address; highlight, colour: a safe colour or empty
    std::string title = {};  ///< link: shown by some when one points at it
    std::string font = {};   ///< colour, which is the whole look of letters: safe names of fonts, or empty
    std::string size = {};   ///< colour: a safe size, or empty
    friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Align : std::uint8_t { none, center, right, justify };

struct Event {
    enum class Kind : std::uint8_t { open, close, text };
    Kind kind = Kind::text;
    Block block = Block::unknown;
    std::string text;         
    ///< of a stretch of text; language of a code block; what a mention shows; alt of an image; how an ordered list counts:
    ///< "1", "a", "A", "i", "I" or empty
    bool described = false;   ///< image: `text` says what it shows, "" that it is decoration; false: nobody has said
    std::vector<Mark> marks;  ///< of a stretch of text
    std::int64_t number = 0;  ///< heading: level 1 to 6; ordered list: start; cell: columns it spans, 1 to 100
    bool checked = false;     ///< task item
    std::string address;      ///< image: a safe address or empty; mention: the id of who is meant, or empty
    std::string title;        ///< image: shown by some when one points at it
    Align align = Align::none;  ///< paragraph, heading
    bool from_right = false;    ///< paragraph, heading, list, table: its first strong letter runs from right to left
    std::int64_t rows = 1;      ///< cell: rows it spans, 1 to 100
    std::int64_t width = 0;     ///< image: as it is shown, in CSS pixels, 0 when nobody said; at most 10,000
    std::int64_t height = 0;
    /// Cell: of each column that it spans, in CSS pixels, 1 to 2,000, 0 where nobody said; empty when nobody said anything.
    std::vector<std::int64_t> widths;
};

/// Errors: invalid, too_large when the bytes are no pad.
Result<std::vector<Event>> read_content(crdt::View state);
/// The same of an integrated document, of the present or of a moment.
Result<std::vector<Event>> read_content(const crdt::Document& document);
/// The root that an editor shows: "default", else the first one of XML, else the first text.
std::optional<std::uint32_t> find_root(const crdt::Document& document);

} // namespace hameau::pads
