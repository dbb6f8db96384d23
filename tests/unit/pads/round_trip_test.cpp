// Out of a pad and in again: what people wrote comes back, and a second time nothing changes. A corpus of what is awkward,
// and documents made by chance (with fixed seeds).
#include <gtest/gtest.h>
#include <random>

#include "modules/pads/convert/document.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/render.hpp"

namespace hameau::pads {
namespace {

std::vector<Event> import(std::string_view text, DocumentForm form) {
    const auto document = read_document(text, form);
    EXPECT_TRUE(document.has_value());
    return document ? read_content(document->update).value_or(std::vector<Event>()) : std::vector<Event>();
}
std::string markdown_of(const std::vector<Event>& events) { return render_markdown(events); }
std::string html_of(const std::vector<Event>& events) { return render_html_fragment(events); }

/// Every character but blanks with its marks and its paragraph's alignment: what must come back wherever lines end.
std::string characters(const std::vector<Event>& events) {
    std::string out;
    Align align = Align::none;
    for (const Event& event : events) {
        if (event.block == Block::paragraph || event.block == Block::heading) {
            align = event.kind == Event::Kind::open ? event.align : Align::none;
        }
        std::string marks = align == Align::none ? "" : "a" + std::to_string(static_cast<int>(align));
        for (const Mark& mark : event.marks) {
            marks += std::to_string(static_cast<int>(mark.kind)) + mark.value + mark.title + mark.font + mark.size;
        }
        for (std::size_t i = 0; event.kind == Event::Kind::text && i < event.text.size(); ++i) {
            const std::string_view rest = std::string_view(event.text).substr(i);
            if (rest.starts_with("\u00a0") || rest.starts_with("\u202f")) {
                i += rest.starts_with("\u00a0") ? 1 : 2;
            } else if (static_cast<unsigned char>(event.text[i]) > ' ') {
                out += event.text[i];
                out += "{" + marks + "}";
            }
        }
    }
    return out;
}

/// Headings, items, cells and the like in their order; empty paragraphs are nothing in Markdown.
std::string skeleton(const std::vector<Event>& events) {
    std::string out;
    for (const Event& event : events) {
        if (event.kind == Event::Kind::open && event.block != Block::paragraph && event.block != Block::line_break) {
            out += std::to_string(static_cast<int>(event.block)) + (event.checked ? "x" : "") + (event.block == Block::heading ? std::to_string(event.number) : "") + " ";
        }
    }
    return out;
}

/// Where two texts begin to differ; empty when they do not.
std::string difference(const std::string& got, const std::string& wanted) {
    if (got == wanted) {
        return {};
    }
    const auto at = static_cast<std::size_t>(std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first - got.begin());
    const std::size_t begin = at - std::min<std::size_t>(at, 60);
    return "got     " + got.substr(begin, 200) + "\nwanted  " + wanted.substr(begin, 200);
}

void stays(const std::string& first, DocumentForm form, std::string_view why) {
    const std::vector<Event> events = import(first, form);
    const std::string again = form == DocumentForm::markdown ? markdown_of(events) : html_of(events);
    EXPECT_EQ(again, first) << why;
}

constexpr std::string_view markdown_corpus[] = {
    // Nested lists, and what stands first in an item.
    "- a\n  - b\n    - c\n      1. d\n\n         e\n- f\n", "1. a\n   - b\n\n   c\n2. d\n", "- - a\n  - b\n- - c\n", "- > a\n- # b\n- ```\n  c\n  ```\n- ---\n- ***\n",
    "- a\n\n  3. b\n  4. c\n", "- a\n  -\n", "-\n  a\n", "* a\n\n- b\n\n* c\n", "1. a\n\n1) b\n\n1. c\n", "- [x] a\n  - [ ] b\n    - c\n", "- [ ]\n- [x]\n", "999999999. a\n",
    "- a\n\n      code\n- b", "> - a\n>   > b\n>\n> c\n\n> d\n", "- | a | b |\n  | - | - |\n  | c | d |\n", "10. a\n11. b\n    - c\n",
    // Escapes.
    "\\# a\n\n1\\. b\n\n\\- c\n\n\\+ d\n\n\\* e\n\n\\> f\n\n\\`g\\`\n\n\\[h\\](i)\n\n\\<b>\n\n\\~~j\\~~\n\n\\|k|\n", "# C#\n\n# C #\n\n# a \\#\n\n#\n", "a\\\n- b\n", "a\\\n# b\\\n1. c\\\n=== \\\n> d",
    "a\\\n\\\nb", "a  \n  b\n", "&amp;amp; &lt;b&gt; &eacute; &#35; AT&T &copy", "![a](b) !\\[c](d) e!\\\n[f](g) h![i](j)", "2 * 3 * 4, a_b_c, **a*b**", "\\\\ \\a C:\\dir\\", "a | b\n:\\-- | --",
    "***a** b*", "**a***b*", "*a***b**", "un**gras**e, **fin.**Suite, l’**« été »**e, **é**t", "**a**\u00a0: *b*\u202f!", "*a **b*** c", "~~a *b*~~ ~c~", "<u>a **b**</u> <mark>c</mark> H<sub>2</sub>O m<sup>2</sup>",
    "`a` `` ` `` ``a`b`` `  ` `a  b`", "<script>alert(1)</script>\n\n<b>a</b>*b*\n", "a<br>b<br/>c", "## a<br>b",
    // Tables with pipes.
    "| a\\|b | `c\\|d` | [e](<f%7Cg>) |\n| --- | --- | --- |\n| *h*\\| |  | i<br>j |\n| k |\n", "|  |  |\n| --- | --- |\n| a | b |\n", "| a |\n|---|\n", "a | b\n-|-\n`\\|` | \\\\\n", "| a |\n| - |\n| - b |\n| # c |\n| ![d](</api/v1/pads/p/images/e>) |\n",
    // Code.
    "```\n\n  a\n\n\n```\n", "~~~~ c++ x\n```\n~~~\n~~~~\n", "    a\n\n      b\n", "```\n```\n", "````md\n```\na \n```\n````\n", "```\na\n\n```\n",
    // Links.
    "[a](https://b.example/c_(d)) [e](<https://b.example/f g>) [h](/i \"j\") <https://k.example/?l=m&n=o&copy;p>", "[a *b* `c`](d) [**e**](f)[g](h)", "[a][b] [b]\n\n[b]: https://c.example/(d)\n", "![a \\] b](https://c.example/d.png)",
    "![a](</api/v1/pads/p/images/b> \"c \\\" d\")\n", "[a](javascript:b) [c](data:d)", "a [b\nc](d) e",
    // French, and characters of more than one unit.
    "« Bonjour\u00a0! » — l’été\u202f: 5\u00a0€… *« cité »* **« gras »**, œuvre", "🏘️ 👩🏽‍🌾 **🎉** e\u0301 *e\u0301*", "\u00a0a\u00a0\n", "Ligne\u2028une \u200bdeux",
    // Rules, headings, quotes.
    "a\n***\nb\n\n---\n", "Titre\n===\n\nSous-titre\n---\n", "> a\nb\n\n> > c\n", "* * *\n- - -\n", "",
};

TEST(RoundTrip, MarkdownOfPeopleIsStable) {
    for (const std::string_view text : markdown_corpus) {
        const std::vector<Event> events = import(text, DocumentForm::markdown);
        const std::string first = markdown_of(events);
        stays(first, DocumentForm::markdown, text);
        const std::vector<Event> again = import(first, DocumentForm::markdown);
        EXPECT_EQ(difference(characters(again), characters(events)), "") << text << "\n---\n" << first;
        EXPECT_EQ(difference(skeleton(again), skeleton(events)), "") << text << "\n---\n" << first;
    }
}

TEST(RoundTrip, OurOwnMarkdownComesBackAsItWas) {
    for (const std::string_view text :
         {"- a\n  - b\n    - c\n", "- a\n\n  3. b\n  4. c\n", "- [ ]\n- [x] a\n", "- [ ]\n  - a\n", "a\\\n\\- b\n", "**fin.** Suite, un**gras**e, <b>fin.</b>Suite\n", "*a*<b>b</b>\n",
          "<u>a **b**</u> H<sub>2</sub>O\n", "| a\\|b |  |\n| --- | --- |\n| `c\\|d` | e<br>f |\n", "```c++\na \n\n```\n", "[a](<https://b.example/c_(d)>)\n", "# C \\#\n", "\\![a](<b>) !\n",
          "![a](</api/v1/pads/p/images/b> \"c\")\n", "« Bonjour\u00a0! »\n", "- ___\n", "> a\n\n> b\n", "1. a\n\n1) b\n"}) {
        stays(std::string(text), DocumentForm::markdown, text);
    }
}

constexpr std::string_view html_corpus[] = {
    "<p>a<ul><li>b<ul><li>c</ul>d<li><p>e</p><p>f</p></ul>", "<ol start=3><li>a</li></ol><ol><li>b</li></ol>", "<table><thead><tr><th rowspan=2>a<th colspan=2>b</thead><tr><td>c<td>d<ul><li>e</ul></table>",
    "<pre><code class=language-sh>a\n  b\n</code></pre><pre>\nc</pre><pre class='x language-c'>d</pre>", "<blockquote>a<blockquote>b</blockquote></blockquote>",
    "<pre class='language-\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD'>a</pre><pre class='language-été'>b</pre>", "<p style='text-align:right'>a<br>b<br></p><h3 style='text-align:justify'>c</h3>",
    "<p><b>a<i>b</b>c</i> <a href='https://a.example/?b=c&amp;d=e#(f)'>g<s>h</s></a></p>", "<ul class=tasks><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>", "<p>« a »&nbsp;! &amp;lt; &lt;b&gt; \"c\" 'd' 🏘️</p>",
    "<p>a  b\n c</p> d <div>e</div>f", "<img src=/api/v1/pads/p/images/a alt='b \"c\"' title=d width=40><p>e <img src=https://f.example/g.png alt=h></p>", "<hr><p></p><p>a</p><hr>", "<mark style='background-color:#abc'>a</mark><span style='color:red'>b</span><font color='#0a0'>c</font>",
    "<h1>a</h1><h6>b</h6><dl><dt>c<dd>d</dl><figure><figcaption>e</figcaption></figure>", "<p><u>a</u><sub>b</sub><sup>c</sup><code>d &lt; e</code></p>", "<table><tr><td><table><tr><td>a</table></table>", "<li>a</li>b<td>c</td>",
};

TEST(RoundTrip, HtmlIsStable) {
    for (const std::string_view text : html_corpus) {
        const std::vector<Event> events = import(text, DocumentForm::html);
        const std::string first = html_of(events);
        stays(first, DocumentForm::html, text);
        const std::vector<Event> again = import(first, DocumentForm::html);
        EXPECT_EQ(difference(characters(again), characters(events)), "") << text;
        EXPECT_EQ(difference(skeleton(again), skeleton(events)), "") << text;
    }
}

/// Documents that the editor's schema allows, with a taste for what is awkward.
class Chance {
public:
    explicit Chance(unsigned seed) : random_(seed) {}

