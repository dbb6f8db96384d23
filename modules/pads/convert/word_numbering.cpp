// numbering.xml and the relationships of a part. Lists of one kind count together; a list that says a start of its own begins there.
#include <algorithm>

#include "modules/pads/convert/word_styles.hpp"
#include "modules/pads/export/roman.hpp"

namespace hameau::pads {

namespace {

class NumberingReader : public XmlHandler {
public:
    NumberingReader(std::map<std::int64_t, WordNumbering::Kind>& kinds, std::map<std::int64_t, WordNumbering::List>& lists) : kinds_(kinds), lists_(lists) {}

    bool enter(const XmlElement& element) override {
        const std::string& name = element.name;
        if (name == "w:numbering") {
            return true;
        }
        if (name == "w:abstractNum" || name == "w:num") {
            return begin(element, name == "w:num");
        }
        if (name == "w:lvlOverride" || name == "w:lvl") {
            return begin_level(element, name == "w:lvl");
        }
        if (name == "w:pPr") {
            return level_ != nullptr;
        }
        if (name == "w:abstractNumId" && list_ != nullptr) {
            list_->kind = element.number("w:val").value_or(0);
        } else if (name == "w:startOverride" && list_ != nullptr) {
            list_->starts[at_] = element.number("w:val").value_or(1);
        } else if (name == "w:numStyleLink" && kind_ != nullptr) {
            kind_->style = element.attribute("w:val");
        } else if (level_ != nullptr) {
            read_level(element);
        }
        return false;
    }
    void leave(std::string_view name) override {
        level_ = name == "w:lvl" ? nullptr : level_;
        if (name == "w:abstractNum" || name == "w:num") {
            kind_ = nullptr;
            list_ = nullptr;
        }
    }

private:
    bool begin(const XmlElement& element, bool list) {
        const auto id = element.number(list ? "w:numId" : "w:abstractNumId");
        if (!id || (list ? lists_.size() : kinds_.size()) >= word_lists_max) {
            return false;
        }
        list_ = list ? &lists_[*id] : nullptr;
        kind_ = list ? nullptr : &kinds_[*id];
        return true;
    }
    bool begin_level(const XmlElement& element, bool level) {
        const std::int64_t at = element.number("w:ilvl").value_or(at_);
        if (at < 0 || at >= word_levels) {
            return false;
        }
        at_ = at;
        level_ = !level ? nullptr : kind_ != nullptr ? &kind_->levels[static_cast<std::size_t>(at)] : list_ != nullptr ? &list_->levels[at] : nullptr;
        return !level || level_ != nullptr;
    }
    void read_level(const XmlElement& element) {
        const std::string& name = element.name;
        if (name == "w:start") {
            level_->start = element.number("w:val").value_or(1);
        } else if (name == "w:numFmt") {
            level_->format = element.attribute("w:val");
        } else if (name == "w:lvlText") {
            level_->text = element.attribute("w:val").substr(0, 200);
        } else if (name == "w:lvlRestart") {
            level_->restart = element.number("w:val").value_or(-1);
        } else if (name == "w:ind") {
            ParagraphLook look;
            (void)read_paragraph_property(element, look);
            level_->indent = look.indent.value_or(0);
        }
    }

    std::map<std::int64_t, WordNumbering::Kind>& kinds_;
    std::map<std::int64_t, WordNumbering::List>& lists_;
    WordNumbering::Kind* kind_ = nullptr;
    WordNumbering::List* list_ = nullptr;
    WordLevel* level_ = nullptr;
    std::int64_t at_ = 0;
};

/// One number of a label; what this does not know counts in digits.
std::string shown(std::int64_t value, const std::string& format) {
    const bool upper = format.starts_with("upper");
    if ((format == "upperRoman" || format == "lowerRoman") && value > 0 && value <= roman_max) {
        const std::string letters = roman_number(value);
        return upper ? capitals(letters) : letters;
    }
    if ((format == "upperLetter" || format == "lowerLetter") && value > 0 && value <= 26 * 10) {
        // §17.18.59: aa follows z, and bb aa.
        return std::string(static_cast<std::size_t>((value - 1) / 26 + 1), static_cast<char>((upper ? 'A' : 'a') + (value - 1) % 26));
    }
    return std::to_string(value);
}

class RelationsReader : public XmlHandler {
public:
    explicit RelationsReader(std::string_view part) : folder_(part.substr(0, part.rfind('/') + 1)) {}

