// WordReader: the text of a Word document, or of its notes, heard element by element (ECMA-376 part 1 §17). Paragraphs and tables
// go to a WordComposer. Nothing that a document names outside of itself is ever fetched. Pure; only word.cpp uses it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "modules/pads/convert/word.hpp"
#include "modules/pads/convert/word_composer.hpp"
#include "modules/pads/convert/word_xml.hpp"

namespace hameau::pads {

/// What all parts of one document share.
struct Shared {
    WordStyles styles;
    WordNumbering numbering;
    const std::vector<std::string>* addresses = nullptr;
    std::vector<std::string> pictures;
    std::map<std::string, std::size_t> picture_places;
    std::map<std::string, std::vector<WordPiece>> notes;  ///< by "footnote:3"
    std::vector<std::vector<WordPiece>> used_notes;
    LeftOut left_out{};
    bool edges = false;

    void missed(LeftOutKind kind) { ++left_out[static_cast<std::size_t>(kind)]; }
};

class WordReader : public XmlHandler {
public:
    /// `composer`: nullptr for notes, which become pieces.
    WordReader(Shared& shared, const WordRelations& relations, WordComposer* composer) : shared_(shared), relations_(relations), composer_(composer) {}

    bool done() const override { return composer_ != nullptr && composer_->full(); }

    bool enter(const XmlElement& element) override;
    void leave(std::string_view name) override;
    void text(std::string_view text) override;

private:
    struct Picture {
        std::string embedded, linked;
    };
    struct Drawing {
        std::vector<Picture> pictures;
        std::string text, title;
        bool described = false;
        bool words = false;  ///< a text box: its words are in the text
        bool rule = false;
        std::int64_t width = 0, height = 0;
    };
    struct Field {
        std::string instruction;
        Mark link{MarkKind::link};
        bool shown = false;  ///< behind "separate": what is there is the field's result
    };
    /// A text box stands in a run of another paragraph, which goes on behind it.
    struct State {
        WordParagraph paragraph;
        RunLook run;
        Mark link{MarkKind::link};
        Drawing drawing;
        bool in_paragraph_properties = false, in_run_properties = false, in_run = false, mark_removed = false;
    };
    struct Row {
        bool header = false, removed = false, begun = false;
        std::int64_t columns = 1;
        std::string merge;
        bool merged = false, cell_begun = false;
        std::int64_t before = 0, after = 0;
    };
    struct Table {
        std::vector<std::int64_t> widths;
        bool begun = false;
        Row row;
    };
    bool removed(std::string_view name);

    /// Headers and footers of pages: a pad has no pages.
    void edge(const XmlElement& element);

    /// True when the element was one of properties.
    bool properties(const XmlElement& element);
    bool inside(const XmlElement& element);

    /// A box to be ticked is one sign, whatever its two signs are in this document.
    bool content_control();

    /// Of several ways of showing one thing the first that is read here: shapes with their words, not charts and ink.
    bool choose(const XmlElement& element);

    /// Signs of the text. False: it was one.
    bool signs(const XmlElement& element);
    void begin_field();
    void end_field();
    void note(const std::string& kind, const std::string& id);

    /// Links and other fields. False: nothing of it is text.
    bool fields(const XmlElement& element);

    /// False: there is nothing in it for us.
    bool drawing(const XmlElement& element);
    void begin_box();
    void end_box();
    void end_drawing();
    void picture(const Picture& one, const Drawing& drawing);

    /// False: passed over.
    bool table(const XmlElement& element);
    void begin_table();
    void begin_row();
    void empty_cell(std::int64_t columns);
    /// A cell begins with its first paragraph or table: behind its properties.
    void begin_cells();
    bool in_header() const { return !tables_.empty() && tables_.back().row.header; }

    void leave_table(std::string_view name);
    const Mark* link() const;
    void end_text();
    void add_text(std::string_view text);
    void add_leaf(Event leaf) { state_.paragraph.pieces.push_back({{}, {}, std::move(leaf)}); }

    /// The paragraph ends here and goes on behind the page's end.
    void split();
    void end_paragraph();
    void flush_carried();
    void emit();

public:
    std::vector<std::string> edges;  ///< relationships of headers and footers

private:
    Shared& shared_;
    const WordRelations& relations_;
    WordComposer* composer_;
    State state_;
    std::vector<State> boxes_;
    std::vector<Field> fields_;
    std::size_t fields_beyond_ = 0, boxes_beyond_ = 0;  ///< open ones, beyond word_nested_max
    std::vector<Table> tables_;
    std::vector<bool> choices_;
    std::vector<WordPiece> carried_;  ///< of a paragraph whose end was removed
    std::vector<WordPiece> note_pieces_;
    std::string note_;
    std::string text_;
    int form_box_ = 0;  ///< of the field that is open, in the same way
    int box_ = 0;  ///< of the control that is open: 1 open, 2 ticked
    bool in_text_ = false, keep_blanks_ = false, in_instruction_ = false, section_ = false, sdt_properties_ = false, in_row_properties_ = false;
};

} // namespace hameau::pads
