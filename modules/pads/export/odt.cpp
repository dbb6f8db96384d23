// OpenDocument Text 1.2: content.xml and styles.xml in a ZIP whose first file is "mimetype", stored.
#include <algorithm>
#include <map>

#include "modules/pads/documents/image_names.hpp"
#include "modules/pads/export/limits.hpp"
#include "modules/pads/export/odt_styles.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/export/table_grid.hpp"
#include "modules/pads/export/zip.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view media_type = "application/vnd.oasis.opendocument.text";
constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A picture of the document, as a file of the archive.
struct Picture {
    std::string name;
    ImageBytes image;
};

class OdtRenderer {
public:
    explicit OdtRenderer(const ImageSource& images) : images_(images) {}

    const std::vector<Picture>& pictures() const { return pictures_; }

    std::string render(std::span<const Event> events) {
        shapes_ = table_shapes(events);
        for (const Event& event : events) {
            switch (event.kind) {
            case Event::Kind::open:
                open(event);
                break;
            case Event::Kind::close:
                close(event.block);
                break;
            case Event::Kind::text:
                text(event);
                break;
            }
        }
        return content();
    }

private:
    /// A list that is open in the pad. A table cannot stand in a list (ODF 1.2 §5.3.3): the list is closed in the file, and
    /// what comes behind the table goes on in it.
    struct List {
        Block block;
        std::int64_t start = 1;
        std::string type = {};      ///< how an ordered list counts
        bool in_item = false;
        bool written = false;       ///< it is open in the file
        std::string_view item_tag = {};  ///< open in the file, or empty
    };
    struct Table {
        TableShape shape;
        TableGrid grid;
        std::int64_t row = 0;
    };

    void paragraph(std::string_view style) { body_.append("<text:p text:style-name=\"").append(style).append("\">"); }

    void begin_list(List& list, bool again) {
        const char* style = list.block == Block::task_list ? "Tasks" : list.block == Block::bullet_list ? "Bullets" : "Numbers";
        const std::string counts = list.type.empty() || list.type == "1" ? std::string() : "_" + list.type;
        body_ += std::string("<text:list text:style-name=\"") + style + counts + (again ? "\" text:continue-numbering=\"true\">" : "\">");
        list.written = true;
    }
    void begin_item(List& list, std::string_view tag) {
        body_.append("<").append(tag);
        body_ += list.start > 1 && tag == "text:list-item" ? " text:start-value=\"" + std::to_string(list.start) + "\">" : std::string(">");
        list.start = tag == "text:list-item" ? 1 : list.start;
        list.item_tag = tag;
    }
    void end_item(List& list) {
        if (!list.item_tag.empty()) {
            body_.append("</").append(list.item_tag).append(">");
            list.item_tag = {};
        }
    }
    std::vector<List>& lists() { return lists_.back(); }

    void suspend_lists() {
        for (auto list = lists().rbegin(); list != lists().rend(); ++list) {
            end_item(*list);
            body_ += list->written ? "</text:list>" : "";
            list->written = false;
        }
    }
    /// Before anything that stands in them.
    void resume_lists() {
        for (List& list : lists()) {
            if (!list.written) {
                begin_list(list, true);
            }
            if (list.in_item && list.item_tag.empty()) {
                begin_item(list, "text:list-header");
            }
        }
    }

    void begin_line(std::string_view style, Align align = Align::none, bool from_right = false) {
        ++lines_;
        resume_lists();
        paragraph(odf_paragraph_style(style, align, from_right));
        body_ += task_;
        task_.clear();
    }

    void open(const Event& event) {
        switch (event.block) {
        case Block::paragraph:
            begin_line(header_ > 0 ? "Table Heading" : quotes_ > 0 ? "Quotations" : "Standard", event.align, event.from_right);
            break;
        case Block::heading: {
            ++lines_;
            resume_lists();
            flush_task();
            const std::string level = std::to_string(event.number);
            body_ += "<text:h text:style-name=\"" + odf_paragraph_style("Heading " + level, event.align, event.from_right) + "\" text:outline-level=\"" + level + "\">";
            break;
        }
        case Block::code:
            begin_line("Preformatted Text");
            break;
        case Block::quote:
            ++quotes_;
            break;
        case Block::bullet_list:
        case Block::task_list:
        case Block::ordered_list:
            resume_lists();
            lists().push_back({event.block, event.block == Block::ordered_list ? event.number : 1, event.block == Block::ordered_list ? event.text : std::string()});
            begin_list(lists().back(), false);
            break;
        case Block::list_item:
        case Block::task_item:
            open_item(event);
            break;
        case Block::rule:
            resume_lists();
            paragraph(odf_paragraph_style("Horizontal Line", Align::none));
            break;
        case Block::line_break:
            body_ += "<text:line-break/>";
            break;
        case Block::mention:
            body_ += "@";
            escape_xml(event.text, body_);
            break;
        case Block::image:
            image(event);
            break;
        case Block::table:
            open_table();
            break;
        case Block::table_row:
            if (!tables_.empty()) {
                tables_.back().grid.begin_row();
            }
            body_ += "<table:table-row>";
            break;
        case Block::table_header:
        case Block::table_cell:
            open_cell(event);
            break;
        case Block::unknown:
            break;
        }
    }

