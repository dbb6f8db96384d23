// The shared form of a pad (docs/pads-format.md): what the reader shows of lines, of what nobody meant, of what other programs
// write beside them; what the writer makes; the shared cases that the editor is held to as well; hostile documents.
#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/pads/lines/line_writer.hpp"
#include "modules/pads/lines/line_schema.hpp"
#include "modules/pads/lines/lines.hpp"
#include "modules/pads/export/render.hpp"
#include "tests/unit/pads/old_tree.hpp"
#include "tests/unit/pads/raw_lines.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

std::string shown(const crdt::Bytes& update) {
    crdt::Integrator integrator;
    EXPECT_TRUE(integrator.apply(update, crdt::Hold::borrow).has_value());
    EXPECT_FALSE(integrator.has_pending());
    const auto out = render_prosemirror(crdt::Document(integrator));
    EXPECT_TRUE(out.has_value());
    return out.value_or("");
}

std::string text_of(const crdt::Bytes& update) {
    const auto events = read_content(update);
    EXPECT_TRUE(events.has_value());
    return events ? render_text(*events) : "";
}

/// Names and texts only: "ul(li(p'a')p'b')".
std::string outline(const json::value& node) {
    const json::object& object = node.as_object();
    const std::string_view type = object.at("type").as_string();
    if (type == "text") {
        return "'" + std::string(object.at("text").as_string()) + "'";
    }
    std::string out = type == "doc" ? "" : std::string(type);
    if (const json::value* attributes = object.if_contains("attrs")) {
        const std::string all = json::serialize(*attributes);
        out += all == R"({"level":1})" || all == R"({"checked":false})" ? std::string() : all;
    }
    const json::value* content = object.if_contains("content");
    if (content == nullptr) {
        return out;
    }
    out += type == "doc" ? "" : "(";
    for (bool first = true; const json::value& child : content->as_array()) {
        out += (first ? "" : " ") + outline(child);
        first = false;
    }
    return out + (type == "doc" ? "" : ")");
}

/// As deep as a document may be.
json::value parsed(std::string_view text) {
    json::parse_options options;
    options.max_depth = 1000;
    return json::parse(json::string_view(text.data(), text.size()), {}, options);
}

std::string outline_of(const crdt::Bytes& update) { return outline(parsed(shown(update))); }

/// Lines by their attributes as JSON, each with one letter: a, b, c.
crdt::Bytes lines(std::initializer_list<const char*> attributes) {
    RawLines out;
    out.root_attribute("format", 2);
    char letter = 'a';
    for (bool first = true; const char* one : attributes) {
        const json::object parsed = json::parse(one).as_object();
        if (!first) {
            out.line(parsed);
        }
        for (const auto& [key, value] : first ? parsed : json::object()) {
            out.root_attribute(std::string_view(key), value);
        }
        first = false;
        out.text(std::string(1, letter++));
    }
    return out.finish();
}

TEST(Lines, BlocksAndContainers) {
    EXPECT_EQ(outline_of(lines({"{}"})), "paragraph('a')");
    EXPECT_EQ(outline_of(lines({R"({"type":"heading","level":3,"textAlign":"center"})", "{}"})), R"(heading{"level":3,"textAlign":"center"}('a') paragraph('b'))");
    const char* item = R"({"path":["bulletList","listItem"]})";
    EXPECT_EQ(outline_of(lines({item, item})), "bulletList(listItem(paragraph('a')) listItem(paragraph('b')))");
    EXPECT_EQ(outline_of(lines({item, R"({"path":["bulletList","listItem"],"joins":2})"})), "bulletList(listItem(paragraph('a') paragraph('b')))");
    EXPECT_EQ(outline_of(lines({item, R"({"path":["bulletList","listItem"],"joins":0})"})), "bulletList(listItem(paragraph('a'))) bulletList(listItem(paragraph('b')))");
    EXPECT_EQ(outline_of(lines({item, R"({"path":["bulletList","listItem","bulletList","listItem"]})", item})),
              "bulletList(listItem(paragraph('a') bulletList(listItem(paragraph('b')))) listItem(paragraph('c')))");
    EXPECT_EQ(outline_of(lines({R"({"path":["blockquote"]})", R"({"path":["blockquote"]})"})), "blockquote(paragraph('a') paragraph('b'))");
    const char* cell = R"({"path":["table","tableRow","tableCell"]})";
    EXPECT_EQ(outline_of(lines({cell, cell, R"({"path":["table","tableRow","tableCell"],"joins":1})"})),
              "table(tableRow(tableCell(paragraph('a')) tableCell(paragraph('b'))) tableRow(tableCell(paragraph('c'))))");
}

