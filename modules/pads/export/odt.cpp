// OpenDocument Text 1.2: content.xml and styles.xml in a ZIP whose first file is "mimetype", stored.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "modules/pads/export/render.hpp"
#include "modules/pads/export/zip.hpp"
#include "modules/pads/image_names.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view media_type = "application/vnd.oasis.opendocument.text";
constexpr std::string_view namespaces =
    " xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\""
    " xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\""
    " xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
    " xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\""
    " xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" office:version=\"1.2\"";
constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::size_t styles_max = 500;

/// The style of a stretch of text, as attributes; links are no style.
std::string properties_of(const std::vector<Mark>& marks) {
    std::string out;
    const auto colour = [&out](std::string_view name, const std::string& value, std::string_view otherwise) {
        // ODF 1.2 §18.3.9: a colour is #rrggbb.
        std::string hex = value.size() == 7 && value[0] == '#' ? value : std::string(otherwise);
        if (value.size() == 4 && value[0] == '#') {
            hex = {'#', value[1], value[1], value[2], value[2], value[3], value[3]};
        }
        if (!hex.empty()) {
            out.append(" ").append(name).append("=\"").append(hex).append("\"");
        }
    };
    for (const Mark& mark : marks) {
        switch (mark.kind) {
        case MarkKind::bold:
            out += " fo:font-weight=\"bold\"";
            break;
        case MarkKind::italic:
            out += " fo:font-style=\"italic\"";
            break;
        case MarkKind::underline:
            out += " style:text-underline-style=\"solid\"";
            break;
        case MarkKind::strike:
            out += " style:text-line-through-style=\"solid\"";
            break;
        case MarkKind::highlight:
            colour("fo:background-color", mark.value, "#ffef9e");
            break;
        case MarkKind::colour:
            colour("fo:color", mark.value, "");
            break;
        case MarkKind::subscript:
            out += " style:text-position=\"sub 58%\"";
            break;
        case MarkKind::superscript:
            out += " style:text-position=\"super 58%\"";
            break;
        case MarkKind::code:
            out += " style:font-name=\"Courier New\" fo:font-family=\"monospace\"";
            break;
        case MarkKind::link:
            break;
        }
    }
    return out;
}

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
        for (std::size_t i = 0; i < events.size(); ++i) {
            const Event& event = events[i];
            switch (event.kind) {
            case Event::Kind::open:
                open(event, events.subspan(i));
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
    void paragraph(std::string_view style) { body_.append("<text:p text:style-name=\"").append(style).append("\">"); }

    void open(const Event& event, std::span<const Event> from_here) {
        switch (event.block) {
        case Block::paragraph:
            ++lines_;
            paragraph(std::string(header_ > 0 ? "TableHead" : quotes_ > 0 ? "Quotations" : "Standard") + suffix_of(event.align));
            body_ += task_;
            task_.clear();
            break;
        case Block::heading: {
            ++lines_;
            const std::string level = std::to_string(event.number);
            body_ += "<text:h text:style-name=\"Heading" + level + suffix_of(event.align) + "\" text:outline-level=\"" + level + "\">";
            break;
        }
        case Block::code:
            ++lines_;
            paragraph("Code");
            break;
        case Block::quote:
            ++quotes_;
            break;
        case Block::bullet_list:
        case Block::task_list:
            body_ += event.block == Block::task_list ? "<text:list text:style-name=\"Tasks\">" : "<text:list text:style-name=\"Bullets\">";
            break;
        case Block::ordered_list:
            body_ += "<text:list text:style-name=\"Numbers\">";
            start_ = event.number;
            break;
        case Block::list_item:
        case Block::task_item:
            body_ += start_ > 1 ? "<text:list-item text:start-value=\"" + std::to_string(start_) + "\">" : std::string("<text:list-item>");
            start_ = 1;
            if (event.block == Block::task_item) {
                task_ = event.checked ? "☑ " : "☐ ";
            }
            break;
        case Block::rule:
            paragraph("Rule");
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
            body_ += "<table:table table:style-name=\"Table\"><table:table-column table:number-columns-repeated=\"" +
                     std::to_string(columns(from_here)) + "\"/>";
            break;
        case Block::table_row:
            body_ += "<table:table-row>";
            break;
        case Block::table_header:
        case Block::table_cell:
            body_ += "<table:table-cell table:style-name=\"Cell\" office:value-type=\"string\"";
            body_ += event.number > 1 ? " table:number-columns-spanned=\"" + std::to_string(event.number) + "\"" : std::string();
            body_ += event.rows > 1 ? " table:number-rows-spanned=\"" + std::to_string(event.rows) + "\">" : std::string(">");
            spans_.push_back(event.number);
            header_ += event.block == Block::table_header ? 1 : 0;
            break;
        case Block::unknown:
            break;
        }
    }

    /// Columns of the first row of the table that opens here.
    static std::int64_t columns(std::span<const Event> events) {
        std::int64_t count = 0;
        int depth = 0;
        for (const Event& event : events) {
            const bool cell = event.block == Block::table_cell || event.block == Block::table_header;
            if (cell && event.kind == Event::Kind::open && depth++ == 0) {
                count += event.number;
            } else if (cell && event.kind == Event::Kind::close) {
                --depth;
            } else if (event.block == Block::table_row && event.kind == Event::Kind::close && depth == 0) {
                break;
            }
        }
        return std::max<std::int64_t>(count, 1);
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
            body_ += "</text:list>";
            break;
        case Block::list_item:
        case Block::task_item:
            if (!task_.empty()) {
                body_ += "<text:p>" + task_ + "</text:p>";
                task_.clear();
            }
            body_ += "</text:list-item>";
            break;
        case Block::table:
            body_ += "</table:table>";
            break;
        case Block::table_row:
            body_ += "</table:table-row>";
            break;
        case Block::table_header:
        case Block::table_cell:
            header_ -= block == Block::table_header ? 1 : 0;
            body_ += "</table:table-cell>";
            // ODF 1.2 §9.1.5: what a cell covers is there as covered cells.
            for (std::int64_t i = 1; i < spans_.back(); ++i) {
                body_ += "<table:covered-table-cell/>";
            }
            spans_.pop_back();
            break;
        default:
            break;
        }
    }

    static std::string suffix_of(Align align) {
        return align == Align::center ? "Center" : align == Align::right ? "Right" : align == Align::justify ? "Justify" : "";
    }

    /// False when the document has not the image itself.
    bool picture(const Event& event) {
        const std::string_view hash = image_hash_of(event.address);
        auto image = images_ && !hash.empty() ? images_(hash, ImageUse::office) : std::nullopt;
        if (!image || image->width < 1 || image->height < 1) {
            return false;
        }
        // 96 CSS pixels are an inch; a page has room for 17 cm.
        constexpr double room_cm = 17;
        const double wanted = static_cast<double>(event.width > 0 ? event.width : image->width) * 2.54 / 96;
        const double width = std::min(wanted, room_cm);
        const double height = width * static_cast<double>(image->height) / static_cast<double>(image->width);
        const auto centimetres = [](double value) {
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%.2fcm", value);
            return std::string(text.data());
        };
        const std::string name = "Pictures/" + std::string(hash) + "." + image->type.substr(image->type.find('/') + 1);
        body_ += "<draw:frame draw:name=\"" + std::to_string(pictures_.size() + 1) + "\" text:anchor-type=\"as-char\" svg:width=\"" +
                 centimetres(width) + "\" svg:height=\"" + centimetres(height) + "\"><draw:image xlink:href=\"" + name +
                 "\" xlink:type=\"simple\" xlink:show=\"embed\" xlink:actuate=\"onLoad\"/><svg:title>";
        escape_xml(event.text, body_);
        body_ += "</svg:title></draw:frame>";
        pictures_.push_back({name, std::move(*image)});
        return true;
    }

    void image(const Event& event) {
        // ODF 1.2 §9.2: text and frames stand in paragraphs.
        const bool bare = lines_ == 0;
        if (bare) {
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
        body_ += "<text:a xlink:type=\"simple\" xlink:href=\"";
        escape_xml(event.address, body_);
        body_ += "\">" + label + "</text:a>";
    }

    void text(const Event& event) {
        const bool link = !event.marks.empty() && event.marks.front().kind == MarkKind::link;
        const std::string style = style_of(event.marks);
        if (link) {
            body_ += "<text:a xlink:type=\"simple\" xlink:href=\"";
            escape_xml(event.marks.front().value, body_);
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
        const std::string properties = properties_of(marks);
        if (properties.empty()) {
            return {};
        }
        const auto known = styles_.find(properties);
        if (known != styles_.end()) {
            return known->second;
        }
        if (styles_.size() >= styles_max) {
            return {};
        }
        return styles_[properties] = "T" + std::to_string(styles_.size() + 1);
    }

    std::string content() const {
        std::string out(xml_head);
        out.append("<office:document-content").append(namespaces).append("><office:automatic-styles>");
        for (const auto& [properties, name] : styles_) {
            out += "<style:style style:name=\"" + name + "\" style:family=\"text\"><style:text-properties" + properties + "/></style:style>";
        }
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
    std::string task_;
    std::vector<std::int64_t> spans_;
    std::int64_t start_ = 1;
    int quotes_ = 0;
    int header_ = 0;
};

std::string list_style(std::string_view name, std::string_view bullet) {
    std::string out = "<text:list-style style:name=\"" + std::string(name) + "\">";
    for (int level = 1; level <= 10; ++level) {
        const std::string number = std::to_string(level);
        const std::string indent = std::to_string(level * 6) + "mm";
        const std::string properties =
            "<style:list-level-properties text:list-level-position-and-space-mode=\"label-alignment\">"
            "<style:list-level-label-alignment text:label-followed-by=\"listtab\" fo:text-indent=\"-6mm\" fo:margin-left=\"" + indent +
            "\"/></style:list-level-properties>";
        if (bullet == "1") {
            out += "<text:list-level-style-number text:level=\"" + number + "\" style:num-format=\"1\" style:num-suffix=\".\">" +
                   properties + "</text:list-level-style-number>";
        } else {
            out += "<text:list-level-style-bullet text:level=\"" + number + "\" text:bullet-char=\"" + std::string(bullet) + "\">" +
                   properties + "</text:list-level-style-bullet>";
        }
    }
    return out + "</text:list-style>";
}

std::string paragraph_style(const std::string& name, const std::string& paragraph, const std::string& text) {
    return "<style:style style:name=\"" + name + "\" style:family=\"paragraph\"><style:paragraph-properties" + paragraph +
           "/><style:text-properties" + text + "/></style:style>";
}

std::string styles(bool english) {
    std::string out(xml_head);
    out.append("<office:document-styles").append(namespaces).append("><office:styles>");
    const std::string language = english ? " fo:language=\"en\" fo:country=\"GB\"" : " fo:language=\"fr\" fo:country=\"FR\"";
    out += paragraph_style("Standard", " fo:margin-bottom=\"2mm\"", " fo:font-size=\"12pt\"" + language);
    constexpr const char* sizes[] = {"22pt", "17pt", "14pt", "13pt", "12pt", "12pt"};
    for (int level = 1; level <= 6; ++level) {
        out += paragraph_style("Heading" + std::to_string(level), " fo:margin-top=\"5mm\" fo:margin-bottom=\"2mm\" fo:keep-with-next=\"always\"",
                               " fo:font-weight=\"bold\" fo:font-size=\"" + std::string(sizes[level - 1]) + "\"" + language);
    }
    out += paragraph_style("Quotations", " fo:margin-left=\"8mm\" fo:margin-right=\"8mm\" fo:margin-bottom=\"2mm\"", " fo:font-style=\"italic\"");
    out += paragraph_style("Code", " fo:background-color=\"#f0f0ee\"", " fo:font-family=\"monospace\"");
    out += paragraph_style("TableHead", "", " fo:font-weight=\"bold\"");
    for (const auto& [suffix, value] : {std::pair("Center", "center"), std::pair("Right", "end"), std::pair("Justify", "justify")}) {
        const std::string align = std::string(" fo:text-align=\"") + value + "\"";
        for (const char* name : {"Standard", "Quotations", "TableHead", "Heading1", "Heading2", "Heading3", "Heading4", "Heading5", "Heading6"}) {
            out += "<style:style style:name=\"" + std::string(name) + suffix + "\" style:family=\"paragraph\" style:parent-style-name=\"" +
                   name + "\"><style:paragraph-properties" + align + "/></style:style>";
        }
    }
    out += paragraph_style("Rule", " fo:border-bottom=\"0.5pt solid #8a938f\"", "");
    out += list_style("Bullets", "•");
    out += list_style("Tasks", " ");
    out += list_style("Numbers", "1");
    return out += "</office:styles></office:document-styles>";
}

std::string meta(std::string_view title) {
    std::string out(xml_head);
    out.append("<office:document-meta").append(namespaces).append("><office:meta><meta:generator>Hameau</meta:generator><dc:title>");
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
    zip.add("styles.xml", styles(english), ZipWriter::Packing::deflated);
    zip.add("meta.xml", meta(title), ZipWriter::Packing::deflated);
    return zip.finish();
}

} // namespace hameau::pads
