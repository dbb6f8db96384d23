// word/document.xml from the content's events. Lists are paragraphs that name their list and level (ECMA-376 part 1 §17.9.18);
// a cell ends with a paragraph, and between two tables stands one (§17.4.65), or Word calls the file damaged.
#include "modules/pads/export/docx.hpp"

#include <algorithm>
#include <map>

#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/export/docx_parts.hpp"
#include "modules/pads/export/limits.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/export/table_grid.hpp"
#include "modules/pads/export/zip.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view document_namespaces =
    " xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
    " xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\""
    " xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"";

/// English metric units of a CSS pixel, of a twentieth of a point.
constexpr std::int64_t emu_per_pixel = 9525, emu_per_twip = 635;
/// Twentieths of a point of a CSS pixel.
constexpr std::int64_t twips_per_pixel = 15;

class DocxRenderer {
public:
    explicit DocxRenderer(const ImageSource& images) : images_(images) {}

    struct Picture {
        std::string name;
        std::string type;  ///< the ending: "png"
        std::string bytes;
    };
    const std::vector<Picture>& pictures() const { return pictures_; }
    const std::vector<DocxList>& numbered() const { return numbered_; }
    const std::vector<DocxRelation>& relations() const { return relations_; }

    std::string render(std::span<const Event> events) {
        shapes_ = table_shapes(events);
        body_.append(docx_xml_head).append("<w:document").append(document_namespaces).append("><w:body>");
        for (const Event& event : events) {
            if (event.kind == Event::Kind::text) {
                words(event);
            } else if (event.kind == Event::Kind::open) {
                open(event);
            } else {
                close(event.block);
            }
        }
        end_blocks();
        return body_ += "<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1134\" w:right=\"1134\" w:bottom=\"1134\" w:left=\"1134\" w:header=\"708\" "
                        "w:footer=\"708\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>";
    }

private:
    struct List {
        std::size_t number = 0;  ///< its w:num
        Block block = Block::bullet_list;
        bool marker = false;     ///< the next paragraph begins an item
        bool checked = false;
    };
    struct Table {
        TableShape shape;
        TableGrid grid;
        std::vector<std::int64_t> reach;  ///< of each column: the row below the cell that covers it
        std::vector<std::int64_t> spans;  ///< and how many columns that cell has
        std::int64_t row = -1;
        std::size_t lists = 0;            ///< that were open around it
    };

    /// Lists of the innermost cell, or of the page.
    std::size_t depth() const { return lists_.size() - (tables_.empty() ? 0 : tables_.back().lists); }

    void begin_paragraph(std::string_view style, const Event& event, std::string_view borders = {}) {
        end_paragraph();
        std::string name(style);
        std::string properties;
        const bool in_list = depth() > 0;
        const auto level = static_cast<std::int64_t>(std::min(depth(), docx_levels));
        std::string task;
        if (in_list && lists_.back().marker) {
            List& list = lists_.back();
            list.marker = false;
            properties = "<w:numPr><w:ilvl w:val=\"" + std::to_string(level - 1) + "\"/><w:numId w:val=\"" + std::to_string(list.number) + "\"/></w:numPr>";
            task = list.block == Block::task_list ? (list.checked ? "\u2611 " : "\u2610 ") : "";
        }
        const bool quoted = quotes_ > 0 && name == "Normal";
        name = quoted ? "Quote" : in_list && name == "Normal" ? "ListParagraph" : name;
        std::string out = "<w:p><w:pPr><w:pStyle w:val=\"" + name + "\"/>" + properties;
        out.append(borders);
        out += event.from_right ? "<w:bidi/>" : "";
        // Behind its first paragraph an item goes on where its words began.
        out += in_list && properties.empty() ? "<w:ind w:left=\"" + std::to_string(docx_indent_twips * level) + "\"/>" : std::string();
        // §17.18.44: with w:bidi, "left" is where the line begins.
        const bool turned = event.from_right;
        out += event.align == Align::center ? "<w:jc w:val=\"center\"/>" : event.align == Align::right ? (turned ? "<w:jc w:val=\"left\"/>" : "<w:jc w:val=\"right\"/>") : event.align == Align::justify ? "<w:jc w:val=\"both\"/>" : "";
        body_ += out + "</w:pPr>";
        in_paragraph_ = true;
        after_table_ = false;
        bold_ = header_ > 0 && name != "HTMLPreformatted";
        from_right_ = event.from_right;
        if (!task.empty()) {
            body_ += "<w:r><w:t xml:space=\"preserve\">" + task + "</w:t></w:r>";
        }
    }
    void end_paragraph() {
        body_ += in_paragraph_ ? "</w:p>" : "";
        in_paragraph_ = false;
    }
    /// An item, a box, whose first block holds no text of its own.
    void flush_marker() {
        if (depth() > 0 && lists_.back().marker) {
            begin_paragraph("Normal", Event());
            end_paragraph();
        }
    }
    void end_blocks() {
        end_paragraph();
        body_ += after_table_ ? "<w:p/>" : "";
        after_table_ = false;
    }

