// Golden: documents of the editor (cases/NAME.json, in its own form) -> each export (NAME.txt, .md, .html, .xml: the
// content.xml of the OpenDocument Text, .docx.xml: the document.xml of the Word document), and what our import makes of the exports that it reads
// (back/NAME.html.json, .markdown.json, .docx.json). covers.mjs sees to it that every node, mark and attribute of the editor is in one.
// HAMEAU_UPDATE_GOLDEN=1 writes the expected files again.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <archive.h>
#include <archive_entry.h>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/lines/line_writer.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/render.hpp"
#include "tests/unit/pads/old_tree.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

const std::filesystem::path folder = std::filesystem::path(HAMEAU_SOURCE_DIR) / "tests/golden/pads/cases";

std::string read(const std::filesystem::path& path) { return read_file(path, 1 << 22).value_or(""); }

/// The editor's JSON as a document: by lines, or as y-prosemirror wrote it in format 1. Neighbouring texts are one text,
/// attributes that are null are not there.
template <class Writer>
class CaseWriter {
public:
    Bytes write(const json::object& document) {
        content(document);
        return tree_.finish();
    }

private:
    void node(const json::object& node) {
        tree_.open(std::string_view(node.at("type").as_string()));
        if (const json::value* attributes = node.if_contains("attrs")) {
            for (const auto& [key, value] : attributes->as_object()) {
                if (value.is_string()) {
                    tree_.attribute(std::string_view(key), std::string_view(value.as_string()));
                } else if (value.is_bool()) {
                    tree_.attribute(std::string_view(key), value.as_bool());
                } else if (value.is_array()) {
                    std::vector<std::int64_t> numbers;
                    for (const json::value& one : value.as_array()) {
                        numbers.push_back(one.as_int64());
                    }
                    tree_.attribute(std::string_view(key), std::span<const std::int64_t>(numbers));
                } else if (value.is_int64()) {
                    tree_.attribute(std::string_view(key), value.as_int64());
                }
            }
        }
        content(node);
        tree_.close();
    }

    void content(const json::object& parent) {
        const json::value* content = parent.if_contains("content");
        std::vector<Span> spans;
        const auto flush = [&] {
            if (!spans.empty()) {
                tree_.text(spans);
                spans.clear();
            }
        };
        for (std::size_t i = 0; content != nullptr && i < content->as_array().size(); ++i) {
            const json::object& child = content->as_array()[i].as_object();
            if (child.at("type").as_string() != "text") {
                flush();
                node(child);
                continue;
            }
            Span span{std::string_view(child.at("text").as_string())};
            const json::value* marks = child.if_contains("marks");
            for (std::size_t m = 0; marks != nullptr && m < marks->as_array().size(); ++m) {
                const json::object& mark = marks->as_array()[m].as_object();
                const json::value* attributes = mark.if_contains("attrs");
                span.marks.emplace(std::string(mark.at("type").as_string()), attributes == nullptr ? "{}" : json::serialize(*attributes));
            }
            spans.push_back(std::move(span));
        }
        flush();
    }

    Writer tree_{1};
};

std::string file_of_zip(const std::string& zip, std::string_view wanted) {
    const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
    archive_read_support_format_zip(reader.get());
    std::string out;
    archive_entry* entry = nullptr;
    if (archive_read_open_memory(reader.get(), zip.data(), zip.size()) == ARCHIVE_OK) {
        while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
            if (archive_entry_pathname(entry) == wanted) {
                out.resize(static_cast<std::size_t>(archive_entry_size(entry)));
                out.resize(static_cast<std::size_t>(std::max<la_ssize_t>(0, archive_read_data(reader.get(), out.data(), out.size()))));
            }
        }
    }
    return out;
}

/// One element a line, so that a difference can be read.
std::string by_line(std::string_view xml) {
    std::string out;
    for (std::size_t i = 0; i < xml.size(); ++i) {
        const std::string_view rest = xml.substr(i);
        const bool block = rest.starts_with("<text:p") || rest.starts_with("<text:h") || rest.starts_with("<text:list") ||
                           rest.starts_with("<table:") || rest.starts_with("</table:") || rest.starts_with("</text:list") ||
                           rest.starts_with("<style:style") || rest.starts_with("<w:p>") || rest.starts_with("<w:tbl>") || rest.starts_with("<w:tr>") || rest.starts_with("</w:tbl>") || rest.starts_with("<office:") || rest.starts_with("</office:");
        out += block ? "\n" : "";
        out += xml[i];
    }
    return out + "\n";
}

/// One node a line.
std::string by_node(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text.substr(i).starts_with(R"({"type":)") && !text.substr(i).starts_with(R"({"type":"text")") && text[i - 1] != '[' ? "\n" : "";
        out += text[i];
        out += text.substr(0, i + 1).ends_with(R"("content":[)") && text.substr(i + 1).starts_with(R"({"type":)") && !text.substr(i + 1).starts_with(R"({"type":"text")") ? "\n" : "";
    }
    return out + "\n";
}

