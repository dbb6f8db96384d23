// Exporters: structure, escaping, hostile content, the ProseMirror documents of the vectors.
#include <fstream>

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>

#include "modules/pads/documents/templates.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/render.hpp"
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

Event open(Block block, std::int64_t number = 1, std::string text = {}) {
    Event event;
    event.kind = Event::Kind::open;
    event.block = block;
    event.number = number;
    event.text = std::move(text);
    return event;
}
Event close(Block block) {
    Event event;
    event.kind = Event::Kind::close;
    event.block = block;
    return event;
}
Event words(std::string text, std::vector<Mark> marks = {}) {
    Event event;
    event.text = std::move(text);
    event.marks = std::move(marks);
    return event;
}
void paragraph(std::vector<Event>& events, std::string text, std::vector<Mark> marks = {}) {
    events.push_back(open(Block::paragraph));
    events.push_back(words(std::move(text), std::move(marks)));
    events.push_back(close(Block::paragraph));
}
void item(std::vector<Event>& events, std::string text, Block block = Block::list_item, bool checked = false) {
    events.push_back(open(block));
    events.back().checked = checked;
    paragraph(events, std::move(text));
    events.push_back(close(block));
}

std::vector<Event> sample() {
    std::vector<Event> events{open(Block::heading, 2), words("Titre"), close(Block::heading)};
    paragraph(events, "Un mot ");
    events.insert(events.end() - 1, {words("gras ", {{MarkKind::bold, ""}}), words("et", {{MarkKind::bold, ""}, {MarkKind::italic, ""}}), words(" fin")});
    events.push_back(open(Block::bullet_list));
    item(events, "un");
    item(events, "deux");
    events.pop_back();
    events.push_back(open(Block::ordered_list, 3));
    item(events, "dedans");
    item(events, "encore");
    events.push_back(close(Block::ordered_list));
    events.push_back(close(Block::list_item));
    events.push_back(close(Block::bullet_list));
    events.push_back(open(Block::task_list));
    item(events, "fait", Block::task_item, true);
    item(events, "à faire", Block::task_item, false);
    events.push_back(close(Block::task_list));
    events.push_back(open(Block::quote));
    paragraph(events, "dit");
    paragraph(events, "redit");
    events.push_back(close(Block::quote));
    events.insert(events.end(), {open(Block::code, 1, "c++"), words("a();\n```\nb();"), close(Block::code)});
    events.push_back(open(Block::table));
    for (const Block cell : {Block::table_header, Block::table_cell}) {
        events.push_back(open(Block::table_row));
        for (const char* text : {"x|y", "z"}) {
            events.push_back(open(cell));
            paragraph(events, text);
            events.push_back(close(cell));
        }
        events.push_back(close(Block::table_row));
    }
    events.push_back(close(Block::table));
    return events;
}

TEST(Export, Markdown) {
    EXPECT_EQ(render_markdown(sample()), "## Titre\n"
                                         "\n"
                                         "Un mot **gras *et*** fin\n"
                                         "\n"
                                         "- un\n"
                                         "- deux\n"
                                         "\n"
                                         "  3. dedans\n"
                                         "  4. encore\n"
                                         "\n"
                                         "* [x] fait\n"
                                         "* [ ] à faire\n"
                                         "\n"
                                         "> dit\n"
                                         ">\n"
                                         "> redit\n"
                                         "\n"
                                         "````c++\n"
                                         "a();\n"
                                         "```\n"
                                         "b();\n"
                                         "````\n"
                                         "\n"
                                         "| x\\|y | z |\n"
                                         "| --- | --- |\n"
                                         "| x\\|y | z |\n");
}

TEST(Export, Text) {
    EXPECT_EQ(render_text(sample()), "Titre\nUn mot gras et fin\n- un\n- deux\n  3. dedans\n  4. encore\n[x] fait\n[ ] à faire\n"
                                     "dit\nredit\na();\n```\nb();\nx|y\tz\nx|y\tz\n");
}