    void open(const Event& event) {
        switch (event.block) {
        case Block::paragraph:
            return begin_paragraph("Normal", event);
        case Block::heading:
            return begin_paragraph("Heading" + std::to_string(event.number), event);
        case Block::code:
            return begin_paragraph("HTMLPreformatted", Event());
        case Block::rule:
            begin_paragraph("Normal", Event(), "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"8A938F\"/></w:pBdr>");
            return end_paragraph();
        case Block::quote:
            ++quotes_;
            return;
        case Block::bullet_list:
        case Block::task_list:
        case Block::ordered_list:
            return open_list(event);
        case Block::list_item:
        case Block::task_item:
            if (depth() > 0) {
                lists_.back().marker = true;
                lists_.back().checked = event.checked;
            }
            return;
        case Block::line_break:
            body_ += in_paragraph_ ? "<w:r><w:br/></w:r>" : "";
            return;
        case Block::mention: {
            Event name = event;
            name.text = "@" + event.text;
            return words(name);
        }
        case Block::image:
            return image(event);
        case Block::table:
            return open_table();
        case Block::table_row:
            return open_row();
        case Block::table_header:
        case Block::table_cell:
            return open_cell(event);
        case Block::unknown:
            return;
        }
    }

    void open_list(const Event& event) {
        flush_marker();
        const std::size_t level = std::min(depth(), docx_levels - 1);
        const bool ordered = event.block == Block::ordered_list;
        numbered_.push_back({event.block, ordered ? event.text : std::string(), level, ordered ? event.number : 1});
        lists_.push_back({numbered_.size(), event.block});
    }

    void close(Block block) {
        switch (block) {
        case Block::paragraph:
        case Block::heading:
        case Block::code:
            return end_paragraph();
        case Block::quote:
            --quotes_;
            return;
        case Block::list_item:
        case Block::task_item:
            return flush_marker();
        case Block::bullet_list:
        case Block::task_list:
        case Block::ordered_list:
            if (depth() > 0) {
                lists_.pop_back();
            }
            return;
        case Block::table:
            return close_table();
        case Block::table_row:
            return close_row();
        case Block::table_header:
            --header_;
            return close_cell();
        case Block::table_cell:
            return close_cell();
        default:
            return;
        }
    }

    void open_table() {
        flush_marker();
        end_blocks();
        const TableShape shape = table_count_ < shapes_.size() ? shapes_[table_count_] : TableShape{};
        ++table_count_;
        const std::int64_t columns = std::min(std::max<std::int64_t>(1, shape.columns), grid_columns_max);
        tables_.push_back({shape, TableGrid(shape.rows), std::vector<std::int64_t>(static_cast<std::size_t>(columns)), std::vector<std::int64_t>(static_cast<std::size_t>(columns), 1), -1, lists_.size()});
        body_ += "<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/><w:tblW w:w=\"0\" w:type=\"auto\"/></w:tblPr><w:tblGrid>";
        for (std::int64_t column = 0; column < columns; ++column) {
            body_ += "<w:gridCol w:w=\"" + std::to_string(column_twips(column)) + "\"/>";
        }
        body_ += "</w:tblGrid>";
    }
    /// Columns that say nothing share the page; what is wider than the page becomes as wide as that.
    std::int64_t column_twips(std::int64_t column) const {
        const TableShape& shape = tables_.back().shape;
        const auto count = static_cast<std::int64_t>(tables_.back().reach.size());
        const std::int64_t even = docx_room_twips / count;
        const auto said = [&shape, even](std::int64_t at) {
            const auto index = static_cast<std::size_t>(at);
            return index < shape.widths.size() && shape.widths[index] > 0 ? shape.widths[index] * twips_per_pixel : even;
        };
        std::int64_t total = 0;
        for (std::int64_t at = 0; at < count; ++at) {
            total += said(at);
        }
        return total > docx_room_twips ? std::max<std::int64_t>(1, said(column) * docx_room_twips / total) : said(column);
    }

    void open_row() {
        if (tables_.empty()) {
            return;
        }
        Table& table = tables_.back();
        table.grid.begin_row();
        ++table.row;
        column_.push_back(0);
        body_ += table.row < table.shape.header_rows ? "<w:tr><w:trPr><w:tblHeader/></w:trPr>" : "<w:tr>";
    }