    void open_item(const Event& event) {
        resume_lists();
        if (lists().empty()) {
            return;  // no editor makes an item without a list: its content stands alone
        }
        lists().back().in_item = true;
        begin_item(lists().back(), "text:list-item");
        if (event.block == Block::task_item) {
            task_ = event.checked ? "☑ " : "☐ ";
        }
    }

    /// A box whose item does not begin with a paragraph stands alone.
    void flush_task() {
        if (!task_.empty()) {
            begin_line("Standard");
            body_ += "</text:p>";
            --lines_;
        }
    }

    void close_item() {
        flush_task();
        if (!lists().empty()) {
            end_item(lists().back());
            lists().back().in_item = false;
        }
    }

    void close_list() {
        if (!lists().empty()) {
            end_item(lists().back());
            body_ += lists().back().written ? "</text:list>" : "";
            lists().pop_back();
        }
    }

    void open_table() {
        flush_task();
        suspend_lists();
        const TableShape shape = table_count_ < shapes_.size() ? shapes_[table_count_] : TableShape{};
        ++table_count_;
        tables_.push_back({shape, TableGrid(shape.rows)});
        const std::string name = "Table" + std::to_string(table_count_);
        const std::string style = shape.widths.empty() ? std::string("Table") : name;
        body_ += "<table:table table:name=\"" + name + "\" table:style-name=\"" + style + "\">";
        if (shape.widths.empty()) {
            const std::string columns = std::to_string(std::min(shape.columns, grid_columns_max));
            body_ += "<table:table-column table:number-columns-repeated=\"" + columns + "\"/>";
        } else {
            table_styles_ += odf_table_styles(name, shape.widths);
        }
        for (std::size_t i = 1; i <= shape.widths.size(); ++i) {
            body_ += "<table:table-column table:style-name=\"" + name + "." + std::to_string(i) + "\"/>";
        }
        body_ += shape.header_rows > 0 ? "<table:table-header-rows>" : "";
    }

    void open_cell(const Event& event) {
        TableGrid::Place place;
        if (!tables_.empty()) {
            place = tables_.back().grid.place(event);
        }
        covered(place.covered);
        body_ += "<table:table-cell table:style-name=\"Cell\" office:value-type=\"string\"";
        body_ += place.columns > 1 ? " table:number-columns-spanned=\"" + std::to_string(place.columns) + "\"" : std::string();
        body_ += place.rows > 1 ? " table:number-rows-spanned=\"" + std::to_string(place.rows) + "\">" : std::string(">");
        spans_.push_back(place.columns);
        header_ += event.block == Block::table_header ? 1 : 0;
        lists_.emplace_back();
    }

    /// ODF 1.2 §9.1.5: what a cell covers, to its right and below, is there as covered cells.
    void covered(std::int64_t count) {
        if (count > 0) {
            body_ += count == 1 ? "<table:covered-table-cell/>"
                                : "<table:covered-table-cell table:number-columns-repeated=\"" + std::to_string(count) + "\"/>";
        }
    }

    void close_cell(Block block) {
        header_ -= block == Block::table_header ? 1 : 0;
        if (lists_.size() > 1) {
            lists_.pop_back();
        }
        body_ += "</table:table-cell>";
        if (!spans_.empty()) {
            covered(spans_.back() - 1);
            spans_.pop_back();
        }
    }

    void close_row() {
        if (!tables_.empty()) {
            Table& table = tables_.back();
            for (const TableGrid::Gap& gap : table.grid.end_row(std::min(table.shape.columns, grid_columns_max))) {
                if (gap.covered) {
                    covered(gap.columns);
                } else {
                    body_ += "<table:table-cell table:style-name=\"Cell\" table:number-columns-repeated=\"" + std::to_string(gap.columns) + "\"><text:p/></table:table-cell>";
                }
            }
        }
        body_ += "</table:table-row>";
        if (!tables_.empty() && ++tables_.back().row == tables_.back().shape.header_rows) {
            body_ += "</table:table-header-rows>";
        }
    }