void expect_golden(const std::string& got, const std::filesystem::path& expected) {
    if (std::getenv("HAMEAU_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(expected) << got;
    }
    EXPECT_EQ(got, read(expected)) << expected;
}

struct Export {
    const char* format;
    const char* extension;
};

class PadsGolden : public testing::TestWithParam<std::string> {
protected:
    void exports_of(const Bytes& update) const;
};

TEST_P(PadsGolden, EveryExportIsAsExpected) {
    const json::value document = json::parse(read(folder / (GetParam() + ".json")));
    exports_of(CaseWriter<LineWriter>().write(document.as_object()));
    exports_of(CaseWriter<OldTree>().write(document.as_object()));
}

void PadsGolden::exports_of(const Bytes& update) const {
    const ImageSource images = [](std::string_view, ImageUse use) -> std::optional<ImageBytes> {
        return ImageBytes{use == ImageUse::page ? "image/webp" : "image/jpeg", "Man", 800, 500};
    };
    for (const Export& one : {Export{"text", ".txt"}, Export{"markdown", ".md"}, Export{"html", ".html"}, Export{"odt", ".xml"}, Export{"docx", ".docx.xml"}}) {
        const auto document = export_document(*export_format(one.format), update, "Titre & <titre>", false, images);
        ASSERT_TRUE(document.has_value());
        const bool odt = std::string_view(one.format) == "odt";
        const bool docx = std::string_view(one.format) == "docx";
        const std::string got = odt ? by_line(file_of_zip(*document, "content.xml")) : docx ? by_line(file_of_zip(*document, "word/document.xml")) : *document;
        expect_golden(got, folder / (GetParam() + one.extension));
    }
}

TEST_P(PadsGolden, WhatIsReadAgainIsAsExpected) {
    prepare_documents();
    const Bytes update = CaseWriter<LineWriter>().write(json::parse(read(folder / (GetParam() + ".json"))).as_object());
    for (const std::string name : {"html", "markdown", "docx"}) {
        // Without pictures their addresses stay; a Word document holds pictures or nothing.
        const bool word = name == "docx";
        const ImageSource images = [](std::string_view, ImageUse) { return std::optional(ImageBytes{"image/jpeg", "Man", 800, 500}); };
        const auto document = export_document(*export_format(name), update, "", false, word ? images : ImageSource());
        ASSERT_TRUE(document.has_value());
        const std::string picture = "/api/v1/pads/p/images/abababababababababababababababababababababababababababababababab";
        const auto again = word ? read_word_document(*document, {picture}) : read_document(*document, name == "html" ? DocumentForm::html : DocumentForm::markdown);
        ASSERT_TRUE(again.has_value());
        crdt::Integrator integrator;
        ASSERT_TRUE(integrator.apply(again->update, crdt::Hold::borrow).has_value());
        const auto shown = render_prosemirror(crdt::Document(integrator));
        ASSERT_TRUE(shown.has_value());
        expect_golden(by_node(*shown), folder / "back" / (GetParam() + "." + name + ".json"));
    }
}

/// Without attributes that are the schema's defaults: the form does not store them. In one order of names.
json::value settled(const json::value& node) {
    json::object out;
    for (const auto& [key, value] : node.as_object()) {
        if (key == "content" || key == "marks") {
            json::array list;
            for (const json::value& one : value.as_array()) {
                list.push_back(settled(one));
            }
            if (key == "marks") {
                std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return json::serialize(a) < json::serialize(b); });
            }
            out[key] = std::move(list);
            continue;
        }
        if (key != "attrs") {
            out[key] = value;
            continue;
        }
        std::map<std::string, json::value> kept;
        for (const auto& [name, given] : value.as_object()) {
            const bool usual = given.is_null() || given == json::value(false) || ((name == "level" || name == "start" || name == "colspan" || name == "rowspan") && given == json::value(1));
            if (!usual) {
                kept.emplace(name, given);
            }
        }
        if (!kept.empty()) {
            out[key] = json::object(kept.begin(), kept.end());
        }
    }
    return out;
}

TEST_P(PadsGolden, BothFormsAreTheSameDocument) {
    const json::value document = json::parse(read(folder / (GetParam() + ".json")));
    for (const Bytes& update : {CaseWriter<LineWriter>().write(document.as_object()), CaseWriter<OldTree>().write(document.as_object())}) {
        crdt::Integrator integrator;
        ASSERT_TRUE(integrator.apply(update, crdt::Hold::borrow).has_value());
        ASSERT_FALSE(integrator.has_pending());
        const auto shown = render_prosemirror(crdt::Document(integrator));
        ASSERT_TRUE(shown.has_value());
        EXPECT_EQ(by_node(json::serialize(settled(json::parse(*shown)))), by_node(json::serialize(settled(document))));
    }
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Exports, PadsGolden, testing::ValuesIn(cases()), [](const auto& info) { return info.param; });

} // namespace
} // namespace hameau::pads