TEST(Export, Html) {
    const std::string html = render_html_fragment(sample());
    EXPECT_NE(html.find("<h2>Titre</h2>"), std::string::npos);
    EXPECT_NE(html.find("<strong>gras </strong><strong><em>et</em></strong> fin</p>"), std::string::npos) << html;
    EXPECT_NE(html.find("<ol start=\"3\">"), std::string::npos);
    EXPECT_NE(html.find("<input type=\"checkbox\" checked disabled>"), std::string::npos);
    EXPECT_NE(render_html(sample(), "<script>", false).find("<title>&lt;script&gt;</title>"), std::string::npos);
}

TEST(Export, NothingOfAPadBecomesMarkup) {
    std::vector<Event> events;
    paragraph(events, "<script>alert(1)</script> & \"quotes\" '");
    EXPECT_EQ(render_html_fragment(events), "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot; &#39;</p>\n");
    EXPECT_EQ(render_markdown(events), "\\<script\\>alert(1)\\</script\\> & \"quotes\" '\n");
    for (const char* text : {"# no heading", "- no item", "1. no item", "+ no item", "=== no heading"}) {
        events.clear();
        paragraph(events, text);
        EXPECT_NE(render_markdown(events).find('\\'), std::string::npos) << text;
    }
    events.clear();
    paragraph(events, "a*b_c`d[e]");
    EXPECT_EQ(render_markdown(events), "a\\*b\\_c\\`d\\[e\\]\n");
}

TEST(Export, AddressesAndColours) {
    for (const char* good : {"https://amis.bzh/x?y=1#z", "http://a", "mailto:a@b.c", "tel:+33", "page/", "/a:b", "#here", "?q=a:b"}) {
        EXPECT_TRUE(is_safe_address(good)) << good;
    }
    for (const char* bad : {"javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//evil.example", "java\nscript:x", " javascript:x",
                            "vbscript:x", "https://a\"onclick=", "", "file:///etc/passwd"}) {
        EXPECT_FALSE(is_safe_address(bad)) << bad;
    }
    EXPECT_TRUE(is_safe_colour("#a1B2c3"));
    EXPECT_TRUE(is_safe_colour("red"));
    constexpr const char* colours[][2] = {{"rgb(204, 0, 10)", "#cc000a"}, {"RGBA(1 2 3 / 0.5)", "#010203"}, {"rgba(1,2,3,0)", ""}, {"rgb(1,2)", ""}, {"rgb(1,2,300)", ""},
                                          {"#aabbcc80", "#aabbcc"}, {"#aabbcc00", ""}, {"transparent", ""}, {"Inherit", ""}, {"rgb(url(x))", ""}, {"hsl(1,2%,3%)", ""}, {"Navy", "Navy"}};
    for (const auto& [text, safe] : colours) {
        EXPECT_EQ(safe_colour(text), safe) << text;
    }
    for (const char* good : {"serif", "Noto Sans, serif", "'Times New Roman'", "\"a\",b"}) {
        EXPECT_TRUE(is_safe_font(good)) << good;
    }
    for (const char* bad : {"", ",", "a,", "'a", "a;b", "url(x)", "\"a'\"", "a:b", "'", "a<b"}) {
        EXPECT_FALSE(is_safe_font(bad)) << bad;
    }
    for (const char* good : {"14pt", "1.5em", "120%", "16px"}) {
        EXPECT_TRUE(is_safe_size(good)) << good;
    }
    for (const char* bad : {"", "14", "pt", ".5em", "1.em", "0px", "1e5px", "12345678px", "medium", "calc(1px)", "-1px"}) {
        EXPECT_FALSE(is_safe_size(bad)) << bad;
    }
    for (const char* bad : {"#12", "red;background:url(x)", "expression(1)", "#12345g", ""}) {
        EXPECT_FALSE(is_safe_colour(bad)) << bad;
    }
}