    void close(Block block) {
        switch (block) {
        case Block::paragraph:
        case Block::code:
            --lines_;
            body_ += "</text:p>";
            break;
        case Block::rule:
            body_ += "</text:p>";
            break;
        case Block::heading:
            --lines_;
            body_ += "</text:h>";
            break;
        case Block::quote:
            --quotes_;
            break;
        case Block::bullet_list:
        case Block::ordered_list:
        case Block::task_list:
            close_list();
            break;
        case Block::list_item:
        case Block::task_item:
            close_item();
            break;
        case Block::table:
            body_ += "</table:table>";
            if (!tables_.empty()) {
                tables_.pop_back();
            }
            break;
        case Block::table_row:
            close_row();
            break;
        case Block::table_header:
        case Block::table_cell:
            close_cell(block);
            break;
        default:
            break;
        }
    }

    /// False when the document has not the image itself.
    bool picture(const Event& event) {
        const std::string_view hash = image_hash_of(event.address);
        auto image = images_ && !hash.empty() ? images_(hash, ImageUse::office) : std::nullopt;
        if (!image || image->width < 1 || image->height < 1) {
            return false;
        }
        constexpr double room = odf_room_cm * 96 / 2.54;
        const double width = std::min(static_cast<double>(event.width > 0 ? event.width : image->width), room);
        const double height = width * static_cast<double>(image->height) / static_cast<double>(image->width);
        const std::string name = "Pictures/" + std::string(hash) + "." + image->type.substr(image->type.find('/') + 1);
        // LibreOffice's own, from 7.5 on; ODF 1.2 §1.3 lets it stand there.
        const std::string decorative = event.described && event.text.empty() ? " loext:decorative=\"true\"" : "";
        body_ += "<draw:frame draw:name=\"" + std::to_string(pictures_.size() + 1) + "\" text:anchor-type=\"as-char\"" + decorative + " svg:width=\"" +
                 odf_centimetres(width) + "\" svg:height=\"" + odf_centimetres(height) + "\"><draw:image xlink:href=\"" + name +
                 "\" xlink:type=\"simple\" xlink:show=\"embed\" xlink:actuate=\"onLoad\"/>";
        about("svg:title", event.text);
        about("svg:desc", event.title);
        body_ += "</draw:frame>";
        pictures_.push_back({name, std::move(*image)});
        return true;
    }

    void about(std::string_view element, std::string_view text) {
        if (!text.empty()) {
            body_.append("<").append(element).append(">");
            escape_xml(text, body_);
            body_.append("</").append(element).append(">");
        }
    }

    void image(const Event& event) {
        // ODF 1.2 §9.2: text and frames stand in paragraphs.
        const bool bare = lines_ == 0;
        if (bare) {
            resume_lists();
            paragraph("Standard");
        }
        if (!picture(event)) {
            image_link(event);
        }
        body_ += bare ? "</text:p>" : "";
    }

    void image_link(const Event& event) {
        std::string label;
        escape_xml(event.text.empty() ? event.address : event.text, label);
        if (event.address.empty()) {
            body_ += label;
            return;
        }
        body_ += "<text:a xlink:type=\"simple\" text:style-name=\"Internet_20_link\" xlink:href=\"";
        escape_xml(event.address, body_);
        body_ += "\">" + label + "</text:a>";
    }

    void text(const Event& event) {
        const bool link = !event.marks.empty() && event.marks.front().kind == MarkKind::link;
        const std::string style = style_of(event.marks);
        if (link) {
            body_ += "<text:a xlink:type=\"simple\" text:style-name=\"Internet_20_link\" xlink:href=\"";
            escape_xml(event.marks.front().value, body_);
            if (!event.marks.front().title.empty()) {
                body_ += "\" office:title=\"";
                escape_xml(event.marks.front().title, body_);
            }
            body_ += "\">";
        }
        if (!style.empty()) {
            body_ += "<text:span text:style-name=\"" + style + "\">";
        }
        characters(event.text);
        body_ += style.empty() ? "" : "</text:span>";
        body_ += link ? "</text:a>" : "";
    }

