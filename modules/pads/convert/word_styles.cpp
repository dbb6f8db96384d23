// Two passes over styles.xml would be one too many: styles are kept as they are said, and resolved when a paragraph names them.
#include "modules/pads/convert/word_styles.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
namespace hameau::pads {

namespace {

template <class T>
void take(std::optional<T>& value, const std::optional<T>& top) {
    value = top ? top : value;
}

constexpr std::array<std::string_view, 4> quote_names = {"quote", "intense quote", "quotations", "block text"};
constexpr std::array<std::string_view, 3> code_names = {"html preformatted", "preformatted text", "source code"};
constexpr std::array<std::string_view, 7> code_letters = {"html code", "html typewriter", "html keyboard", "html sample", "source text", "verbatim char", "code"};
constexpr std::array<std::string_view, 3> link_names = {"hyperlink", "followedhyperlink", "internet link"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// What the nearest style of a chain says of its kind.
void settle_kind(const WordStyles::Said& said, WordStyle& out) {
    const std::string name = ascii_lower(said.name);
    constexpr std::string_view heading = "heading ";
    constexpr std::int64_t body_text = 9;
    std::int64_t level = said.paragraph.outline ? *said.paragraph.outline + 1 : 0;
    if (name.starts_with(heading) && name.size() == heading.size() + 1 && !said.paragraph.outline) {
        level = name.back() - '0';
    }
    level = name == "title" ? 1 : level;
    if (level >= 1 && level <= body_text) {
        out.kind = WordKind::heading;
        out.level = std::min<std::int64_t>(level, 6);
    } else if (is_one_of(quote_names, name) || is_one_of(code_names, name)) {
        out.kind = is_one_of(quote_names, name) ? WordKind::quote : WordKind::code;
    }
    out.goes_on = out.goes_on || name == "list paragraph" || name.starts_with("list continue");
    out.link = out.link || is_one_of(link_names, name);
    out.code_letters = out.code_letters || is_one_of(code_letters, name);
}

class StylesReader : public XmlHandler {
public:
    explicit StylesReader(std::map<std::string, WordStyles::Said>& said) : said_(said) {}

    RunLook defaults;

    bool enter(const XmlElement& element) override {
        const std::string& name = element.name;
        if (name == "w:style") {
            style_ = {};
            style_.type = element.attribute("w:type");
            style_.id = element.attribute("w:styleId");
            const std::string standard = element.attribute("w:default");
            style_.standard = standard == "1" || standard == "true" || standard == "on";
            inside_ = true;
            return true;
        }
        if (name == "w:name" || name == "w:basedOn") {
            (name == "w:name" ? style_.name : style_.based_on) = element.attribute("w:val");
            return false;
        }
        if (name == "w:rPrDefault" || name == "w:styles" || name == "w:docDefaults" || name == "w:rPr" || name == "w:pPr" || name == "w:numPr") {
            return true;
        }
        if (!read_run_property(element, inside_ ? style_.run : defaults) && inside_) {
            (void)read_paragraph_property(element, style_.paragraph);
        }
        return false;
    }
    void leave(std::string_view name) override {
        if (name == "w:style") {
            inside_ = false;
            if (said_.size() < word_styles_max) {
                said_.emplace(style_.id, std::move(style_));
            }
        }
    }

private:
    std::map<std::string, WordStyles::Said>& said_;
    WordStyles::Said style_;
    bool inside_ = false;
};

} // namespace

bool read_run_property(const XmlElement& element, RunLook& look) {
    const std::string& name = element.name;
    if (name == "w:b") {
        look.bold = element.on();
    } else if (name == "w:i") {
        look.italic = element.on();
    } else if (name == "w:strike" || name == "w:dstrike") {
        look.strike = element.on() || (name == "w:dstrike" && look.strike.value_or(false));
    } else if (name == "w:vanish") {
        look.hidden = element.on();
    } else if (name == "w:u") {
        look.underline = element.attribute("w:val") != "none";
    } else if (name == "w:vertAlign") {
        look.place = element.attribute("w:val");
    } else if (name == "w:color") {
        look.colour = element.attribute("w:val");
    } else if (name == "w:highlight") {
        look.ground = element.attribute("w:val");
    } else if (name == "w:shd") {
        // w:highlight is what a person chose with the pen: it lies over the shading.
        look.ground = look.ground ? look.ground : std::optional(element.attribute("w:fill"));
    } else if (name == "w:rFonts") {
        const auto font = element.find("w:ascii") ? element.find("w:ascii") : element.find("w:hAnsi");
        // LibreOffice writes all that it would take: "DejaVu Sans Mono;Courier New".
        look.font = font ? std::optional(font->substr(0, font->find(';'))) : look.font;
    } else if (name == "w:sz") {
        look.half_points = element.number("w:val");
    } else if (name == "w:rStyle") {
        look.style = element.attribute("w:val");
    } else {
        return false;
    }
    return true;
}

bool read_paragraph_property(const XmlElement& element, ParagraphLook& look) {
    const std::string& name = element.name;
    if (name == "w:outlineLvl") {
        look.outline = element.number("w:val");
    } else if (name == "w:numId") {
        look.list = element.number("w:val");
    } else if (name == "w:ilvl") {
        look.level = element.number("w:val");
    } else if (name == "w:ind") {
        const auto left = element.number("w:left");
        look.indent = left ? left : element.number("w:start");
    } else if (name == "w:jc") {
        look.align = element.attribute("w:val");
    } else if (name == "w:bidi") {
        look.from_right = element.on();
    } else if (name == "w:pStyle") {
        look.style = element.attribute("w:val");
    } else {
        return false;
    }
    return true;
}

RunLook over(const RunLook& base, const RunLook& top) {
    RunLook out = base;
    take(out.bold, top.bold);
    take(out.italic, top.italic);
    take(out.strike, top.strike);
    take(out.underline, top.underline);
    take(out.hidden, top.hidden);
    take(out.place, top.place);
    take(out.colour, top.colour);
    take(out.ground, top.ground);
    take(out.font, top.font);
    take(out.half_points, top.half_points);
    return out;
}

ParagraphLook over(const ParagraphLook& base, const ParagraphLook& top) {
    ParagraphLook out = base;
    take(out.outline, top.outline);
    take(out.list, top.list);
    take(out.level, top.level);
    take(out.indent, top.indent);
    take(out.align, top.align);
    take(out.from_right, top.from_right);
    take(out.line_below, top.line_below);
    out.style = top.style;
    return out;
}

Status WordStyles::read(std::string_view xml) {
    StylesReader reader(said_);
    auto walked = walk_xml(xml, reader);
    defaults_ = reader.defaults;
    for (const auto& [id, said] : said_) {
        standard_ = said.standard && said.type == "paragraph" ? id : standard_;
    }
    return walked;
}

const WordStyle& WordStyles::resolved(const std::string& id, bool letters) const {
    const std::string key = (letters ? "c" : "p") + id;
    const auto known = resolved_.find(key);
    if (known != resolved_.end()) {
        return known->second;
    }
    std::vector<const Said*> chain;
    for (auto at = said_.find(id); at != said_.end() && static_cast<int>(chain.size()) < word_style_chain_max; at = said_.find(at->second.based_on)) {
        chain.push_back(&at->second);
    }
    WordStyle out;
    out.run = letters ? RunLook() : defaults_;
    for (auto said = chain.rbegin(); said != chain.rend(); ++said) {
        out.run = over(out.run, (*said)->run);
        out.paragraph = over(out.paragraph, (*said)->paragraph);
        settle_kind(**said, out);
    }
    return resolved_.emplace(key, std::move(out)).first->second;
}

const WordStyle& WordStyles::paragraph(const std::string& id) const { return resolved(said_.contains(id) ? id : standard_, false); }

const WordStyle& WordStyles::letters(const std::string& id) const {
    static const WordStyle none;
    return said_.contains(id) ? resolved(id, true) : none;
}

} // namespace hameau::pads