TEST(Export, DocumentsThatNoEditorMakesStillEnd) {
    // A list in a cell of a table in a cell, items without lists, a paragraph in a paragraph.
    std::vector<Event> events{open(Block::list_item), open(Block::table), open(Block::table_row), open(Block::table_cell),
                              open(Block::bullet_list), open(Block::table), open(Block::table_row), open(Block::table_cell, 100)};
    paragraph(events, "deep");
    for (const Block block : {Block::table_cell, Block::table_row, Block::table, Block::bullet_list, Block::table_cell, Block::table_row,
                              Block::table, Block::list_item}) {
        events.push_back(close(block));
    }
    events.insert(events.end(), {open(Block::paragraph), open(Block::paragraph), words("twice"), close(Block::paragraph), words("lost"),
                                 close(Block::paragraph)});
    EXPECT_NE(render_markdown(events).find("deep"), std::string::npos);
    EXPECT_NE(render_text(events).find("twice"), std::string::npos);
    EXPECT_NE(render_html_fragment(events).find("deep"), std::string::npos);
    EXPECT_FALSE(render_odt(events, "t", false).empty());
}

/// A pad of one paragraph: `count` letters, each with another link of `bytes` bytes.
Bytes linked_letters(std::uint32_t count, std::size_t bytes) {
    Bytes update;
    crdt::Writer out(update);
    out.uvar(1);
    out.uvar(2 + 2 * count);
    out.uvar(5);
    out.uvar(0);
    out.u8(0x07);  // a paragraph in the editor's root
    out.uvar(1);
    out.text("default");
    out.uvar(3);
    out.text("paragraph");
    out.u8(0x07);  // its text
    out.uvar(0);
    out.uvar(5);
    out.uvar(0);
    out.uvar(6);
    for (std::uint32_t i = 0; i < 2 * count; ++i) {
        out.u8(static_cast<std::uint8_t>((i % 2 == 0 ? 6 : 4) | (i == 0 ? 0 : 0x80)));
        if (i == 0) {
            out.uvar(0);
            out.uvar(5);
            out.uvar(1);
        } else {
            out.uvar(5);
            out.uvar(1 + i);
        }
        if (i % 2 == 0) {
            const std::string address = "https://example.org/" + std::to_string(i / 2 % 2) + std::string(bytes, 'a');
            out.text("link");
            out.text("{\"href\":\"" + address + "\"}");
        } else {
            out.text("x");
        }
    }
    out.uvar(0);
    return update;
}

