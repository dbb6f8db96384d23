// Elements stand in the order of ECMA-376's schema (wml.xsd), which Word wants.
#include "modules/pads/export/docx_parts.hpp"

#include <algorithm>
#include <cmath>

#include "modules/pads/export/odt_styles.hpp"
#include "modules/pads/export/render.hpp"

namespace hameau::pads {

const std::string_view docx_xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const std::string_view docx_package_relations =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>"
    "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>"
    "</Relationships>";

namespace {

constexpr std::string_view word_namespace = " xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

std::string style(std::string_view id, std::string_view name, std::string_view paragraph, std::string_view run, std::string_view based_on = "Normal") {
    std::string out = std::string("<w:style w:type=\"paragraph\"") + (id == "Normal" ? " w:default=\"1\"" : "") + " w:styleId=\"" + std::string(id) + "\"><w:name w:val=\"" + std::string(name) + "\"/>";
    out += id == "Normal" ? std::string() : "<w:basedOn w:val=\"" + std::string(based_on) + "\"/>";
    out += "<w:qFormat/>";
    out += paragraph.empty() ? std::string() : "<w:pPr>" + std::string(paragraph) + "</w:pPr>";
    out += run.empty() ? std::string() : "<w:rPr>" + std::string(run) + "</w:rPr>";
    return out + "</w:style>";
}

std::string_view number_format(std::string_view type) {
    return type == "a" ? "lowerLetter" : type == "A" ? "upperLetter" : type == "i" ? "lowerRoman" : type == "I" ? "upperRoman" : "decimal";
}

/// One w:abstractNum for each way of counting; each list is a w:num of its own, so that its numbers are its own.
constexpr std::string_view ways[] = {"bullet", "task", "1", "a", "A", "i", "I"};
std::string_view way_of(const DocxList& list) {
    return list.block == Block::bullet_list ? "bullet" : list.block == Block::task_list ? "task" : list.type.empty() ? std::string_view("1") : std::string_view(list.type);
}

/// Half points of a font size; 0 when it says none.
long half_points(std::string_view size) {
    const auto parsed = font_size_of(size);
    if (!parsed) {
        return 0;
    }
    const auto [number, unit] = *parsed;
    constexpr double body_points = 12, most = 400;
    const double points = unit == "px" ? number * 0.75 : unit == "pt" ? number : unit == "%" ? number * body_points / 100 : number * body_points;
    return points > 0 && points < most ? std::lround(points * 2) : 0;
}

} // namespace

std::string docx_styles(bool english) {
    std::string out(docx_xml_head);
    out.append("<w:styles").append(word_namespace).append(">");
    out += "<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\" w:cs=\"Calibri\"/><w:sz w:val=\"24\"/><w:lang w:val=\"";
    out += english ? "en-GB" : "fr-FR";
    out += "\"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after=\"120\"/></w:pPr></w:pPrDefault></w:docDefaults>";
    out += style("Normal", "Normal", "", "");
    constexpr int sizes[] = {44, 34, 28, 26, 24, 24};
    for (int level = 1; level <= 6; ++level) {
        const std::string number = std::to_string(level);
        out += style("Heading" + number, "heading " + number, "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"120\"/><w:outlineLvl w:val=\"" + std::to_string(level - 1) + "\"/>",
                     "<w:b/><w:sz w:val=\"" + std::to_string(sizes[level - 1]) + "\"/>");
    }
    out += style("Quote", "Quote", "<w:ind w:left=\"454\" w:right=\"454\"/>", "<w:i/>");
    out += style("HTMLPreformatted", "HTML Preformatted", "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"F0F0EE\"/>", "<w:rFonts w:ascii=\"Courier New\" w:hAnsi=\"Courier New\" w:cs=\"Courier New\"/><w:sz w:val=\"20\"/>");
    out += style("ListParagraph", "List Paragraph", "<w:contextualSpacing/>", "");
    out += "<w:style w:type=\"character\" w:styleId=\"Hyperlink\"><w:name w:val=\"Hyperlink\"/><w:rPr><w:color w:val=\"0B5C8A\"/><w:u w:val=\"single\"/></w:rPr></w:style>";
    out += "<w:style w:type=\"table\" w:default=\"1\" w:styleId=\"TableNormal\"><w:name w:val=\"Normal Table\"/><w:tblPr><w:tblInd w:w=\"0\" w:type=\"dxa\"/><w:tblCellMar><w:top w:w=\"0\" w:type=\"dxa\"/>"
           "<w:left w:w=\"108\" w:type=\"dxa\"/><w:bottom w:w=\"0\" w:type=\"dxa\"/><w:right w:w=\"108\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style>";
    out += "<w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/><w:basedOn w:val=\"TableNormal\"/><w:tblPr><w:tblBorders>";
    for (const char* side : {"top", "left", "bottom", "right", "insideH", "insideV"}) {
        out += "<w:" + std::string(side) + " w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"8A938F\"/>";
    }
    return out += "</w:tblBorders></w:tblPr></w:style></w:styles>";
}

std::string docx_numbering(const std::vector<DocxList>& lists) {
    std::string out(docx_xml_head);
    out.append("<w:numbering").append(word_namespace).append(">");
    for (std::size_t i = 0; i < std::size(ways); ++i) {
        const std::string_view way = ways[i];
        out += "<w:abstractNum w:abstractNumId=\"" + std::to_string(i) + "\"><w:multiLevelType w:val=\"hybridMultilevel\"/>";
        for (std::size_t level = 0; level < docx_levels; ++level) {
            const std::string number = std::to_string(level);
            const bool sign = way == "bullet" || way == "task";
            const std::string text = way == "bullet" ? "\u2022" : way == "task" ? "" : "%" + std::to_string(level + 1) + ".";
            out += "<w:lvl w:ilvl=\"" + number + "\"><w:start w:val=\"1\"/><w:numFmt w:val=\"" + std::string(sign ? std::string_view("bullet") : number_format(way)) +
                   "\"/><w:lvlText w:val=\"" + text + "\"/><w:lvlJc w:val=\"left\"/><w:pPr><w:ind w:left=\"" + std::to_string(docx_indent_twips * (static_cast<std::int64_t>(level) + 1)) +
                   "\" w:hanging=\"" + std::to_string(docx_indent_twips) + "\"/></w:pPr></w:lvl>";
        }
        out += "</w:abstractNum>";
    }
    for (std::size_t i = 0; i < lists.size(); ++i) {
        const auto way = std::find(std::begin(ways), std::end(ways), way_of(lists[i]));
        out += "<w:num w:numId=\"" + std::to_string(i + 1) + "\"><w:abstractNumId w:val=\"" + std::to_string(way - std::begin(ways)) + "\"/><w:lvlOverride w:ilvl=\"" +
               std::to_string(lists[i].level) + "\"><w:startOverride w:val=\"" + std::to_string(lists[i].start) + "\"/></w:lvlOverride></w:num>";
    }
    return out += "</w:numbering>";
}

std::string docx_relations(const std::vector<DocxRelation>& relations) {
    constexpr std::string_view types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
    std::string out(docx_xml_head);
    out += "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
    const auto add = [&](std::size_t id, std::string_view type, std::string_view target, bool outside) {
        out.append("<Relationship Id=\"rId").append(std::to_string(id)).append("\" Type=\"").append(types).append(type).append("\" Target=\"");
        escape_xml(target, out);
        out += outside ? "\" TargetMode=\"External\"/>" : "\"/>";
    };
    add(1, "styles", "styles.xml", false);
    add(2, "numbering", "numbering.xml", false);
    for (std::size_t i = 0; i < relations.size(); ++i) {
        add(docx_first_relation + i, relations[i].image ? "image" : "hyperlink", relations[i].target, !relations[i].image);
    }
    return out += "</Relationships>";
}

std::string docx_content_types(const std::vector<std::string>& image_types) {
    std::string out(docx_xml_head);
    out += "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
           "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>";
    for (const std::string& type : image_types) {
        out += "<Default Extension=\"" + type + "\" ContentType=\"image/" + type + "\"/>";
    }
    constexpr std::string_view word = "application/vnd.openxmlformats-officedocument.wordprocessingml.";
    for (const auto& [part, type] : {std::pair("document", "document.main+xml"), std::pair("styles", "styles+xml"), std::pair("numbering", "numbering+xml")}) {
        out.append("<Override PartName=\"/word/").append(part).append(".xml\" ContentType=\"").append(word).append(type).append("\"/>");
    }
    return out += "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/></Types>";
}

std::string docx_properties(std::string_view title) {
    std::string out(docx_xml_head);
    out += "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>";
    escape_xml(title, out);
    return out += "</dc:title></cp:coreProperties>";
}

std::string docx_run_properties(const std::vector<Mark>& marks, bool from_right) {
    const auto of = [&marks](MarkKind kind) {
        const auto found = std::find_if(marks.begin(), marks.end(), [kind](const Mark& mark) { return mark.kind == kind; });
        return found == marks.end() ? nullptr : &*found;
    };
    const Mark* look = of(MarkKind::colour);
    const Mark* ground = of(MarkKind::highlight);
    const auto bare = [](std::string hex) { return hex.empty() ? hex : hex.substr(1); };
    std::string out = of(MarkKind::link) != nullptr ? "<w:rStyle w:val=\"Hyperlink\"/>" : "";
    const std::string font = of(MarkKind::code) != nullptr ? "Courier New" : look != nullptr ? office_font(look->font) : std::string();
    out += font.empty() ? std::string() : "<w:rFonts w:ascii=\"" + font + "\" w:hAnsi=\"" + font + "\" w:cs=\"" + font + "\"/>";
    out += of(MarkKind::bold) != nullptr ? "<w:b/>" : "";
    out += of(MarkKind::italic) != nullptr ? "<w:i/>" : "";
    out += of(MarkKind::strike) != nullptr ? "<w:strike/>" : "";
    const std::string colour = look != nullptr ? bare(office_colour(look->value)) : std::string();
    out += colour.empty() ? std::string() : "<w:color w:val=\"" + colour + "\"/>";
    const long size = look != nullptr ? half_points(look->size) : 0;
    out += size > 0 ? "<w:sz w:val=\"" + std::to_string(size) + "\"/>" : std::string();
    out += of(MarkKind::underline) != nullptr ? "<w:u w:val=\"single\"/>" : "";
    if (ground != nullptr) {
        const std::string fill = bare(office_colour(ground->value));
        out += "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"" + (fill.empty() ? std::string("FFEF9E") : fill) + "\"/>";
    }
    out += of(MarkKind::superscript) != nullptr ? "<w:vertAlign w:val=\"superscript\"/>" : of(MarkKind::subscript) != nullptr ? "<w:vertAlign w:val=\"subscript\"/>" : "";
    return out + (from_right ? "<w:rtl/>" : "");
}

} // namespace hameau::pads
