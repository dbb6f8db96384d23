// Styles of OpenDocument Text 1.2.
#include "modules/pads/export/odt_styles.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "daemon/base/text.hpp"

namespace hameau::pads {

const std::string_view odf_namespaces =
    " xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\""
    " xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\""
    " xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
    " xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\""
    " xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
    " xmlns:loext=\"urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0\""
    " xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" office:version=\"1.2\"";
const std::string_view odf_fonts =
    "<office:font-face-decls><style:font-face style:name=\"Monospace\" svg:font-family=\"'DejaVu Sans Mono', 'Courier New'\" "
    "style:font-family-generic=\"modern\" style:font-pitch=\"fixed\"/></office:font-face-decls>";

namespace {

struct ColourWord {
    std::string_view word;
    std::string_view hex;
};
// CSS 2.1 §4.3.6.
constexpr std::array colour_words = {
    ColourWord{"aqua", "#00ffff"},   ColourWord{"black", "#000000"},  ColourWord{"blue", "#0000ff"},   ColourWord{"fuchsia", "#ff00ff"},
    ColourWord{"gray", "#808080"},   ColourWord{"green", "#008000"},  ColourWord{"lime", "#00ff00"},   ColourWord{"maroon", "#800000"},
    ColourWord{"navy", "#000080"},   ColourWord{"olive", "#808000"},  ColourWord{"orange", "#ffa500"}, ColourWord{"purple", "#800080"},
    ColourWord{"red", "#ff0000"},    ColourWord{"silver", "#c0c0c0"}, ColourWord{"teal", "#008080"},   ColourWord{"white", "#ffffff"},
    ColourWord{"yellow", "#ffff00"},
};

/// ODF 1.2 §18.3.9: a colour is #rrggbb. Empty when it is none that we know.
std::string hex_colour(std::string_view value) {
    if (value.size() == 7 && value[0] == '#') {
        return std::string(value);
    }
    if (value.size() == 4 && value[0] == '#') {
        return {'#', value[1], value[1], value[2], value[2], value[3], value[3]};
    }
    const std::string word = ascii_lower(value);
    const auto known = std::find_if(colour_words.begin(), colour_words.end(), [&](const ColourWord& colour) { return colour.word == word; });
    return known == colour_words.end() ? std::string() : std::string(known->hex);
}

std::string colour(std::string_view name, std::string_view value, std::string_view otherwise) {
    std::string hex = hex_colour(value);
    hex = hex.empty() ? std::string(otherwise) : hex;
    return hex.empty() ? hex : " " + std::string(name) + "=\"" + hex + "\"";
}

std::string font(std::string_view names) {
    const std::string name = office_font(names);
    return name.empty() ? name : " fo:font-family=\"" + name + "\"";
}

/// ODF 1.2 §20.183: points, or a part of what is around.
std::string font_size(std::string_view size) {
    const auto parsed = font_size_of(size);
    if (!parsed) {
        return {};
    }
    const auto [number, unit] = *parsed;
    const bool part = unit == "em" || unit == "rem" || unit == "%";
    const double value = unit == "px" ? number * 0.75 : unit == "em" || unit == "rem" ? number * 100 : number;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), part ? "%.0f%%" : "%gpt", value);
    return " fo:font-size=\"" + std::string(text.data()) + "\"";
}

std::string properties_of(const Mark& mark) {
    switch (mark.kind) {
    case MarkKind::bold:
        return " fo:font-weight=\"bold\"";
    case MarkKind::italic:
        return " fo:font-style=\"italic\"";
    case MarkKind::underline:
        return " style:text-underline-style=\"solid\" style:text-underline-width=\"auto\" style:text-underline-color=\"font-color\"";
    case MarkKind::strike:
        return " style:text-line-through-style=\"solid\"";
    case MarkKind::highlight:
        return colour("fo:background-color", mark.value, "#ffef9e");
    case MarkKind::colour:
        return colour("fo:color", mark.value, "") + font(mark.font) + font_size(mark.size);
    case MarkKind::subscript:
        return " style:text-position=\"sub 58%\"";
    case MarkKind::superscript:
        return " style:text-position=\"super 58%\"";
    case MarkKind::code:
        return " style:font-name=\"Monospace\"";
    case MarkKind::link:
        break;
    }
    return {};
}