    std::vector<Event> document() {
        for (int blocks = below(6) + 1; blocks > 0; --blocks) {
            block(0);
        }
        return std::move(events_);
    }

private:
    int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    void edge(Event::Kind kind, Block block, std::int64_t number = 1, bool checked = false) {
        Event event;
        event.kind = kind;
        event.block = block;
        event.number = number;
        event.checked = checked;
        events_.push_back(std::move(event));
    }

    void words(bool code) {
        static constexpr const char* pieces[] = {"a", "mot", " ", "  ", "*", "**", "_", "`", "``", "[", "](", ")", "<b>", "</u>", "&amp;", "&", "#", "# ", "- ", "+", "=", "1. ", "|", "\\", "\\|", "~", "~~",
                                                 "!", ".", ",", "« ", " »", "\u00a0", "\u202f", "é", "’", "🏘️", "e\u0301", "€", ":-", "://", "x", "<br>", "[ ] ", "> ", "\t", "---"};
        std::string text;
        for (int i = below(5); i >= 0; --i) {
            text += pieces[below(std::size(pieces))];
            text += code && below(3) == 0 ? "\n" : "";
        }
        Event event;
        event.text = std::move(text);
        for (int kind = 0; kind <= static_cast<int>(MarkKind::code) && !code; ++kind) {
            const auto mark = static_cast<MarkKind>(kind);
            const bool other = mark == MarkKind::colour || mark == MarkKind::code || mark == MarkKind::subscript;
            if (below(other ? 12 : 4) == 0) {
                event.marks.push_back({mark});
                look(event.marks.back());
            }
        }
        if (event.marks.size() > 1 && event.marks.back().kind == MarkKind::code && below(2) == 0) {
            event.marks.erase(event.marks.begin(), event.marks.end() - 1);
        }
        if (!event.marks.empty() && event.marks.back().kind == MarkKind::code) {
            // In a cell Markdown cannot write "\\|" as code.
            std::replace(event.text.begin(), event.text.end(), '\\', '/');
        }
        const bool same = events_.back().kind == Event::Kind::text && events_.back().marks == event.marks;
        if (same) {
            events_.back().text += event.text;
        } else {
            events_.push_back(std::move(event));
        }
    }