    WordRelations relations;

    bool enter(const XmlElement& element) override {
        if (element.name == "rel:Relationship" && relations.size() < word_relations_max) {
            WordRelation one;
            const std::string type = element.attribute("Type");
            one.type = type.substr(type.rfind('/') + 1);
            one.outside = element.attribute("TargetMode") == "External";
            one.target = element.attribute("Target");
            one.target = one.outside ? one.target : resolve(one.target);
            relations.emplace(element.attribute("Id"), std::move(one));
        }
        return element.name == "rel:Relationships";
    }
    void leave(std::string_view) override {}

private:
    /// RFC 3986 §5.2.4 for names of parts: ".." does not lead out of the package.
    std::string resolve(std::string_view target) const {
        std::string out = target.starts_with('/') ? std::string() : folder_;
        for (std::size_t at = 0; at < target.size();) {
            const std::size_t end = std::min(target.find('/', at), target.size());
            const std::string_view step = target.substr(at, end - at);
            if (step == "..") {
                const std::size_t cut = out.size() < 2 ? std::string::npos : out.rfind('/', out.size() - 2);
                out.resize(cut == std::string::npos ? 0 : cut + 1);
            } else if (!step.empty() && step != ".") {
                out.append(step).append(end < target.size() ? "/" : "");
            }
            at = end + 1;
        }
        return out;
    }

    std::string folder_;
};

} // namespace

Status WordNumbering::read(std::string_view xml) {
    NumberingReader reader(kinds_, lists_);
    return walk_xml(xml, reader);
}

std::optional<WordNumber> WordNumbering::count(std::int64_t list, std::int64_t level, const WordStyles& styles) {
    const auto found = lists_.find(list);
    if (found == lists_.end() || level < 0 || level >= word_levels) {
        return std::nullopt;
    }
    const List& own = found->second;
    auto kind = kinds_.find(own.kind);
    if (kind != kinds_.end() && !kind->second.style.empty()) {
        const auto linked = lists_.find(styles.paragraph(kind->second.style).paragraph.list.value_or(0));
        kind = linked == lists_.end() ? kind : kinds_.find(linked->second.kind);
    }
    if (kind == kinds_.end()) {
        return std::nullopt;
    }
    const auto of = [&](std::int64_t at) -> const WordLevel& {
        const auto changed = own.levels.find(at);
        return changed == own.levels.end() ? kind->second.levels[static_cast<std::size_t>(at)] : changed->second;
    };
    Count& count = counts_[kind->first];
    if (!begun_[list]) {
        begun_[list] = true;
        for (const auto& [at, start] : own.starts) {
            count.used[static_cast<std::size_t>(at)] = false;
        }
    }
    for (std::int64_t at = 0; at <= level; ++at) {
        const auto i = static_cast<std::size_t>(at);
        if (!count.used[i]) {
            const auto start = own.starts.find(at);
            count.value[i] = start == own.starts.end() ? of(at).start : start->second;
            count.used[i] = at == level;
        } else if (at == level) {
            ++count.value[i];
        }
    }
    for (std::int64_t at = level + 1; at < word_levels; ++at) {
        const std::int64_t restart = of(at).restart;
        count.used[static_cast<std::size_t>(at)] = count.used[static_cast<std::size_t>(at)] && (restart == 0 || (restart > 0 && level >= restart));
    }
    WordNumber out{&of(level), count.value[static_cast<std::size_t>(level)], {}};
    for (std::size_t i = 0; i < out.level->text.size(); ++i) {
        const char next = i + 1 < out.level->text.size() ? out.level->text[i + 1] : '\0';
        if (out.level->text[i] == '%' && next >= '1' && next <= '9') {
            out.label += shown(count.value[static_cast<std::size_t>(next - '1')], of(next - '1').format);
            ++i;
        } else {
            out.label += out.level->text[i];
        }
    }
    return out;
}

Result<WordRelations> read_word_relations(std::string_view xml, std::string_view part) {
    RelationsReader reader(part);
    if (auto walked = walk_xml(xml, reader); !walked) {
        return fail(walked.error());
    }
    return std::move(reader.relations);
}

std::string word_relations_part(std::string_view part) {
    const std::size_t cut = part.rfind('/') + 1;
    return std::string(part.substr(0, cut)) + "_rels/" + std::string(part.substr(cut)) + ".rels";
}

} // namespace hameau::pads
