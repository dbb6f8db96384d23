// WordComposer: from the paragraphs and tables of a Word document, which is flat, to content with lists, quotes and code. A list
// in Word is a row of paragraphs that name it (ECMA-376 part 1 §17.9.18); what only is indented like an item goes on in it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "modules/pads/convert/builder.hpp"
#include "modules/pads/convert/word_styles.hpp"

namespace hameau::pads {

/// A stretch of text, or a line break, an image, a rule (`leaf`).
struct WordPiece {
    std::string text;
    std::vector<Mark> marks;
    std::optional<Event> leaf;
};
struct WordParagraph {
    ParagraphLook look;
    std::vector<WordPiece> pieces;
    bool said = false;  ///< it has properties, or words: more than what Word wants behind a table
};

class WordComposer {
public:
    WordComposer(const WordStyles& styles, WordNumbering& numbering) : styles_(styles), numbering_(numbering), scopes_(1) {}

    void add(WordParagraph paragraph);
    /// `widths`: of its columns, in CSS pixels, or empty.
    void begin_table(std::vector<std::int64_t> widths);
    void end_table();
    void begin_row();
    void end_row();
    /// `rows`: 0 when the cell goes on with the one above.
    void begin_cell(std::int64_t columns, std::int64_t rows, bool header);
    void end_cell();
    /// The notes, counted, behind a rule.
    void add_notes(std::vector<std::vector<WordPiece>> notes);
    bool full() const { return builder_.full(); }
    std::vector<Event> finish();

private:
    struct OpenList {
        Event list;
        std::int64_t level = 0;
        std::int64_t number = 0;  ///< w:num
        std::int64_t next = 1;
        std::int64_t indent = 0;
        std::size_t list_mark = 0;
        std::size_t item_mark = 0;
    };
    /// The page, or a cell: lists and quotes end with it.
    struct Scope {
        std::vector<OpenList> lists;
        std::optional<std::size_t> quote, code;
        bool code_ends = false;   ///< the open code has lines of its own
        bool after_table = false;
        std::vector<std::size_t> marks;  ///< of the table, row, cell that it is
    };

    Scope& scope() { return scopes_.back(); }
    void close_lists(std::size_t kept);
    void close_runs();
    void item(const ParagraphLook& look, const WordNumber* number, bool task, bool checked);
    void settle_place(const ParagraphLook& look, const WordStyle& style);
    void write(const WordStyle& style, const ParagraphLook& look, const std::vector<WordPiece>& pieces);
    void write_pieces(const std::vector<WordPiece>& pieces);

    const WordStyles& styles_;
    WordNumbering& numbering_;
    ContentBuilder builder_;
    std::vector<Scope> scopes_;
};

} // namespace hameau::pads