    /// §17.4.84: what a cell covers below is there as cells that go on with it.
    void covered_until(std::int64_t end) {
        Table& table = tables_.back();
        for (std::int64_t& at = column_.back(); at < end;) {
            const auto index = static_cast<std::size_t>(at);
            const bool covered = table.reach[index] > table.row;
            const std::int64_t span = covered ? std::min(table.spans[index], end - at) : 1;
            body_ += "<w:tc><w:tcPr>" + cell_width(at, span) + (span > 1 ? "<w:gridSpan w:val=\"" + std::to_string(span) + "\"/>" : std::string()) + (covered ? "<w:vMerge/>" : "") + "</w:tcPr><w:p/></w:tc>";
            at += std::max<std::int64_t>(1, span);
        }
    }
    std::string cell_width(std::int64_t column, std::int64_t span) const {
        std::int64_t width = 0;
        for (std::int64_t i = 0; i < span; ++i) {
            width += column_twips(column + i);
        }
        return "<w:tcW w:w=\"" + std::to_string(width) + "\" w:type=\"dxa\"/>";
    }

    void open_cell(const Event& event) {
        header_ += event.block == Block::table_header ? 1 : 0;
        if (tables_.empty() || column_.empty()) {
            return;
        }
        Table& table = tables_.back();
        const TableGrid::Place place = table.grid.place(event);
        const auto columns = static_cast<std::int64_t>(table.reach.size());
        const std::int64_t first = std::min(place.column, columns - 1);
        covered_until(first);
        const std::int64_t span = std::max<std::int64_t>(1, std::min(place.columns, columns - first));
        body_ += "<w:tc><w:tcPr>" + cell_width(first, span);
        body_ += span > 1 ? "<w:gridSpan w:val=\"" + std::to_string(span) + "\"/>" : std::string();
        body_ += place.rows > 1 ? "<w:vMerge w:val=\"restart\"/></w:tcPr>" : "</w:tcPr>";
        for (std::int64_t at = first; at < first + span; ++at) {
            table.reach[static_cast<std::size_t>(at)] = table.row + place.rows;
            table.spans[static_cast<std::size_t>(at)] = first + span - at;
        }
        column_.back() = first + span;
        after_table_ = false;
        cell_begin_.push_back(body_.size());
    }
    void close_cell() {
        if (tables_.empty() || cell_begin_.empty()) {
            return;
        }
        end_blocks();
        body_ += cell_begin_.back() == body_.size() ? "<w:p/></w:tc>" : "</w:tc>";
        cell_begin_.pop_back();
        lists_.resize(std::min(lists_.size(), tables_.back().lists));
    }
    void close_row() {
        if (tables_.empty() || column_.empty()) {
            return;
        }
        covered_until(static_cast<std::int64_t>(tables_.back().reach.size()));
        column_.pop_back();
        body_ += "</w:tr>";
    }
    void close_table() {
        if (!tables_.empty()) {
            body_ += "</w:tbl>";
            tables_.pop_back();
            after_table_ = true;
        }
    }

    std::size_t relation(std::string target, bool picture) {
        const auto [known, fresh] = relation_ids_.try_emplace(target, docx_first_relation + relations_.size());
        if (fresh) {
            relations_.push_back({std::move(target), picture});
        }
        return known->second;
    }

    void words(const Event& event) {
        if (!in_paragraph_) {
            begin_paragraph("Normal", Event());
        }
        const Mark* link = !event.marks.empty() && event.marks.front().kind == MarkKind::link ? &event.marks.front() : nullptr;
        if (link != nullptr) {
            body_ += "<w:hyperlink r:id=\"rId" + std::to_string(relation(link->value, false)) + "\"";
            if (!link->title.empty()) {
                body_ += " w:tooltip=\"";
                escape_xml(link->title.substr(0, 200), body_);
                body_ += "\"";
            }
            body_ += ">";
        }
        run(event);
        body_ += link != nullptr ? "</w:hyperlink>" : "";
    }

    void run(const Event& event) {
        std::vector<Mark> marks = event.marks;
        if (bold_) {
            marks.push_back({MarkKind::bold});
        }
        const std::string properties = docx_run_properties(marks, from_right_);
        body_ += properties.empty() ? "<w:r>" : "<w:r><w:rPr>" + properties + "</w:rPr>";
        std::string_view text = event.text;
        while (!text.empty()) {
            const std::size_t special = std::min(text.find_first_of("\t\n"), text.size());
            if (special > 0) {
                body_ += "<w:t xml:space=\"preserve\">";
                escape_xml(text.substr(0, special), body_);
                body_ += "</w:t>";
            }
            text.remove_prefix(special);
            if (!text.empty()) {
                body_ += text.front() == '\t' ? "<w:tab/>" : "<w:br/>";
                text.remove_prefix(1);
            }
        }
        body_ += "</w:r>";
    }