/// As office programs write the names of styles: a space is _20_.
std::string in_file(std::string_view name) {
    std::string out;
    for (const char c : name) {
        out += c == ' ' ? std::string("_20_") : std::string(1, c);
    }
    return out;
}

/// `format`: how a numbered list counts, or empty.
std::string list_style(std::string_view name, std::string_view bullet, std::string_view format = {}) {
    std::string out = "<text:list-style style:name=\"" + std::string(name) + "\">";
    for (int level = 1; level <= 10; ++level) {
        const std::string number = std::to_string(level);
        const std::string indent = std::to_string(level * 6) + "mm";
        const std::string properties =
            "<style:list-level-properties text:list-level-position-and-space-mode=\"label-alignment\">"
            "<style:list-level-label-alignment text:label-followed-by=\"listtab\" fo:text-indent=\"-6mm\" fo:margin-left=\"" + indent +
            "\"/></style:list-level-properties>";
        if (!format.empty()) {
            out += "<text:list-level-style-number text:level=\"" + number + "\" style:num-format=\"" + std::string(format) + "\" style:num-suffix=\".\">" +
                   properties + "</text:list-level-style-number>";
        } else {
            out += "<text:list-level-style-bullet text:level=\"" + number + "\" text:bullet-char=\"" + std::string(bullet) + "\">" +
                   properties + "</text:list-level-style-bullet>";
        }
    }
    return out + "</text:list-style>";
}

/// `more`: attributes of the style itself.
std::string paragraph_style(std::string_view name, const std::string& more, const std::string& paragraph, const std::string& text) {
    std::string out = "<style:style style:name=\"" + in_file(name) + "\" style:display-name=\"" + std::string(name) + "\" style:family=\"paragraph\"";
    out += (name == "Standard" ? "" : " style:parent-style-name=\"Standard\"") + more + " style:class=\"text\"><style:paragraph-properties" + paragraph;
    return out + "/><style:text-properties" + text + "/></style:style>";
}

constexpr std::string_view align_word(Align align) { return align == Align::center ? "Center" : align == Align::right ? "Right" : align == Align::justify ? "Justify" : ""; }

} // namespace

std::string odf_paragraph_style(std::string_view name, Align align, bool from_right) {
    return in_file(name) + std::string(align_word(align)) + (from_right ? "_rtl" : "");
}

std::string office_colour(std::string_view value) { return hex_colour(value); }

std::string office_font(std::string_view names) {
    std::string name(names.substr(0, names.find(',')));
    std::erase_if(name, [](char c) { return c == '"' || c == '\''; });
    return name;
}

std::optional<FontSize> font_size_of(std::string_view size) {
    double number = 0;
    const auto [end, failed] = std::from_chars(size.data(), size.data() + size.size(), number);
    if (failed != std::errc{}) {
        return std::nullopt;
    }
    return FontSize{number, std::string_view(end, static_cast<std::size_t>(size.data() + size.size() - end))};
}

std::string odf_centimetres(double pixels) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2fcm", pixels * 2.54 / 96);
    return text.data();
}

std::string odf_table_styles(const std::string& name, const std::vector<std::int64_t>& widths) {
    constexpr double room = odf_room_cm * 96 / 2.54;
    constexpr double least = 48;
    double known = 0;
    for (const std::int64_t width : widths) {
        known += static_cast<double>(width);
    }
    const auto unknown = static_cast<double>(std::count(widths.begin(), widths.end(), 0));
    const double other = unknown > 0 ? std::max(least, (room - known) / unknown) : 0;
    const double total = known + unknown * other;
    const double part = std::min(1.0, room / total);
    std::string out = "<style:style style:name=\"" + name + "\" style:family=\"table\"><style:table-properties style:width=\"" +
                      odf_centimetres(total * part) + "\" table:align=\"left\"/></style:style>";
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const double width = widths[i] > 0 ? static_cast<double>(widths[i]) : other;
        out += "<style:style style:name=\"" + name + "." + std::to_string(i + 1) + "\" style:family=\"table-column\"><style:table-column-properties "
               "style:column-width=\"" + odf_centimetres(width * part) + "\"/></style:style>";
    }
    return out;
}

