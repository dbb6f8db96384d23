// MarkdownLine: text with marks as one paragraph, heading or cell of Markdown. What the signs of Markdown cannot say at a
// place (emphasis that ends within a word behind a dot, say), or have no sign for, is written as the HTML that our import
// reads: <b>, <i>, <s>, <u>, <mark>, <sub>, <sup>, <span style>. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/export/content.hpp"

namespace hameau::pads {

/// Everything in `text` that could mean something inside a line, behind a backslash.
std::string escape_markdown(std::string_view text);
/// "(<address>)" of a link or an image, with its title when it has one.
std::string markdown_target(std::string_view address, std::string_view title = {});
/// One attribute of a tag, with the blank before it.
std::string markdown_attribute(std::string_view name, std::string_view value);
/// The longest stretch of one character.
std::size_t longest_run(std::string_view text, char wanted);

class MarkdownLine {
public:
    enum class Place { paragraph, heading, cell };

    explicit MarkdownLine(Place place) : place_(place) {}

    /// A stretch of text with its marks.
    void add(const Event& event);
    /// Ready Markdown, an image say.
    void add_raw(std::string text);
    void add_break();
    /// `prefix` stands before each line but the first. An alignment is a tag around the whole, which a block's own tag could not
    /// be: Markdown would not be read in it.
    std::string finish(std::string_view prefix, Align align = Align::none);

private:
    enum class Kind { text, code, raw, line_break, open, close };
    struct Token {
        Kind kind;
        std::string text;
        Mark mark = {};
        std::size_t partner = 0;  ///< open and close: the other one
        bool as_html = false;     ///< not by a sign
    };

    void push(Kind kind, std::string_view text);
    void switch_to(const std::vector<Mark>& marks);
    void close_last();
    bool at_line_start(std::size_t index) const;
    static char sign_of(const Token& token);
    std::string written(std::size_t index) const;
    enum class Strikes { seen, skipped };
    char32_t before(std::size_t index, Strikes strikes) const;
    char32_t after(std::size_t index, Strikes strikes) const;
    bool works(std::size_t index, bool inside_another) const;
    void choose_signs();

    Place place_;
    std::vector<Token> tokens_;
    std::vector<std::size_t> open_;  ///< tokens
    std::string pending_;            ///< blanks that stand outside of the signs around them
};

} // namespace hameau::pads
