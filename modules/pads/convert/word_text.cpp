// Looks of letters as marks: what is only how a program shows plain text, a heading or a link is none.
#include "modules/pads/convert/word_text.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/base/text.hpp"
#include "modules/pads/convert/builder.hpp"
#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {

namespace {

constexpr std::array<std::string_view, 8> monospaced = {"courier new", "courier", "consolas", "dejavu sans mono", "liberation mono", "source code pro", "roboto mono", "menlo"};

bool is_monospaced(const std::string& font) { return std::find(monospaced.begin(), monospaced.end(), ascii_lower(font)) != monospaced.end(); }

/// §17.18.40; "yellow" is the pen that everybody means, and our own.
std::string pen_colour(const std::string& said) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 15> pens = {{{"black", "#000000"}, {"blue", "#0000ff"}, {"cyan", "#00ffff"}, {"green", "#00ff00"}, {"magenta", "#ff00ff"},
        {"red", "#ff0000"}, {"yellow", ""}, {"white", "#ffffff"}, {"darkBlue", "#000080"}, {"darkCyan", "#008080"}, {"darkGreen", "#008000"}, {"darkMagenta", "#800080"}, {"darkRed", "#800000"},
        {"darkYellow", "#808000"}, {"darkGray", "#808080"}}};
    const auto known = std::find_if(pens.begin(), pens.end(), [&said](const auto& pen) { return pen.first == said; });
    constexpr std::string_view our_own = "FFEF9E";
    return known != pens.end() ? std::string(known->second) : said == "lightGray" ? "#c0c0c0" : said == our_own ? std::string() : safe_colour("#" + ascii_lower(said));
}

/// Colour, font and size, where they are not those of the paragraph around. Black is what letters are.
Mark letters_of(const RunLook& look, const RunLook& around, bool code, bool linked) {
    Mark mark{MarkKind::colour};
    const std::string colour = ascii_lower(look.colour.value_or("auto"));
    const bool of_links = linked && (colour == "1155cc" || colour == "0563c1" || colour == "0000ff" || colour == "0b5c8a");
    if (colour != "auto" && colour != "000000" && !of_links && look.colour != around.colour) {
        mark.value = safe_colour("#" + colour);
    }
    if (look.font && look.font != around.font && !code && is_safe_font(*look.font)) {
        mark.font = *look.font;
    }
    if (look.half_points && look.half_points != around.half_points && *look.half_points > 0 && *look.half_points <= word_half_points_max) {
        mark.size = std::to_string(*look.half_points / 2) + (*look.half_points % 2 == 0 ? "pt" : ".5pt");
    }
    return mark;
}

} // namespace

std::vector<Mark> word_marks(const RunLook& run, const WordStyle& paragraph, const WordStyles& styles, const Mark* link, bool header) {
    const WordStyle& letters = styles.letters(run.style);
    const RunLook& standard = styles.paragraph("").run;
    const RunLook own = over(letters.link ? RunLook() : letters.run, run);
    // The look of a heading, a quote, is the pad's own.
    const bool plain = paragraph.kind == WordKind::plain;
    const RunLook look = plain ? over(paragraph.run, own) : own;
    // §17.7.3: a style of letters turns round what the paragraph's style says; what the run itself says is so.
    const auto toggled = [&](std::optional<bool> RunLook::* one) {
        const bool around = plain && (paragraph.run.*one).value_or(false);
        return run.*one ? *(run.*one) : around != (!letters.link && (letters.run.*one).value_or(false));
    };
    std::vector<Mark> marks;
    if (link != nullptr && !link->value.empty()) {
        marks.push_back(*link);
    }
    const auto add = [&marks](bool there, MarkKind kind) {
        if (there) {
            marks.push_back({kind});
        }
    };
    const bool linked = link != nullptr;
    const bool code = letters.code_letters || (own.font && is_monospaced(*own.font));
    add(toggled(&RunLook::bold) && !header, MarkKind::bold);
    add(toggled(&RunLook::italic), MarkKind::italic);
    // Google Docs underlines each link by hand.
    add(look.underline.value_or(false) && (!linked || letters.link), MarkKind::underline);
    add(toggled(&RunLook::strike), MarkKind::strike);
    const std::string ground = look.ground.value_or("auto");
    if (ground != "auto" && ground != "none" && !ground.empty() && ascii_lower(ground) != "ffffff" && look.ground != standard.ground) {
        marks.push_back({MarkKind::highlight, pen_colour(ground)});
    }
    Mark shown = letters_of(look, plain ? standard : paragraph.run, code, linked);
    if (!shown.value.empty() || !shown.font.empty() || !shown.size.empty()) {
        if (!code || !shown.value.empty() || run.half_points != std::optional<std::int64_t>()) {
            marks.push_back(std::move(shown));
        }
    }
    add(look.place == std::optional<std::string>("subscript"), MarkKind::subscript);
    add(look.place == std::optional<std::string>("superscript"), MarkKind::superscript);
    add(code, MarkKind::code);
    return settled_marks(marks);
}