TEST(Export, WhatAnExportHoldsIsBounded) {
    const auto read = [](const Bytes& update) {
        crdt::Integrator integrator;
        EXPECT_TRUE(integrator.apply(update).has_value());
        return read_content(crdt::Document(integrator));
    };
    const auto some = read(linked_letters(10, 100));
    ASSERT_TRUE(some.has_value());
    EXPECT_EQ(some->size(), 12u);
    // 8 MB in the pad would be as many events with a copy of the address each: 600,000 of them are more than 128 MiB.
    const auto many = read(linked_letters(600'000, 1));
    ASSERT_FALSE(many.has_value());
    EXPECT_EQ(many.error().kind, ErrorKind::too_large);
}

TEST(Export, TemplatesInEveryFormat) {
    const auto update = template_update("minutes", false, 7);
    for (const char* name : {"text", "html", "markdown", "odt", "yjs"}) {
        const auto format = export_format(name);
        ASSERT_TRUE(format.has_value());
        const auto document = export_document(*format, *update, "Titre", false);
        ASSERT_TRUE(document.has_value());
        if (std::string_view(name) != "odt") {
            EXPECT_NE(document->find("Compte rendu de réunion"), std::string::npos) << name;
        } else {
            EXPECT_EQ(document->substr(30, 8), "mimetype") << "first, so that file(1) knows it";
        }
    }
    const auto markdown = export_document(*export_format("markdown"), *update, "", false);
    EXPECT_NE(markdown->find("**Date\u00a0:**\n"), std::string::npos) << *markdown;
    EXPECT_NE(markdown->find("- [ ] Quoi, qui, pour quand\n- [ ]\n"), std::string::npos) << *markdown;
    EXPECT_FALSE(export_format("rtf").has_value());
    EXPECT_TRUE(export_document(*export_format("html"), Bytes{0, 0}, "leer", false).has_value()) << "an empty pad";
    EXPECT_FALSE(export_document(*export_format("html"), Bytes{1, 2, 3}, "", false).has_value());
}

Event opened(Block block) {
    Event event;
    event.kind = Event::Kind::open;
    event.block = block;
    event.number = 1;
    return event;
}
Event closed(Block block) {
    Event event;
    event.kind = Event::Kind::close;
    event.block = block;
    return event;
}

TEST(Export, ImagesAlignmentAndSpans) {
    const std::string hash(64, 'a');
    Event image = opened(Block::image);
    image.address = "/api/v1/pads/p/images/" + hash;
    image.text = "Le plan <1>";
    image.described = true;
    Event centred = opened(Block::paragraph);
    centred.align = Align::center;
    Event text;
    text.text = "au milieu";
    Event cell = opened(Block::table_cell);
    cell.number = 2;
    cell.rows = 3;
    const std::vector<Event> events = {image, closed(Block::image), centred, text, closed(Block::paragraph), opened(Block::table),
                                       opened(Block::table_row), cell, opened(Block::paragraph), closed(Block::paragraph),
                                       closed(Block::table_cell), closed(Block::table_row), closed(Block::table)};
    const ImageSource images = [&hash](std::string_view wanted, ImageUse use) -> std::optional<ImageBytes> {
        EXPECT_EQ(wanted, hash);
        return ImageBytes{use == ImageUse::page ? "image/webp" : "image/jpeg", "Man", 800, 600};
    };
    const std::string html = render_html_fragment(events, images);
    EXPECT_EQ(html, "<img src=\"data:image/webp;base64,TWFu\" alt=\"Le plan &lt;1&gt;\" width=\"800\" height=\"600\">\n"
                    "<p style=\"text-align:center\">au milieu</p>\n"
                    "<table><tr><td colspan=\"2\" rowspan=\"3\"><p></p>\n</td>\n</tr>\n</table>\n");
    EXPECT_NE(render_html_fragment(events).find("<img src=\"/api/v1/pads/p/images/"), std::string::npos) << "without the bytes: named";
    const std::string odt = render_odt(events, "t", false, images);
    EXPECT_NE(odt.find("Pictures/" + hash + ".jpeg"), std::string::npos);
    EXPECT_NE(odt.find("Man"), std::string::npos) << "the picture itself, stored";
}

void pm_text(const json::value& node, std::string& out) {
    const json::object& object = node.as_object();
    if (const json::value* text = object.if_contains("text")) {
        out += text->as_string();
    }
    if (const json::value* content = object.if_contains("content")) {
        for (const json::value& child : content->as_array()) {
            pm_text(child, out);
        }
    }
}

TEST(Export, TheProseMirrorDocumentsOfTheVectors) {
    std::ifstream lines(HAMEAU_SOURCE_DIR "/tests/vectors/yjs/scenarios.jsonl");
    ASSERT_TRUE(lines);
    int seen = 0;
    for (std::string line; std::getline(lines, line);) {
        const json::object scenario = json::parse(line).as_object();
        if (scenario.at("kind").as_string() != "pm") {
            continue;
        }
        const json::object& expected = scenario.at("expect").as_object();
        const json::string& encoded = expected.at("update").as_string();
        Bytes update(boost::beast::detail::base64::decoded_size(encoded.size()));
        update.resize(boost::beast::detail::base64::decode(update.data(), encoded.data(), encoded.size()).first);
        const auto events = read_content(update);
        ASSERT_TRUE(events.has_value());
        std::string ours;
        for (const Event& event : *events) {
            ours += event.kind == Event::Kind::text ? event.text : "";
        }
        std::string theirs;
        pm_text(expected.at("pm"), theirs);
        EXPECT_EQ(ours, theirs) << scenario.at("id");
        ++seen;
        for (const char* name : {"text", "html", "markdown", "odt"}) {
            EXPECT_TRUE(export_document(*export_format(name), update, "", true).has_value());
        }
    }
    EXPECT_GT(seen, 3);
}

} // namespace
} // namespace hameau::pads