    /// ODF 1.2 §6.1.2: white space is collapsed unless it is written as elements.
    void characters(std::string_view text) {
        std::size_t at = 0;
        while (at < text.size()) {
            const std::size_t special = std::min(text.find_first_of(" \t\n", at), text.size());
            escape_xml(text.substr(at, special - at), body_);
            at = special;
            if (at == text.size()) {
                return;
            }
            if (text[at] == ' ') {
                const std::size_t end = std::min(text.find_first_not_of(' ', at), text.size());
                // A single space in the middle stays as it is.
                if (end - at == 1 && at > 0 && end < text.size()) {
                    body_ += ' ';
                } else {
                    body_ += "<text:s text:c=\"" + std::to_string(end - at) + "\"/>";
                }
                at = end;
            } else {
                body_ += text[at] == '\t' ? "<text:tab/>" : "<text:line-break/>";
                ++at;
            }
        }
    }

    std::string style_of(const std::vector<Mark>& marks) {
        const std::string properties = odf_text_properties(marks);
        if (properties.empty()) {
            return {};
        }
        const auto known = styles_.find(properties);
        if (known != styles_.end()) {
            return known->second;
        }
        if (styles_.size() >= odt_styles_max) {
            return {};
        }
        return styles_[properties] = "T" + std::to_string(styles_.size() + 1);
    }

    std::string content() const {
        std::string out(xml_head);
        out.append("<office:document-content").append(odf_namespaces).append(">").append(odf_fonts).append("<office:automatic-styles>");
        for (const auto& [properties, name] : styles_) {
            out += "<style:style style:name=\"" + name + "\" style:family=\"text\"><style:text-properties" + properties + "/></style:style>";
        }
        out += table_styles_;
        out += "<style:style style:name=\"Table\" style:family=\"table\"><style:table-properties table:align=\"margins\"/></style:style>"
               "<style:style style:name=\"Cell\" style:family=\"table-cell\"><style:table-cell-properties fo:padding=\"0.1cm\" "
               "fo:border=\"0.5pt solid #8a938f\"/></style:style></office:automatic-styles><office:body><office:text>";
        out += body_;
        return out += "</office:text></office:body></office:document-content>";
    }

    const ImageSource& images_;
    std::vector<Picture> pictures_;
    int lines_ = 0;  ///< open paragraphs
    std::string body_;
    std::map<std::string, std::string> styles_;
    std::string table_styles_;
    std::string task_;
    std::vector<std::int64_t> spans_;
    int quotes_ = 0;
    int header_ = 0;
    std::vector<std::vector<List>> lists_{1};  ///< of the text, and of each open cell
    std::vector<TableShape> shapes_;
    std::vector<Table> tables_;
    std::size_t table_count_ = 0;
};

std::string meta(std::string_view title) {
    std::string out(xml_head);
    out.append("<office:document-meta").append(odf_namespaces).append("><office:meta><meta:generator>Hameau</meta:generator><dc:title>");
    escape_xml(title, out);
    return out += "</dc:title></office:meta></office:document-meta>";
}

constexpr std::string_view manifest =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" "
    "manifest:version=\"1.2\"><manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.2\" "
    "manifest:media-type=\"application/vnd.oasis.opendocument.text\"/>"
    "<manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>"
    "<manifest:file-entry manifest:full-path=\"styles.xml\" manifest:media-type=\"text/xml\"/>"
    "<manifest:file-entry manifest:full-path=\"meta.xml\" manifest:media-type=\"text/xml\"/>";

} // namespace

std::string render_odt(std::span<const Event> events, std::string_view title, bool english, const ImageSource& images) {
    OdtRenderer renderer(images);
    const std::string content = renderer.render(events);
    std::string files(manifest);
    std::vector<std::string_view> named;
    ZipWriter zip;
    // ODF 1.2 part 3 §3.3: first, stored, without extra field.
    zip.add("mimetype", media_type, ZipWriter::Packing::stored);
    for (const Picture& picture : renderer.pictures()) {
        if (std::find(named.begin(), named.end(), picture.name) == named.end()) {
            named.push_back(picture.name);
            zip.add(picture.name, picture.image.bytes, ZipWriter::Packing::stored);
            files += "<manifest:file-entry manifest:full-path=\"" + picture.name + "\" manifest:media-type=\"" + picture.image.type + "\"/>";
        }
    }
    files += "</manifest:manifest>";
    zip.add("META-INF/manifest.xml", files, ZipWriter::Packing::deflated);
    zip.add("content.xml", content, ZipWriter::Packing::deflated);
    zip.add("styles.xml", odf_styles(english), ZipWriter::Packing::deflated);
    zip.add("meta.xml", meta(title), ZipWriter::Packing::deflated);
    return zip.finish();
}

} // namespace hameau::pads