TEST(Lines, AttributesOfContainersStandOnTheirFirstLine) {
    EXPECT_EQ(outline_of(lines({R"({"path":["taskList","taskItem","taskList","taskItem"],"taskItem.checked":true})", R"({"path":["taskList","taskItem"],"taskItem.checked":true,"taskItem.checked.1":true})"})),
              R"(taskList(taskItem(taskList(taskItem{"checked":true}(paragraph('a')))) taskItem{"checked":true}(paragraph('b'))))");
    EXPECT_EQ(outline_of(lines({R"({"path":["taskList","taskItem","taskList","taskItem"],"taskItem.checked.1":true})"})),
              R"(taskList(taskItem{"checked":true}(taskList(taskItem(paragraph('a'))))))");
    EXPECT_EQ(outline_of(lines({R"({"path":["taskList","taskItem"]})", R"({"path":["taskList","taskItem"],"joins":2,"taskItem.checked":true})"})),
              "taskList(taskItem(paragraph('a') paragraph('b')))");
    EXPECT_EQ(outline_of(lines({R"({"path":["table","tableRow","tableCell"],"tableCell.colspan":2,"tableCell.colwidth":[100,0],"tableCell.rowspan":1000})"})),
              R"(table(tableRow(tableCell{"colspan":2,"colwidth":[100,0]}(paragraph('a')))))");
}

TEST(Lines, PathsAreRepaired) {
    constexpr std::pair<const char*, const char*> cases[] = {
        {R"(["listItem"])", "paragraph('a')"},
        {R"(["bulletList"])", "bulletList(listItem(paragraph('a')))"},
        {R"(["bulletList","taskItem"])", "bulletList(listItem(paragraph('a')))"},
        {R"(["bulletList","blockquote"])", "bulletList(listItem(blockquote(paragraph('a'))))"},
        {R"(["table"])", "table(tableRow(tableCell(paragraph('a'))))"},
        {R"(["table","tableHeader"])", "table(tableRow(tableHeader(paragraph('a'))))"},
        {R"(["table","listItem","tableRow"])", "table(tableRow(tableCell(paragraph('a'))))"},
        {R"(["what","blockquote",7,null])", "blockquote(paragraph('a'))"},
        {R"(["paragraph"])", "paragraph('a')"},
        {R"("blockquote")", "paragraph('a')"},
        {R"({"0":"blockquote"})", "paragraph('a')"},
    };
    for (const auto& [path, expected] : cases) {
        EXPECT_EQ(outline_of(lines({("{\"path\":" + std::string(path) + "}").c_str()})), expected) << path;
    }
    std::string deep = "{\"path\":[";
    for (int i = 0; i < 200; ++i) {
        deep += i == 0 ? "\"blockquote\"" : ",\"blockquote\"";
    }
    const std::string out = outline_of(lines({(deep + "]}").c_str()}));
    EXPECT_EQ(std::count(out.begin(), out.end(), 'q'), 64);
}

TEST(Lines, GarbageCountsAsAbsent) {
    for (const char* joins : {"-1", "1.5", "\"2\"", "null", "[2]", "{}", "1e300", "99999999999"}) {
        const std::string second = R"({"path":["blockquote"],"joins":)" + std::string(joins) + "}";
        EXPECT_EQ(outline_of(lines({R"({"path":["blockquote"]})", second.c_str()})), "blockquote(paragraph('a') paragraph('b'))") << joins;
    }
    EXPECT_EQ(outline_of(lines({R"({"type":"poem","level":4})"})), "paragraph('a')");
    EXPECT_EQ(outline_of(lines({R"({"type":7})"})), "paragraph('a')");
    EXPECT_EQ(outline_of(lines({R"({"type":"heading","level":7,"textAlign":"up","unknown":{"a":[1]}})"})), "heading('a')");
    EXPECT_EQ(outline_of(lines({R"({"type":"image","src":"javascript:x","width":99999})"})), "image paragraph('a')");
}

