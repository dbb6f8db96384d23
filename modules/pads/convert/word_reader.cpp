// Names are those of ECMA-376's transitional schema; word_xml.cpp brings both sets of namespaces to one.
#include "modules/pads/convert/word_reader.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "modules/pads/convert/builder.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word_package.hpp"
#include "modules/pads/convert/word_text.hpp"
#include "modules/pads/export/limits.hpp"

namespace hameau::pads {

namespace {

const RunLook no_look;
constexpr std::int64_t emu_per_pixel = 9525;

/// What this reads of the ways that mc:Choice asks for (ECMA-376 part 3 §9.3), by the prefixes that every program gives them.
constexpr std::array<std::string_view, 5> readable_ways = {"wps", "wpg", "w14", "wp14", "w15"};

/// These hold what was before a change, or what no reader sees.
constexpr std::array<std::string_view, 17> passed_over = {
    "w:rPrChange", "w:pPrChange", "w:tblPrChange", "w:trPrChange", "w:tcPrChange", "w:sectPrChange", "w:tblGridChange", "w:numberingChange", "w:tblPrExChange", "w:delText",
    "w:delInstrText", "w:footnoteRef", "w:endnoteRef", "w:annotationRef", "w:rt", "w:smartTagPr", "w:customXmlPr"};

} // namespace

bool WordReader::enter(const XmlElement& element) {
    const std::string& name = element.name;
    if (std::find(passed_over.begin(), passed_over.end(), name) != passed_over.end()) {
        return false;
    }
    if (name == "w:del" || name == "w:moveFrom") {
        return removed(name);
    }
    if (sdt_properties_) {
        if (name == "w14:checked") {
            const std::string value = element.attribute("w14:val");
            box_ = value == "1" || value == "true" ? 2 : 1;
        }
        box_ = name == "w14:checkbox" ? 1 : box_;
        return name == "w14:checkbox";
    }
    if (section_) {
        edge(element);
        return false;
    }
    if (properties(element)) {
        return name == "w:pPr" || name == "w:rPr" || name == "w:numPr" || name == "w:pBdr";
    }
    return inside(element);
}

void WordReader::leave(std::string_view name) {
    if (name == "w:t" || name == "m:t") {
        end_text();
    } else if (name == "w:r") {
        state_.in_run = false;
        state_.run = {};
    } else if (name == "w:p") {
        end_paragraph();
    } else if (name == "w:pPr") {
        state_.in_paragraph_properties = false;
    } else if (name == "w:rPr") {
        state_.in_run_properties = false;
    } else if (name == "w:sectPr") {
        section_ = false;
    } else if (name == "w:checkBox") {
        add_text(form_box_ == 2 ? "\u2611" : "\u2610");
        form_box_ = 0;
    } else if (name == "w:sdtPr") {
        sdt_properties_ = false;
    } else if (name == "w:hyperlink") {
        state_.link = {MarkKind::link};
    } else if (name == "w:fldSimple") {
        end_field();
    } else if (name == "w:instrText") {
        in_instruction_ = false;
    } else if (name == "w:drawing" || name == "w:pict" || name == "w:object") {
        end_drawing();
    } else if (name == "w:txbxContent") {
        end_box();
    } else if (name == "mc:AlternateContent") {
        choices_.resize(choices_.empty() ? 0 : choices_.size() - 1);
    } else if (name == "w:footnote" || name == "w:endnote") {
        shared_.notes[note_] = std::move(note_pieces_);
        note_pieces_.clear();
    } else if (composer_ != nullptr) {
        leave_table(name);
    }
}

void WordReader::text(std::string_view text) {
    if (in_instruction_ && !fields_.empty() && fields_.back().instruction.size() + text.size() <= word_instruction_bytes_max) {
        fields_.back().instruction += text;
    } else if (in_text_) {
        text_ += text;
    }
}

bool WordReader::removed(std::string_view name) {
    if (state_.in_paragraph_properties) {
        state_.mark_removed = true;
    } else if (in_row_properties_ && !tables_.empty()) {
        tables_.back().row.removed = true;
        shared_.missed(LeftOutKind::deletions);
    } else if (name == "w:del") {
        shared_.missed(LeftOutKind::deletions);
    }
    return false;
}

void WordReader::edge(const XmlElement& element) {
    if (element.name == "w:headerReference" || element.name == "w:footerReference") {
        shared_.edges = true;
        edges.push_back(element.attribute("r:id"));
    }
}

bool WordReader::properties(const XmlElement& element) {
    const std::string& name = element.name;
    if (name == "w:pPr") {
        state_.in_paragraph_properties = true;
        state_.paragraph.said = true;
        return true;
    }
    if (name == "w:rPr") {
        state_.in_run_properties = true;
        return true;
    }
    if (name == "w:sectPr") {
        return false;
    }
    if (state_.in_run_properties) {
        if (!state_.in_paragraph_properties && state_.in_run) {
            (void)read_run_property(element, state_.run);
        }
        return true;
    }
    if (state_.in_paragraph_properties) {
        if (name == "w:bottom") {
            state_.paragraph.look.line_below = element.attribute("w:val") != "none" && element.attribute("w:val") != "nil";
        } else {
            (void)read_paragraph_property(element, state_.paragraph.look);
        }
        return true;
    }
    return false;
}

bool WordReader::inside(const XmlElement& element) {
    const std::string& name = element.name;
    if (name == "w:p") {
        const bool carried = !carried_.empty();
        state_.paragraph = {};
        state_.mark_removed = false;
        if (carried) {
            state_.paragraph.pieces = std::move(carried_);
            carried_.clear();
        }
        return true;
    }
    if (name == "w:r") {
        state_.run = {};
        state_.in_run = true;
        return true;
    }
    if (name == "w:sectPr") {
        section_ = true;
        return true;
    }
    if (name == "w:sdtPr") {
        box_ = 0;
        sdt_properties_ = true;
        return true;
    }
    if (name == "w:sdtContent") {
        return content_control();
    }
    if (name == "mc:AlternateContent") {
        choices_.push_back(false);
        return true;
    }
    if (name == "mc:Choice" || name == "mc:Fallback") {
        return choose(element);
    }
    if (name == "w:footnote" || name == "w:endnote") {
        note_ = name.substr(2) + ":" + element.attribute("w:id");
        return element.attribute("w:type").empty() || element.attribute("w:type") == "normal";
    }
    return signs(element) && fields(element) && drawing(element) && (composer_ == nullptr || table(element));
}

bool WordReader::content_control() {
    if (box_ != 0) {
        add_text(box_ == 2 ? "\u2611" : "\u2610");
        box_ = 0;
        return false;
    }
    return true;
}

bool WordReader::choose(const XmlElement& element) {
    const std::string needs = element.attribute("Requires");
    bool readable = element.name == "mc:Fallback" || !needs.empty();
    for (const std::string_view way : hameau::split(needs, ' ')) {
        readable = readable && (way.empty() || std::find(readable_ways.begin(), readable_ways.end(), way) != readable_ways.end());
    }
    if (choices_.empty() || choices_.back() || !readable) {
        return false;
    }
    choices_.back() = true;
    return true;
}

bool WordReader::signs(const XmlElement& element) {
    const std::string& name = element.name;
    if (name == "w:t" || name == "m:t") {
        in_text_ = true;
        keep_blanks_ = element.attribute("xml:space") == "preserve" || name == "m:t";
        return true;
    }
    const bool in_run = state_.in_run;
    if (!in_run) {
        return true;
    }
    if (name == "w:tab" || name == "w:ptab") {
        add_text("\t");
    } else if (name == "w:noBreakHyphen") {
        add_text("\u2011");
    } else if (name == "w:softHyphen") {
        add_text("\u00ad");
    } else if (name == "w:sym") {
        add_text(word_symbol(element.attribute("w:font"), element.attribute("w:char")));
    } else if (name == "w:br" || name == "w:cr") {
        const std::string type = element.attribute("w:type");
        if (type == "page" || type == "column") {
            split();
        } else {
            add_leaf(opening(Block::line_break));
        }
    } else if (name == "w:footnoteReference" || name == "w:endnoteReference") {
        note(name == "w:footnoteReference" ? "footnote:" : "endnote:", element.attribute("w:id"));
    } else if (name == "w:commentReference") {
        shared_.missed(LeftOutKind::comments);
    } else {
        return true;
    }
    return false;
}

void WordReader::note(const std::string& kind, const std::string& id) {
    const auto found = shared_.notes.find(kind + id);
    if (found == shared_.notes.end() || composer_ == nullptr) {
        return;
    }
    shared_.used_notes.push_back(std::move(found->second));
    shared_.notes.erase(found);
    state_.paragraph.pieces.push_back({std::to_string(shared_.used_notes.size()), {{MarkKind::superscript}}, std::nullopt});
}

bool WordReader::drawing(const XmlElement& element) {
    const std::string& name = element.name;
    Drawing& drawing = state_.drawing;
    if (name == "w:drawing" || name == "w:pict" || name == "w:object") {
        drawing = {};
    } else if (name == "wp:extent") {
        drawing.width = std::clamp<std::int64_t>(element.number("cx").value_or(0) / emu_per_pixel, 0, word_pixels_max);
        drawing.height = std::clamp<std::int64_t>(element.number("cy").value_or(0) / emu_per_pixel, 0, word_pixels_max);
    } else if (name == "wp:docPr") {
        drawing.text = element.attribute("descr");
        drawing.title = element.attribute("title");
        // Both are descriptions (§20.4.2.5); LibreOffice writes the shorter one as the title.
        if (drawing.text.empty()) {
            drawing.text = std::move(drawing.title);
            drawing.title.clear();
        }
        drawing.described = !drawing.text.empty();
    } else if (name == "adec:decorative") {
        drawing.described = drawing.described || element.attribute("val") == "1";
    } else if (name == "a:blip") {
        drawing.pictures.push_back({element.attribute("r:embed"), element.attribute("r:link")});
    } else if (name == "v:imagedata") {
        drawing.pictures.push_back({element.attribute("r:id"), element.attribute("r:href")});
        drawing.text = drawing.text.empty() ? element.attribute("o:title") : drawing.text;
    } else if (name == "v:rect") {
        drawing.rule = element.attribute("o:hr") == "t";
    } else if (name == "w:txbxContent") {
        begin_box();
    } else if (name == "w:altChunk") {
        shared_.missed(LeftOutKind::drawings);
    }
    return true;
}

void WordReader::begin_box() {
    state_.drawing.words = true;
    if (boxes_.size() < word_nested_max) {
        boxes_.push_back(std::move(state_));
        state_ = {};
    } else {
        ++boxes_beyond_;
    }
}

void WordReader::end_box() {
    if (boxes_beyond_ > 0) {
        --boxes_beyond_;
    } else if (!boxes_.empty()) {
        flush_carried();
        state_ = std::move(boxes_.back());
        boxes_.pop_back();
    }
}

void WordReader::end_drawing() {
    const Drawing drawing = std::move(state_.drawing);
    state_.drawing = {};
    if (drawing.rule) {
        return add_leaf(opening(Block::rule));
    }
    if (drawing.pictures.empty() && !drawing.words) {
        return shared_.missed(LeftOutKind::drawings);
    }
    for (const Picture& one : drawing.pictures) {
        picture(one, drawing);
    }
}

void WordReader::picture(const Picture& one, const Drawing& drawing) {
    const auto relation = relations_.find(one.embedded.empty() ? one.linked : one.embedded);
    if (relation == relations_.end()) {
        return shared_.missed(LeftOutKind::drawings);
    }
    const std::string& target = relation->second.target;
    if (relation->second.outside) {
        // Showing it would tell its owner who reads: a link, as from HTML.
        const Mark link{MarkKind::link, target};
        state_.paragraph.pieces.push_back({drawing.text.empty() ? target : drawing.text, {link}, std::nullopt});
        return;
    }
    const auto [place, fresh] = shared_.picture_places.try_emplace(word_part_key(target), shared_.pictures.size());
    if (fresh) {
        shared_.pictures.push_back(target);
    }
    const bool known = place->second < shared_.addresses->size();
    Event event = opening(Block::image);
    event.address = known ? (*shared_.addresses)[place->second] : std::string();
    event.text = drawing.text;
    event.described = drawing.described;
    event.title = drawing.title;
    const bool single = drawing.pictures.size() == 1;
    event.width = single ? drawing.width : 0;
    event.height = single ? drawing.height : 0;
    if (is_own_image(event.address)) {
        add_leaf(std::move(event));
    } else if (!drawing.text.empty()) {
        state_.paragraph.pieces.push_back({drawing.text, {}, std::nullopt});
    }
}

bool WordReader::table(const XmlElement& element) {
    const std::string& name = element.name;
    if (name == "w:tbl") {
        flush_carried();
        begin_cells();
        tables_.emplace_back();
        return true;
    }
    if (tables_.empty()) {
        return true;
    }
    Table& table = tables_.back();
    Row& row = table.row;
    if (name == "w:gridCol") {
        constexpr std::int64_t twips_per_pixel = 15;
        table.widths.push_back(std::clamp<std::int64_t>(element.number("w:w").value_or(0) / twips_per_pixel, 0, column_width_max));
    } else if (name == "w:tr") {
        begin_table();
        row = {};
    } else if (name == "w:trPr") {
        in_row_properties_ = true;
    } else if (name == "w:tblHeader") {
        row.header = element.on();
    } else if (name == "w:gridBefore" || name == "w:gridAfter") {
        (name == "w:gridBefore" ? row.before : row.after) = element.number("w:val").value_or(0);
    } else if (name == "w:tc") {
        if (row.removed) {
            return false;
        }
        begin_row();
        row.columns = 1;
        row.merged = row.cell_begun = false;
    } else if (name == "w:gridSpan") {
        row.columns = element.number("w:val").value_or(1);
    } else if (name == "w:vMerge") {
        row.merged = element.attribute("w:val") != "restart";
    } else if (name == "w:tcPr") {
        return true;
    }
    return true;
}

void WordReader::begin_table() {
    Table& table = tables_.back();
    if (table.begun) {
        return;
    }
    table.begun = true;
    // Columns that are all as wide as each other say nothing.
    const auto [least, most] = std::minmax_element(table.widths.begin(), table.widths.end());
    const bool even = table.widths.empty() || *most - *least <= 2 || table.widths.size() > static_cast<std::size_t>(grid_columns_max);
    composer_->begin_table(even ? std::vector<std::int64_t>() : table.widths);
}

void WordReader::begin_row() {
    Row& row = tables_.back().row;
    if (!row.begun) {
        row.begun = true;
        composer_->begin_row();
        empty_cell(row.before);
    }
}

void WordReader::empty_cell(std::int64_t columns) {
    if (columns > 0) {
        composer_->begin_cell(columns, 1, false);
        composer_->end_cell();
    }
}

void WordReader::begin_cells() {
    if (!tables_.empty() && composer_ != nullptr && tables_.back().row.begun && !tables_.back().row.cell_begun) {
        Row& row = tables_.back().row;
        row.cell_begun = true;
        composer_->begin_cell(row.columns, row.merged ? 0 : 1, row.header);
    }
}

void WordReader::leave_table(std::string_view name) {
    if (name == "w:trPr") {
        in_row_properties_ = false;
    }
    if (name == "w:body") {
        flush_carried();
    }
    if (tables_.empty()) {
        return;
    }
    Row& row = tables_.back().row;
    if (name == "w:tcPr") {
        begin_cells();
    } else if (name == "w:tc") {
        begin_cells();
        flush_carried();
        row.cell_begun = false;
        composer_->end_cell();
    } else if (name == "w:tr" && row.begun) {
        empty_cell(row.after);
        composer_->end_row();
        row.begun = false;
    } else if (name == "w:tbl") {
        if (tables_.back().begun) {
            composer_->end_table();
        }
        tables_.pop_back();
    }
}

void WordReader::end_text() {
    in_text_ = false;
    std::string text = std::move(text_);
    text_.clear();
    if (!keep_blanks_) {
        const std::size_t first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.erase(0, first);
        text.erase(text.find_last_not_of(" \t\r\n") + 1);
    }
    // A line end within w:t is a blank.
    std::replace(text.begin(), text.end(), '\n', ' ');
    add_text(text);
}

void WordReader::add_text(std::string_view text) {
    if (text.empty()) {
        return;
    }
    const WordStyle& style = shared_.styles.paragraph(state_.paragraph.look.style);
    const RunLook& letters = !state_.run.style.empty() ? shared_.styles.letters(state_.run.style).run : no_look;
    if (over(over(style.run, letters), state_.run).hidden.value_or(false)) {
        return shared_.missed(LeftOutKind::hidden);
    }
    auto marks = word_marks(state_.run, style, shared_.styles, link(), in_header());
    auto& pieces = state_.paragraph.pieces;
    if (!pieces.empty() && !pieces.back().leaf && pieces.back().marks == marks) {
        pieces.back().text += text;
    } else {
        pieces.push_back({std::string(text), std::move(marks), std::nullopt});
    }
}

void WordReader::split() {
    if (state_.paragraph.pieces.empty()) {
        return;
    }
    WordParagraph rest;
    rest.look = state_.paragraph.look;
    rest.look.list = 0;
    rest.said = true;
    emit();
    state_.paragraph = std::move(rest);
}

void WordReader::end_paragraph() {
    if (state_.mark_removed) {
        carried_ = std::move(state_.paragraph.pieces);
        state_.paragraph = {};
        return;
    }
    emit();
    state_.paragraph = {};
    state_.run = {};
    // A link ends with its paragraph: the end of a field may have been deleted.
    for (Field& field : fields_) {
        field.link.value.clear();
    }
}

void WordReader::flush_carried() {
    if (!carried_.empty()) {
        state_.paragraph = {};
        state_.paragraph.pieces = std::move(carried_);
        carried_.clear();
        emit();
        state_.paragraph = {};
    }
}

void WordReader::emit() {
    if (composer_ != nullptr) {
        begin_cells();
        composer_->add(std::move(state_.paragraph));
        return;
    }
    auto& pieces = state_.paragraph.pieces;
    if (!note_pieces_.empty() && !pieces.empty()) {
        note_pieces_.push_back({{}, {}, opening(Block::line_break)});
    }
    // The space or tab between the number and the words.
    if (note_pieces_.empty() && !pieces.empty()) {
        std::string& first = pieces.front().text;
        first.erase(0, std::min(first.find_first_not_of(" \t"), first.size()));
    }
    note_pieces_.insert(note_pieces_.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
}

} // namespace hameau::pads
