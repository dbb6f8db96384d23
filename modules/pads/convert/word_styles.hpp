// What the other parts of a Word document say about its text: relationships, styles, numbering (ECMA-376 part 1 §17.7, §17.9).
// Built-in styles are known by their names, which are English in the file whatever the language of the program (§17.7.4.9), and
// by their outline levels; ids are anybody's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word_xml.hpp"
#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// w:rPr. What is not said is as around.
struct RunLook {
    std::optional<bool> bold, italic, strike, underline, hidden;
    std::optional<std::string> place;   ///< superscript, subscript, baseline
    std::optional<std::string> colour;  ///< RRGGBB or auto
    std::optional<std::string> ground;  ///< of w:highlight a colour word or none, of w:shd RRGGBB or auto
    std::optional<std::string> font;
    std::optional<std::int64_t> half_points;
    std::string style;
};
/// w:pPr.
struct ParagraphLook {
    std::optional<std::int64_t> outline, list, level, indent;  ///< indent: twips
    std::optional<std::string> align;
    std::optional<bool> from_right, line_below;
    std::string style;
};
/// True when the element belongs to it.
bool read_run_property(const XmlElement& element, RunLook& look);
bool read_paragraph_property(const XmlElement& element, ParagraphLook& look);
/// What `top` does not say is as `base` has it.
RunLook over(const RunLook& base, const RunLook& top);
ParagraphLook over(const ParagraphLook& base, const ParagraphLook& top);

enum class WordKind : std::uint8_t { plain, heading, quote, code };
/// A style with all that it is based on.
struct WordStyle {
    WordKind kind = WordKind::plain;
    std::int64_t level = 0;      ///< heading: 1 to 6
    bool goes_on = false;        ///< "List Paragraph", "List Continue": its indent alone says that it belongs to an item
    bool link = false;           ///< of letters: how links look
    bool code_letters = false;
    RunLook run;
    ParagraphLook paragraph;
};

class WordStyles {
public:
    Status read(std::string_view xml);
    /// Empty `id`: the default style of paragraphs. An unknown one is that too.
    const WordStyle& paragraph(const std::string& id) const;
    /// Empty or unknown: no look.
    const WordStyle& letters(const std::string& id) const;

    struct Said {
        std::string type, id, name, based_on;
        bool standard = false;
        RunLook run;
        ParagraphLook paragraph;
    };

private:
    const WordStyle& resolved(const std::string& id, bool letters) const;

    std::map<std::string, Said> said_;
    std::string standard_;
    RunLook defaults_;
    mutable std::map<std::string, WordStyle> resolved_;
};

struct WordLevel {
    std::int64_t start = 1;
    std::string format = "decimal";
    std::string text;
    std::int64_t restart = -1;  ///< w:lvlRestart; 0: never
    std::int64_t indent = 0;    ///< twips at which its text begins
};
using WordLevels = std::array<WordLevel, word_levels>;

/// A paragraph's place in the lists of the document.
struct WordNumber {
    const WordLevel* level = nullptr;
    std::int64_t value = 1;
    std::string label;  ///< as Word shows it: "Article 3."
};

class WordNumbering {
public:
    Status read(std::string_view xml);
    /// Counts one paragraph further; nothing when there is no such list.
    std::optional<WordNumber> count(std::int64_t list, std::int64_t level, const WordStyles& styles);

    struct Kind {
        WordLevels levels;
        std::string style;  ///< w:numStyleLink: that style's list says it
    };
    struct List {
        std::int64_t kind = 0;
        std::map<std::int64_t, std::int64_t> starts;
        std::map<std::int64_t, WordLevel> levels;
    };

private:
    struct Count {
        std::array<std::int64_t, word_levels> value{};
        std::array<bool, word_levels> used{};
    };

    std::map<std::int64_t, Kind> kinds_;
    std::map<std::int64_t, List> lists_;
    std::map<std::int64_t, Count> counts_;  ///< of each kind: lists of one kind count together (§17.9.15)
    std::map<std::int64_t, bool> begun_;
};

struct WordRelation {
    std::string type;    ///< its last word: "image"
    std::string target;  ///< the name of a part, or an address
    bool outside = false;
};
using WordRelations = std::map<std::string, WordRelation>;
/// `part`: whose relationships they are; "" for the package's own.
Result<WordRelations> read_word_relations(std::string_view xml, std::string_view part);
/// "word/_rels/document.xml.rels" of "word/document.xml".
std::string word_relations_part(std::string_view part);

} // namespace hameau::pads