TEST(Lines, TextWhereNoneMayStandIsAParagraphBehind) {
    EXPECT_EQ(outline_of(lines({R"({"type":"horizontalRule","path":["blockquote"]})"})), "blockquote(horizontalRule paragraph('a'))");
    RawLines code;
    code.root_attribute("format", 2);
    code.root_attribute("type", "codeBlock");
    code.text("if", {{"bold", json::object()}});
    code.embed({{"type", "hardBreak"}});
    code.embed({{"type", "mention"}, {"attrs", {{"id", "x"}}}});
    EXPECT_EQ(shown(code.finish()), R"({"type":"doc","content":[{"type":"codeBlock","content":[{"type":"text","text":"if"},{"type":"text","text":"\n"},{"type":"text","text":")"
                                    "\xEF\xBF\xBC" R"("}]}]})");
}

TEST(Lines, InsideALine) {
    RawLines out;
    out.root_attribute("format", 2);
    out.text("x", {{"bold", json::object()}, {"comment--abcdefgh", {{"id", "c"}}}, {"strange", {{"a", 1}}}});
    out.embed({{"type", "hardBreak"}});
    out.embed({{"type", "mention"}, {"attrs", {{"id", "marie"}, {"label", "Marie"}, {"more", 1}}}});
    out.embed({{"type", "poem"}});
    out.embed("hardBreak");
    out.text("y\nz");
    EXPECT_EQ(shown(out.finish()),
              R"({"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"x","marks":[{"type":"bold"},{"type":"comment","attrs":{"id":"c"}},{"type":"strange","attrs":{"a":1}}]},)"
              R"({"type":"hardBreak"},{"type":"mention","attrs":{"id":"marie","label":"Marie"}},{"type":"text","text":"y\nz"}]}]})");
    EXPECT_EQ(text_of(out.finish()), "x\n@Mariey\nz\n");
    const auto events = read_content(out.finish());
    EXPECT_EQ(std::count_if(events->begin(), events->end(), [](const Event& event) { return event.kind == Event::Kind::open && event.block == Block::paragraph; }), 2);
}

TEST(Lines, TakenOutLinesAreNotShownWhileEmpty) {
    RawLines out;
    out.root_attribute("format", 2);
    out.root_attribute("gone", 1);
    out.line({{"path", {"bulletList", "listItem"}}});
    out.text("a");
    out.line({{"gone", 1}, {"path", {"blockquote"}}});
    out.line({{"path", {"bulletList", "listItem"}}});
    out.text("b");
    out.line({{"gone", 1}, {"type", "image"}});
    out.text("c");
    out.line({{"gone", 1}});
    EXPECT_EQ(outline_of(out.finish()), "bulletList(listItem(paragraph('a')) listItem(paragraph('b'))) paragraph('c')");
    RawLines cell;
    cell.root_attribute("path", {"table", "tableRow", "tableCell"});
    cell.text("a");
    cell.line({{"gone", 1}, {"path", {"table", "tableRow", "tableCell"}}});
    cell.text("b");
    EXPECT_EQ(outline_of(cell.finish()), "table(tableRow(tableCell(paragraph('a') paragraph('b'))))");
    RawLines none;
    none.root_attribute("format", 2);
    none.root_attribute("gone", 1);
    none.line({{"gone", 1}});
    EXPECT_EQ(outline_of(none.finish()), "paragraph");
}

TEST(Lines, WhatOtherProgramsWriteIsShownAtItsPlace) {
    RawLines out;
    out.root_attribute("format", 2);
    out.element("heading", {{"level", 2}}, "Titre");
    out.element("paragraph", {}, "un");
    EXPECT_EQ(outline_of(out.finish()), R"(heading{"level":2}('Titre') paragraph('un'))") << "no empty paragraph before";
    out.text("behind");
    out.line({{"path", {"bulletList", "listItem"}}});
    out.text("item");
    out.element("blockquote", {}, "");
    out.line({{"path", {"bulletList", "listItem"}}});
    out.text("next");
    out.text_type("bare");
    EXPECT_EQ(outline_of(out.finish()), R"(heading{"level":2}('Titre') paragraph('un') paragraph('behind') bulletList(listItem(paragraph('item'))) blockquote bulletList(listItem(paragraph('next'))) paragraph('bare'))");
    EXPECT_EQ(text_of(out.finish()), "Titre\nun\nbehind\n- item\n- next\nbare\n");
    RawLines before;
    before.root_attribute("format", 2);
    before.text("mine");
    before.element("paragraph", {}, "theirs");
    EXPECT_EQ(outline_of(before.finish()), "paragraph('mine') paragraph('theirs')");
}