std::string odf_text_properties(const std::vector<Mark>& marks) {
    std::string out;
    for (const Mark& mark : marks) {
        out += properties_of(mark);
    }
    return out;
}

std::string odf_styles(bool english) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-styles";
    out.append(odf_namespaces).append(">").append(odf_fonts).append("<office:styles>");
    const std::string language = english ? " fo:language=\"en\" fo:country=\"GB\"" : " fo:language=\"fr\" fo:country=\"FR\"";
    out += paragraph_style("Standard", "", " fo:margin-bottom=\"2mm\"", " fo:font-size=\"12pt\"" + language);
    constexpr const char* sizes[] = {"22pt", "17pt", "14pt", "13pt", "12pt", "12pt"};
    for (int level = 1; level <= 6; ++level) {
        const std::string number = std::to_string(level);
        out += paragraph_style("Heading " + number, " style:default-outline-level=\"" + number + "\"",
                               " fo:margin-top=\"5mm\" fo:margin-bottom=\"2mm\" fo:keep-with-next=\"always\"",
                               " fo:font-weight=\"bold\" fo:font-size=\"" + std::string(sizes[level - 1]) + "\"");
    }
    out += paragraph_style("Quotations", "", " fo:margin-left=\"8mm\" fo:margin-right=\"8mm\" fo:margin-bottom=\"2mm\"", " fo:font-style=\"italic\"");
    out += paragraph_style("Preformatted Text", "", " fo:background-color=\"#f0f0ee\"", " style:font-name=\"Monospace\" fo:font-size=\"10pt\"");
    out += paragraph_style("Table Heading", "", "", " fo:font-weight=\"bold\"");
    out += paragraph_style("Horizontal Line", "", " fo:border-bottom=\"0.5pt solid #8a938f\"", "");
    // ODF 1.2 §20.216 (text-align): "end" is the left side where lines run from right to left.
    for (const auto& [align, from_right] : {std::pair(Align::center, false), std::pair(Align::right, false), std::pair(Align::justify, false), std::pair(Align::none, true),
                                            std::pair(Align::center, true), std::pair(Align::right, true), std::pair(Align::justify, true)}) {
        const std::string side = from_right ? "right" : "end";
        const std::string value = align == Align::center ? "center" : align == Align::right ? side : align == Align::justify ? "justify" : "start";
        for (const char* name : {"Standard", "Quotations", "Table Heading", "Heading 1", "Heading 2", "Heading 3", "Heading 4", "Heading 5", "Heading 6"}) {
            out += "<style:style style:name=\"" + odf_paragraph_style(name, align, from_right) + "\" style:family=\"paragraph\" style:parent-style-name=\"" +
                   in_file(name) + "\"><style:paragraph-properties fo:text-align=\"" + value + (from_right ? "\" style:writing-mode=\"rl-tb\"/></style:style>" : "\"/></style:style>");
        }
    }
    out += "<style:style style:name=\"Internet_20_link\" style:display-name=\"Internet link\" style:family=\"text\"><style:text-properties "
           "fo:color=\"#0b5c8a\" style:text-underline-style=\"solid\" style:text-underline-width=\"auto\" style:text-underline-color=\"font-color\"/></style:style>";
    out += list_style("Bullets", "•");
    out += list_style("Tasks", " ");
    out += list_style("Numbers", "", "1");
    for (const char* format : {"a", "A", "i", "I"}) {
        out += list_style("Numbers_" + std::string(format), "", format);
    }
    // A4 with room for 17 cm, whatever the office program's own country is.
    return out += "</office:styles><office:automatic-styles><style:page-layout style:name=\"A4\"><style:page-layout-properties "
                  "fo:page-width=\"21cm\" fo:page-height=\"29.7cm\" style:print-orientation=\"portrait\" fo:margin-top=\"2cm\" "
                  "fo:margin-bottom=\"2cm\" fo:margin-left=\"2cm\" fo:margin-right=\"2cm\"/></style:page-layout></office:automatic-styles>"
                  "<office:master-styles><style:master-page style:name=\"Standard\" style:page-layout-name=\"A4\"/></office:master-styles>"
                  "</office:document-styles>";
}

} // namespace hameau::pads