    void image(const Event& event) {
        const bool alone = !in_paragraph_;
        if (alone) {
            begin_paragraph("Normal", Event());
        }
        if (!picture(event)) {
            Event label;
            label.text = event.text.empty() ? event.address : event.text;
            if (!event.address.empty()) {
                label.marks.push_back({MarkKind::link, event.address});
            }
            words(label);
        }
        if (alone) {
            end_paragraph();
        }
    }

    /// False when the document has not the image itself.
    bool picture(const Event& event) {
        const std::string_view hash = image_hash_of(event.address);
        auto image = images_ && !hash.empty() ? images_(hash, ImageUse::office) : std::nullopt;
        if (!image || image->width < 1 || image->height < 1) {
            return false;
        }
        const std::string type = image->type.substr(image->type.find('/') + 1);
        const std::string name = "media/" + std::string(hash) + "." + type;
        const std::string id = std::to_string(relation(name, true));
        if (std::none_of(pictures_.begin(), pictures_.end(), [&name](const Picture& one) { return one.name == name; })) {
            pictures_.push_back({name, type, std::move(image->bytes)});
        }
        const std::int64_t room = docx_room_twips * emu_per_twip - static_cast<std::int64_t>(depth()) * docx_indent_twips * emu_per_twip;
        const std::int64_t width = std::min((event.width > 0 ? event.width : image->width) * emu_per_pixel, std::max<std::int64_t>(room, emu_per_pixel));
        const std::int64_t height = std::max<std::int64_t>(1, width * image->height / image->width);
        const std::string size = " cx=\"" + std::to_string(width) + "\" cy=\"" + std::to_string(height) + "\"";
        const std::string number = std::to_string(++picture_count_);
        body_ += "<w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent" + size + "/><wp:docPr id=\"" + number + "\" name=\"" + number + "\" descr=\"";
        escape_xml(event.text, body_);
        if (!event.title.empty()) {
            body_ += "\" title=\"";
            escape_xml(event.title, body_);
        }
        // Microsoft's [MS-ODRAWXML] 2.28: a decoration is one by what it says, not by an empty description.
        const bool decoration = event.described && event.text.empty();
        body_ += decoration ? "\"><a:extLst><a:ext uri=\"{C183D7F6-B498-43B3-948B-1728B52AA6E4}\"><adec:decorative xmlns:adec=\"http://schemas.microsoft.com/office/drawing/2017/decorative\" val=\"1\"/></a:ext></a:extLst></wp:docPr>" : "\"/>";
        body_ += "<a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr><pic:cNvPr id=\"" + number + "\" name=\"" + number +
                 "\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed=\"rId" + id + "\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext" + size +
                 "/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>";
        return true;
    }

    const ImageSource& images_;
    std::string body_;
    std::vector<List> lists_;
    std::vector<DocxList> numbered_;
    std::vector<DocxRelation> relations_;
    std::map<std::string, std::size_t> relation_ids_;
    std::vector<Picture> pictures_;
    std::vector<TableShape> shapes_;
    std::vector<Table> tables_;
    std::vector<std::int64_t> column_;       ///< of each open row: the next place
    std::vector<std::size_t> cell_begin_;    ///< where the content of each open cell begins
    std::size_t table_count_ = 0;
    std::size_t picture_count_ = 0;
    int quotes_ = 0;
    int header_ = 0;
    bool in_paragraph_ = false;
    bool after_table_ = false;
    bool bold_ = false;
    bool from_right_ = false;
};

} // namespace

std::string render_docx(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images) {
    DocxRenderer renderer(images);
    const std::string document = renderer.render(events);
    std::vector<std::string> types;
    for (const auto& picture : renderer.pictures()) {
        if (std::find(types.begin(), types.end(), picture.type) == types.end()) {
            types.push_back(picture.type);
        }
    }
    using Packing = ZipWriter::Packing;
    ZipWriter zip;
    zip.add("[Content_Types].xml", docx_content_types(types), Packing::deflated);
    zip.add("_rels/.rels", docx_package_relations, Packing::deflated);
    zip.add("word/document.xml", document, Packing::deflated);
    zip.add("word/_rels/document.xml.rels", docx_relations(renderer.relations()), Packing::deflated);
    zip.add("word/styles.xml", docx_styles(english), Packing::deflated);
    zip.add("word/numbering.xml", docx_numbering(renderer.numbered()), Packing::deflated);
    zip.add("docProps/core.xml", docx_properties(title), Packing::deflated);
    for (const auto& picture : renderer.pictures()) {
        zip.add("word/" + picture.name, picture.bytes, Packing::stored);
    }
    return zip.finish();
}

} // namespace hameau::pads