Mark link_of_instruction(std::string_view instruction) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < instruction.size();) {
        if (instruction[at] == ' ' || instruction[at] == '\t') {
            ++at;
            continue;
        }
        std::string word;
        const bool quoted = instruction[at] == '"';
        at += quoted ? 1 : 0;
        for (; at < instruction.size() && (quoted ? instruction[at] != '"' : instruction[at] != ' '); ++at) {
            // §17.16.5.25: in quotes a backslash stands before a backslash or a quote.
            at += quoted && instruction[at] == '\\' && at + 1 < instruction.size() ? 1 : 0;
            word += instruction[at];
        }
        at += quoted ? 1 : 0;
        words.push_back(quoted ? "\"" + word : word);
    }
    Mark link{MarkKind::link};
    if (words.empty() || ascii_lower(words.front()) != "hyperlink") {
        return link;
    }
    std::string place;
    std::string sign;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i].starts_with('\\')) {
            sign = words[i];
            continue;
        }
        std::string word = words[i].substr(words[i].starts_with('"') ? 1 : 0);
        (sign == "\\l" ? place : sign == "\\o" ? link.title : sign == "\\t" ? sign : link.value) = std::move(word);
        sign.clear();
    }
    if (!link.value.empty() && !place.empty()) {
        link.value += "#" + place;
    }
    return link;
}

std::string word_symbol(std::string_view font, std::string_view hexadecimal) {
    std::uint32_t code = 0;
    (void)std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), code, 16);
    const bool of_font = code >= 0xf000 && code <= 0xf0ff;
    const std::uint32_t sign = of_font ? code - 0xf000 : code;
    if (font.starts_with("Wingdings")) {
        constexpr std::array<std::pair<std::uint32_t, std::string_view>, 18> wingdings = {{{0x6f, "\u2610"}, {0x71, "\u2610"}, {0x72, "\u2610"}, {0xa8, "\u2610"}, {0xfc, "\u2713"}, {0xfb, "\u2717"},
            {0xfe, "\u2611"}, {0xfd, "\u2612"}, {0x78, "\u2612"}, {0xe0, "\u2192"}, {0xe8, "\u2192"}, {0xdf, "\u2190"}, {0xd8, "\u27a2"}, {0x4a, "\u263a"}, {0x4c, "\u2639"}, {0x28, "\u260e"}, {0x2a, "\u2709"},
            {0xa7, "\u25aa"}}};
        const auto known = std::find_if(wingdings.begin(), wingdings.end(), [sign](const auto& one) { return one.first == sign; });
        return std::string(known == wingdings.end() ? std::string_view("\u25a1") : known->second);
    }
    if (sign < 0x20 || of_font || code > 0xffff || (code >= 0xd800 && code < 0xf900)) {
        return of_font && sign >= 0x20 && sign < 0x7f ? std::string(1, static_cast<char>(sign)) : "\u25a1";
    }
    std::string out;
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
    return out;
}

} // namespace hameau::pads