    void look(Mark& mark) {
        if (mark.kind == MarkKind::link) {
            mark.value = below(2) == 0 ? "https://a.example/b(c)?d&lt;e" : "/f";
            mark.title = below(4) == 0 ? "g \"h\" *i*" : "";
        } else if (mark.kind == MarkKind::highlight) {
            mark.value = below(3) == 0 ? "#ffef9e" : "";
        } else if (mark.kind == MarkKind::colour) {
            const int kind = below(3);
            mark.value = kind == 1 ? "" : "#123456";
            mark.font = kind == 0 ? "" : "\"DejaVu Sans\", serif";
            mark.size = kind == 2 ? "14.5pt" : "";
        }
    }

    void line(Block block) {
        edge(Event::Kind::open, block, below(6) + 1);
        if (block != Block::code && below(6) == 0) {
            events_.back().align = static_cast<Align>(below(4));
        }
        for (int i = below(5); i > 0; --i) {
            words(block == Block::code);
            if (below(6) == 0 && block != Block::code) {
                edge(Event::Kind::open, Block::line_break);
                edge(Event::Kind::close, Block::line_break);
            }
        }
        edge(Event::Kind::close, block);
    }

    void list(Block block, int depth) {
        edge(Event::Kind::open, block, below(3) == 0 ? below(12) + 1 : 1);
        const Block item = block == Block::task_list ? Block::task_item : Block::list_item;
        for (int i = below(3); i >= 0; --i) {
            edge(Event::Kind::open, item, 1, item == Block::task_item && below(2) == 0);
            for (int blocks = below(3); blocks >= 0; --blocks) {
                below(3) == 0 ? this->block(depth + 1) : line(Block::paragraph);
            }
            edge(Event::Kind::close, item);
        }
        edge(Event::Kind::close, block);
    }