TEST(Lines, RootsAreReadAsWhatTheyAre) {
    const auto form = [](const crdt::Bytes& update) {
        crdt::Integrator integrator;
        EXPECT_TRUE(integrator.apply(update).has_value());
        const crdt::Document document(integrator);
        return form_of(document, *find_root(document));
    };
    RawLines text;
    text.text("un\ndeux");
    EXPECT_EQ(form(text.finish()), RootForm::plain);
    EXPECT_EQ(outline_of(text.finish()), "paragraph('un') paragraph('deux')");
    RawLines tree;
    tree.element("paragraph", {}, "a");
    tree.element("line", {}, "");
    EXPECT_EQ(form(tree.finish()), RootForm::tree);
    RawLines marked;
    marked.text("a");
    marked.line({});
    EXPECT_EQ(form(marked.finish()), RootForm::lines);
    EXPECT_EQ(form(LineWriter(3).finish()), RootForm::lines);
}

TEST(Lines, TheWriterSaysNoMoreThanItMust) {
    LineWriter out(1);
    const auto paragraph = [&out](std::string_view text) {
        out.open("paragraph");
        out.text(text);
        out.close();
    };
    out.open("bulletList");
    out.open("listItem");
    paragraph("a");
    paragraph("b");
    out.close();
    out.open("listItem");
    out.close();
    out.close();
    out.open("bulletList");
    out.close();
    out.open("heading");
    out.attribute("level", std::int64_t{1});
    out.attribute("strange", true);
    out.close();
    const crdt::Bytes update = out.finish();
    EXPECT_EQ(outline_of(update), "bulletList(listItem(paragraph('a') paragraph('b')) listItem(paragraph)) heading");
    crdt::Integrator integrator;
    ASSERT_TRUE(integrator.apply(update).has_value());
    const crdt::Document document(integrator);
    EXPECT_EQ(crdt::tree_json(document, *document.root("default"), crdt::RootKind::text),
              R"({"$":"text","delta":[{"insert":"a"},{"insert":{"$":"xml","name":"line","children":[],"attrs":{"joins":2,"path":["bulletList","listItem"]}}},)"
              R"({"insert":"b"},{"insert":{"$":"xml","name":"line","children":[],"attrs":{"path":["bulletList","listItem"]}}},)"
              R"({"insert":{"$":"xml","name":"line","children":[],"attrs":{"type":"heading"}}}],"attrs":{"format":2,"path":["bulletList","listItem"]}})");
}

// The shared cases: one file each, the same for the editor (web-ui/src/pad).

const std::filesystem::path cases = std::filesystem::path(HAMEAU_SOURCE_DIR) / "tests/vectors/lines";

void write_content_of(RawLines& out, const json::value& content) {
    for (const json::value& one : content.as_array()) {
        if (one.is_array()) {
            const json::array& run = one.as_array();
            out.text(std::string_view(run.at(0).as_string()), run.size() > 1 && run.at(1).is_object() ? run.at(1).as_object() : json::object());
        } else if (const json::value* embed = one.as_object().if_contains("embed")) {
            const json::value* marks = one.as_object().if_contains("marks");
            out.embed(*embed, marks == nullptr ? json::object() : marks->as_object());
        } else if (const json::value* tree = one.as_object().if_contains("tree")) {
            out.tree(tree->as_object());
        }
    }
}