    void table() {
        edge(Event::Kind::open, Block::table);
        const int columns = below(3) + 1;
        for (int row = below(3); row >= 0; --row) {
            edge(Event::Kind::open, Block::table_row);
            for (int column = 0; column < columns; ++column) {
                const Block cell = below(3) == 0 ? Block::table_header : Block::table_cell;
                edge(Event::Kind::open, cell);
                line(Block::paragraph);
                edge(Event::Kind::close, cell);
            }
            edge(Event::Kind::close, Block::table_row);
        }
        edge(Event::Kind::close, Block::table);
    }

    void block(int depth) {
        switch (below(depth < 4 ? 10 : 5)) {
        case 0:
        case 1:
        case 2:
            return line(Block::paragraph);
        case 3:
            return line(Block::heading);
        case 4:
            return line(Block::code);
        case 5:
            edge(Event::Kind::open, Block::quote);
            this->block(depth + 1);
            edge(Event::Kind::close, Block::quote);
            return;
        case 6:
            return list(Block::bullet_list, depth);
        case 7:
            return list(Block::ordered_list, depth);
        case 8:
            return list(Block::task_list, depth);
        default:
            return below(2) == 0 ? table() : edge_rule();
        }
    }
    void edge_rule() {
        edge(Event::Kind::open, Block::rule);
        edge(Event::Kind::close, Block::rule);
    }

    std::minstd_rand random_;
    std::vector<Event> events_;
};

TEST(RoundTrip, DocumentsByChanceInMarkdown) {
    for (unsigned seed = 1; seed <= 3000 && !HasFailure(); ++seed) {
        const std::vector<Event> events = Chance(seed).document();
        const std::string first = markdown_of(events);
        const std::vector<Event> again = import(first, DocumentForm::markdown);
        EXPECT_EQ(difference(characters(again), characters(events)), "") << "seed " << seed << "\n---\n" << first;
        const std::string second = markdown_of(again);
        EXPECT_EQ(difference(markdown_of(import(second, DocumentForm::markdown)), second), "") << "seed " << seed << "\n---\n" << first;
    }
}

TEST(RoundTrip, DocumentsByChanceInHtml) {
    for (unsigned seed = 1; seed <= 3000 && !HasFailure(); ++seed) {
        const std::vector<Event> events = Chance(seed).document();
        const std::string first = html_of(events);
        const std::vector<Event> again = import(first, DocumentForm::html);
        EXPECT_EQ(difference(characters(again), characters(events)), "") << "seed " << seed << "\n---\n" << first;
        EXPECT_EQ(difference(skeleton(again), skeleton(events)), "") << "seed " << seed << "\n---\n" << first;
        const std::string second = html_of(again);
        EXPECT_EQ(difference(html_of(import(second, DocumentForm::html)), second), "") << "seed " << seed << "\n---\n" << first;
    }
}

} // namespace
} // namespace hameau::pads