/// Defaults of the schema left out, marks in one order, neighbouring texts of the same marks as one.
json::value settled(const json::value& node) {
    json::object out;
    for (const auto& [key, value] : node.as_object()) {
        if (key == "content" || key == "marks") {
            json::array list;
            for (const json::value& one : value.as_array()) {
                json::value next = settled(one);
                json::object* last = list.empty() ? nullptr : &list.back().as_object();
                const auto marks = [](const json::object& text) { return text.contains("marks") ? json::serialize(text.at("marks")) : std::string(); };
                if (last != nullptr && last->contains("text") && next.as_object().contains("text") && marks(*last) == marks(next.as_object())) {
                    last->at("text") = std::string(last->at("text").as_string()) + std::string(next.as_object().at("text").as_string());
                } else {
                    list.push_back(std::move(next));
                }
            }
            if (key == "marks") {
                // The editor shows no mark that it does not know; its JSON from here keeps them.
                const auto unknown = [](const json::value& mark) { return std::string_view(mark.as_object().at("type").as_string()).starts_with("blink"); };
                list.erase(std::remove_if(list.begin(), list.end(), unknown), list.end());
                std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return json::serialize(a) < json::serialize(b); });
            }
            if (!list.empty()) {
                out[key] = std::move(list);
            }
        } else if (key == "attrs") {
            std::map<std::string, json::value> kept;
            for (const auto& [name, given] : value.as_object()) {
                const bool one = (name == "level" || name == "start" || name == "colspan" || name == "rowspan") && given == json::value(1);
                if (!given.is_null() && given != json::value(false) && !one) {
                    kept.emplace(name, given);
                }
            }
            if (!kept.empty()) {
                out[key] = json::object(kept.begin(), kept.end());
            }
        } else {
            out[key] = value;
        }
    }
    std::map<std::string, json::value> in_order;
    for (const auto& [key, value] : out) {
        in_order.emplace(key, value);
    }
    return json::object(in_order.begin(), in_order.end());
}

TEST(Lines, TheSharedCasesAreShownAsTheEditorShowsThem) {
    if (!std::filesystem::exists(cases)) {
        GTEST_SKIP();
    }
    for (const auto& file : std::filesystem::directory_iterator(cases)) {
        if (file.path().extension() != ".json") {
            continue;
        }
        const json::object one = parsed(read_file(file.path(), 1 << 20).value()).as_object();
        RawLines out;
        out.root_attribute("format", 2);
        for (bool first = true; const json::value& line : one.at("lines").as_array()) {
            const json::value* attributes = line.as_object().if_contains("attrs");
            const json::object given = attributes == nullptr ? json::object() : attributes->as_object();
            if (!first) {
                out.line(given);
            }
            for (const auto& [key, value] : first ? given : json::object()) {
                out.root_attribute(std::string_view(key), value);
            }
            first = false;
            if (const json::value* content = line.as_object().if_contains("content")) {
                write_content_of(out, *content);
            }
        }
        EXPECT_EQ(json::serialize(settled(parsed(shown(out.finish())))), json::serialize(settled(one.at("doc")))) << file.path();
        EXPECT_TRUE(read_content(out.finish()).has_value()) << file.path();
    }
}

// Hostile documents: what reading costs grows with the document, and ends.

TEST(Lines, AMillionMarkersWithDeepPaths) {
    RawLines out;
    json::array names;
    for (int i = 0; i < 70; ++i) {
        names.emplace_back(i % 2 == 0 ? "table" : "bulletList");
    }
    for (int i = 0; i < 20'000; ++i) {
        out.line({{"path", names}, {"joins", 0}});
    }
    const crdt::Bytes update = out.finish();
    EXPECT_FALSE(read_content(update).has_value()) << "more than an export may hold";
    RawLines plain;
    for (int i = 0; i < 300'000; ++i) {
        plain.line({});
    }
    EXPECT_EQ(read_content(plain.finish())->size(), 600'002u);
}

TEST(Lines, OneLongMarkOverAMillionShortRunsIsCopiedOnce) {
    RawLines out;
    out.root_attribute("format", 2);
    out.root_attribute("type", "codeBlock");
    // 300,000 runs with 16 kB of marks each would be 5 GB of copies, and as much to parse.
    const json::object marks = {{"link", {{"href", "javascript:" + std::string(15'000, 'x')}}}};
    const std::size_t count = 300'000;
    // The mark is set once and never ended: RawLines::text would end it.
    out.open_mark("link", json::serialize(marks.at("link")));
    for (std::size_t i = 0; i < count; ++i) {
        out.text("x");
        out.embed({{"type", "hardBreak"}});
    }
    const auto events = read_content(out.finish());
    ASSERT_TRUE(events.has_value());
    EXPECT_EQ(events->at(1).text.size(), 2 * count);
}

} // namespace
} // namespace hameau::pads
