// Word documents that come in: what Word, Google Docs and LibreOffice write, and what somebody hostile does.
#include <gtest/gtest.h>

#include "modules/pads/convert/document.hpp"
#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/export/zip.hpp"

namespace hameau::pads {
namespace {

const std::string spaces = R"( xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships")"
                           R"( xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006")"
                           R"( xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main")"
                           R"( xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office")";
const std::string office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

/// A package with these parts; those of every document are added where they are missing.
std::string package(std::map<std::string, std::string> parts) {
    const std::string head = R"(<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">)";
    parts.try_emplace("_rels/.rels", head + "<Relationship Id=\"a\" Type=\"" + office + "officeDocument\" Target=\"word/document.xml\"/><Relationship Id=\"b\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/></Relationships>");
    std::string relations = head;
    for (const char* name : {"styles", "numbering", "footnotes", "endnotes"}) {
        relations += std::string("<Relationship Id=\"") + name + "\" Type=\"" + office + name + "\" Target=\"" + name + ".xml\"/>";
    }
    const auto more = parts.extract("relations");
    parts.try_emplace("word/_rels/document.xml.rels", relations + (more.empty() ? "" : more.mapped()) + "</Relationships>");
    ZipWriter zip;
    for (const auto& [name, content] : parts) {
        zip.add(name, content, ZipWriter::Packing::deflated);
    }
    return zip.finish();
}
std::string body(const std::string& content) { return "<w:document" + spaces + "><w:body>" + content + "</w:body></w:document>"; }
std::string run(const std::string& text, const std::string& properties = "") { return "<w:r>" + (properties.empty() ? "" : "<w:rPr>" + properties + "</w:rPr>") + "<w:t xml:space=\"preserve\">" + text + "</w:t></w:r>"; }
std::string paragraph(const std::string& properties, const std::string& content) { return "<w:p><w:pPr>" + properties + "</w:pPr>" + content + "</w:p>"; }
std::string listed(int list, int level, const std::string& text) {
    return paragraph("<w:numPr><w:ilvl w:val=\"" + std::to_string(level) + "\"/><w:numId w:val=\"" + std::to_string(list) + "\"/></w:numPr>", run(text));
}
std::string style(const std::string& id, const std::string& name, const std::string& more) { return "<w:style w:type=\"paragraph\" w:styleId=\"" + id + "\"><w:name w:val=\"" + name + "\"/>" + more + "</w:style>"; }

std::string html_of(std::string_view archive) {
    const auto read = read_word_document(archive, {});
    if (!read) {
        return "refused " + read.error().message;
    }
    const auto events = read_content(read->update);
    std::string html = events ? render_html_fragment(*events) : "no content";
    std::erase(html, '\n');
    return html;
}
std::string html_of(const std::string& content, std::map<std::string, std::string> parts) {
    parts["word/document.xml"] = body(content);
    return html_of(package(std::move(parts)));
}

TEST(Word, OfSeveralWaysOneThatIsReadHereIsTaken) {
    const auto choice = [](const std::string& needs, const std::string& first) {
        return "<w:r><mc:AlternateContent><mc:Choice Requires=\"" + needs + "\">" + first + "</mc:Choice><mc:Fallback><w:t>\U0001F600</w:t></mc:Fallback></mc:AlternateContent></w:r>";
    };
    // Word writes every emoji like this.
    for (const char* needs : {"w16se", "wpi", "w14 w16se", "cx1", ""}) {
        EXPECT_EQ(html_of(paragraph("", run("Merci ") + choice(needs, "<w16se:symEx xmlns:w16se=\"http://schemas.microsoft.com/office/word/2015/wordml/symex\"/>")), {}), "<p>Merci \U0001F600</p>") << needs;
    }
    EXPECT_EQ(html_of(paragraph("", run("Merci ") + choice("w14", "<w:t>w14</w:t>")), {}), "<p>Merci w14</p>");
}

TEST(Word, TextHiddenByAStyleStaysHidden) {
    const std::string styles = "<w:styles" + spaces + ">" + style("P", "Notes", "<w:rPr><w:vanish/></w:rPr>") +
                               "<w:style w:type=\"character\" w:styleId=\"H\"><w:name w:val=\"Masque\"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>";
    const std::string content = paragraph("", run("un") + run("deux", "<w:rStyle w:val=\"H\"/>") + run("trois", "<w:vanish/>")) + paragraph("<w:pStyle w:val=\"P\"/>", run("quatre") + run("cinq", "<w:vanish w:val=\"0\"/>"));
    const auto read = read_word_document(package({{"word/document.xml", body(content)}, {"word/styles.xml", styles}}), {});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->left_out[static_cast<std::size_t>(LeftOutKind::hidden)], 3U);
    EXPECT_EQ(html_of(content, {{"word/styles.xml", styles}}), "<p>un</p><p>cinq</p>");
}

TEST(Word, ALinkEndsWithItsParagraphAlsoWhenTheEndOfItsFieldWasDeleted) {
    const auto sign = [](const std::string& type) { return "<w:r><w:fldChar w:fldCharType=\"" + type + "\"/></w:r>"; };
    const std::string begun = sign("begin") + "<w:r><w:instrText>HYPERLINK \"https://a.example/\"</w:instrText></w:r>" + sign("separate");
    EXPECT_EQ(html_of(paragraph("", begun + run("lien") + "<w:del>" + sign("end") + "</w:del>") + paragraph("", run("apres")), {}).find("apres</a>"), std::string::npos);
    // More fields in fields than are counted: each end is its own's.
    std::string many;
    for (std::size_t i = 0; i < word_nested_max + 5; ++i) {
        many += sign("begin");
    }
    for (std::size_t i = 0; i < word_nested_max + 5; ++i) {
        many += sign("end");
    }
    EXPECT_NE(html_of(paragraph("", begun + many + run("lien") + sign("end") + run(" apres")), {}).find("lien</a> apres"), std::string::npos);
}

TEST(Word, WordsBeforeATableDoNotGoIntoItsFirstCell) {
    const std::string removed = "<w:p><w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr>" + run("AVANT") + "</w:p>";
    const std::string html = html_of(removed + "<w:tbl><w:tr><w:tc>" + paragraph("", run("CELL")) + "</w:tc></w:tr></w:tbl>" + paragraph("", run("fin")), {});
    EXPECT_EQ(html.find("<p>AVANT</p>"), 0U) << html;
    EXPECT_EQ(html.find("AVANTCELL"), std::string::npos);
}

TEST(Word, HeadingsAreKnownByOutlineAndNameInEveryLanguage) {
    const std::string styles = "<w:styles" + spaces + ">" + style("Titre1", "heading 1", "<w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr><w:rPr><w:b/><w:sz w:val=\"40\"/></w:rPr>") + style("Perso", "Mon titre", "<w:basedOn w:val=\"Titre1\"/>") +
                               style("berschrift2", "heading 2", "") + style("Haut", "Chapitre", "<w:pPr><w:outlineLvl w:val=\"2\"/></w:pPr>") + "</w:styles>";
    EXPECT_EQ(html_of(paragraph("<w:pStyle w:val=\"Titre1\"/>", run("a")) + paragraph("<w:pStyle w:val=\"Perso\"/>", run("b", "<w:i/>")) + paragraph("<w:pStyle w:val=\"berschrift2\"/>", run("c")) +
                          paragraph("<w:pStyle w:val=\"Haut\"/>", run("d")) + paragraph("<w:outlineLvl w:val=\"3\"/>", run("e")),
                      {{"word/styles.xml", styles}}),
              "<h1>a</h1><h1><em>b</em></h1><h2>c</h2><h3>d</h3><h4>e</h4>");
}

TEST(Word, MarksOfTheRunAndOfStyles) {
    const std::string styles = "<w:styles" + spaces + ">" + style("Fort", "Avis", "<w:rPr><w:b/></w:rPr>") + "<w:style w:type=\"character\" w:styleId=\"acc\"><w:name w:val=\"Strong\"/><w:rPr><w:b/></w:rPr></w:style></w:styles>";
    EXPECT_EQ(html_of("<w:p>" + run("a", "<w:b/>") + run(" ") + run("b", "<w:i/><w:u w:val=\"single\"/>") + run("c", "<w:b w:val=\"0\"/><w:strike/>") + run("d", "<w:vertAlign w:val=\"subscript\"/>") + run("e", "<w:vertAlign w:val=\"superscript\"/>") +
                          run("f", "<w:highlight w:val=\"yellow\"/>") + run("g", "<w:rFonts w:ascii=\"Courier New\"/>") + run("secret", "<w:vanish/>") + run("h", "<w:rStyle w:val=\"acc\"/>") + "</w:p>" +
                          paragraph("<w:pStyle w:val=\"Fort\"/>", run("i") + run("j", "<w:b w:val=\"false\"/>") + run("k", "<w:rStyle w:val=\"acc\"/>")),
                      {{"word/styles.xml", styles}}),
              "<p><strong>a</strong> <em><u>b</u></em><s>c</s><sub>d</sub><sup>e</sup><mark>f</mark><code>g</code><strong>h</strong></p><p><strong>i</strong>jk</p>");
}

TEST(Word, LinksByRelationshipAndByField) {
    const std::string relations = "<Relationship Id=\"x\" Type=\"" + office + "hyperlink\" Target=\"https://a.example/b%20c?d=e&amp;f\" TargetMode=\"External\"/><Relationship Id=\"y\" Type=\"" + office +
                                  "hyperlink\" Target=\"file:///etc/passwd\" TargetMode=\"External\"/>";
    const std::string field = "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> HYPERLINK \"https://b.example/\" \\l \"c\" \\o \"d\" </w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>" + run("field") +
                              "<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>";
    const std::string html = html_of("<w:p><w:hyperlink r:id=\"x\">" + run("link", "<w:color w:val=\"1155CC\"/><w:u w:val=\"single\"/>") + "</w:hyperlink> " + run(" ") + field + run(" ") + "<w:hyperlink r:id=\"y\">" + run("file") + "</w:hyperlink><w:fldSimple w:instr=\"HYPERLINK mailto:a@b.example\">" + run("mail") +
                                         "</w:fldSimple><w:hyperlink w:anchor=\"here\">" + run("inside") + "</w:hyperlink></w:p>",
                                     {{"relations", relations}});
    EXPECT_NE(html.find("href=\"https://a.example/b%20c?d=e&amp;f\""), std::string::npos) << html;
    EXPECT_EQ(html.find("<u>"), std::string::npos) << html;
    EXPECT_NE(html.find("href=\"https://b.example/#c\""), std::string::npos) << html;
    EXPECT_NE(html.find("href=\"mailto:a@b.example\""), std::string::npos) << html;
    EXPECT_EQ(html.find("passwd"), std::string::npos) << html;
    EXPECT_NE(html.find("file<"), std::string::npos) << html;
}

const std::string numbering = "<w:numbering" + spaces + "><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/><w:pPr><w:ind w:left=\"720\"/></w:pPr></w:lvl>"
    "<w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"%2)\"/><w:pPr><w:ind w:left=\"1440\"/></w:pPr></w:lvl></w:abstractNum>"
    "<w:abstractNum w:abstractNumId=\"1\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"bullet\"/><w:lvlText w:val=\"-\"/></w:lvl></w:abstractNum>"
    "<w:abstractNum w:abstractNumId=\"2\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"upperRoman\"/><w:lvlText w:val=\"Article %1 :\"/></w:lvl></w:abstractNum>"
    "<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num><w:num w:numId=\"2\"><w:abstractNumId w:val=\"1\"/></w:num>"
    "<w:num w:numId=\"3\"><w:abstractNumId w:val=\"0\"/><w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"7\"/></w:lvlOverride></w:num><w:num w:numId=\"4\"><w:abstractNumId w:val=\"2\"/></w:num></w:numbering>";

TEST(Word, ListsAsWordShowsThem) {
    EXPECT_EQ(html_of(listed(1, 0, "a") + listed(1, 1, "b") + listed(1, 1, "c") + listed(1, 0, "d") + paragraph("<w:ind w:left=\"720\"/>", run("goes on")) + "<w:p>" + run("between") + "</w:p>" + listed(1, 0, "e") + listed(1, 1, "f") + listed(3, 0, "g") +
                          listed(2, 0, "h"),
                      {{"word/numbering.xml", numbering}}),
              "<ol><li><p>a</p><ol type=\"a\"><li><p>b</p></li><li><p>c</p></li></ol></li><li><p>d</p><p>goes on</p></li></ol><p>between</p><ol start=\"3\"><li><p>e</p><ol type=\"a\"><li><p>f</p></li></ol></li></ol>"
              "<ol start=\"7\"><li><p>g</p></li></ol><ul><li><p>h</p></li></ul>");
    EXPECT_EQ(html_of(listed(4, 0, "objet") + listed(4, 0, "siège"), {{"word/numbering.xml", numbering}}), "<p>Article I : objet</p><p>Article II : siège</p>") << "words of a number stay words";
}

TEST(Word, BoxesToTick) {
    const std::string control = "<w:sdt><w:sdtPr><w:rPr><w:b/></w:rPr><w14:checkbox><w14:checked w14:val=\"1\"/></w14:checkbox></w:sdtPr><w:sdtContent>" + run("\u2612") + "</w:sdtContent></w:sdt>";
    const std::string html = html_of("<w:p>" + control + run(" fait") + "</w:p><w:p>" + run("\u2610 à faire") + "</w:p><w:p>" + control + run("collé") + "</w:p>", {});
    EXPECT_NE(html.find("checked"), std::string::npos) << html;
    EXPECT_NE(html.find("fait"), std::string::npos) << html;
    EXPECT_EQ(html.find("\u2610"), std::string::npos) << html;
    EXPECT_NE(html.find("<p>\u2611collé</p>"), std::string::npos) << html;
}

TEST(Word, TablesWithJoinedCells) {
    const auto cell = [](const std::string& properties, const std::string& text) { return "<w:tc><w:tcPr>" + properties + "</w:tcPr><w:p>" + (text.empty() ? "" : run(text)) + "</w:p></w:tc>"; };
    EXPECT_EQ(html_of("<w:tbl><w:tblGrid><w:gridCol w:w=\"1000\"/><w:gridCol w:w=\"1000\"/></w:tblGrid><w:tr><w:trPr><w:tblHeader/></w:trPr>" + cell("<w:gridSpan w:val=\"2\"/>", "a") + "</w:tr><w:tr>" + cell("<w:vMerge w:val=\"restart\"/>", "b") + cell("", "c") + "</w:tr><w:tr>" + cell("<w:vMerge/>", "") +
                          cell("", "d") + "</w:tr><w:tr><w:trPr><w:del/></w:trPr>" + cell("", "gone") + cell("", "gone") + "</w:tr></w:tbl><w:p/><w:p>" + run("e") + "</w:p>",
                      {}),
              "<table><thead><tr><th colspan=\"2\"><p>a</p></th></tr></thead><tr><td rowspan=\"2\"><p>b</p></td><td><p>c</p></td></tr><tr><td><p>d</p></td></tr></table><p>e</p>");
}

TEST(Word, ChangesNotesBoxesAndBreaks) {
    const std::string notes = "<w:footnotes" + spaces + "><w:footnote w:id=\"-1\" w:type=\"separator\"><w:p/></w:footnote><w:footnote w:id=\"2\"><w:p><w:r><w:footnoteRef/></w:r>" + run(" la note") + "</w:p></w:footnote></w:footnotes>";
    const std::string box = "<w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wp:anchor><w:txbxContent><w:p>" + run("encadré") + "</w:p></w:txbxContent></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p>" + run("encadré") +
                            "</w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>";
    const std::string content = "<w:p><w:ins>" + run("neuf") + "</w:ins><w:del><w:r><w:delText>vieux</w:delText></w:r></w:del>" + run(" x") + "<w:r><w:footnoteReference w:id=\"2\"/><w:br/><w:t>y</w:t><w:tab/><w:t>z</w:t></w:r><w:r><w:commentReference w:id=\"1\"/></w:r></w:p>" +
                                "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>" + run("un") + "</w:p><w:p>" + run("deux") + "<w:r><w:br w:type=\"page\"/></w:r>" + run("trois") + "</w:p><w:p>" + box + run("dehors") + "</w:p>";
    EXPECT_EQ(html_of(content, {{"word/footnotes.xml", notes}}), "<p>neuf x<sup>1</sup><br>y\tz</p><p>undeux</p><p>trois</p><p>encadré</p><p>dehors</p><hr><ol><li><p>la note</p></li></ol>");
    const auto read = read_word_document(package({{"word/document.xml", body(content)}, {"word/footnotes.xml", notes}}), {});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->left_out, (LeftOut{1, 1, 0, 0}));
}

TEST(Word, PicturesAndWhatIsNone) {
    const std::string relations = "<Relationship Id=\"p\" Type=\"" + office + "image\" Target=\"media/a.png\"/><Relationship Id=\"q\" Type=\"" + office + "image\" Target=\"http://tracker.example/x.png\" TargetMode=\"External\"/><Relationship Id=\"h\" Type=\"" + office +
                                  "header\" Target=\"header1.xml\"/>";
    const auto drawing = [](const std::string& inner) { return "<w:r><w:drawing><wp:inline><wp:extent cx=\"952500\" cy=\"476250\"/><wp:docPr id=\"1\" name=\"a\" descr=\"le plan\"/>" + inner + "</wp:inline></w:drawing></w:r>"; };
    const std::string archive = package({{"word/document.xml", body("<w:p>" + drawing("<a:blip r:embed=\"p\"/>") + "</w:p><w:p>" + drawing("<a:blip r:link=\"q\"/>") + drawing("") + "</w:p><w:sectPr><w:headerReference r:id=\"h\"/></w:sectPr>")}, {"relations", relations}, {"word/media/a.png", "PNG"},
                                         {"word/header1.xml", "<w:hdr" + spaces + "><w:p>" + run("Mairie") + "</w:p></w:hdr>"}, {"docProps/core.xml", "<x xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>Le compte rendu</dc:title></x>"}});
    EXPECT_EQ(word_pictures(archive).value_or(""), "data:application/octet-stream;base64,UE5H\n");
    const auto read = read_word_document(archive, {"/api/v1/pads/p/images/h"});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->title, "Le compte rendu");
    EXPECT_EQ(read->left_out, (LeftOut{0, 0, 1, 1}));
    const std::string html = render_html_fragment(*read_content(read->update));
    EXPECT_NE(html.find("src=\"/api/v1/pads/p/images/h\""), std::string::npos) << html;
    EXPECT_NE(html.find("width=\"100\" height=\"50\""), std::string::npos) << html;
    EXPECT_NE(html.find("<a href=\"http://tracker.example/x.png\""), std::string::npos) << html;
    EXPECT_EQ(html.find("<img src=\"http://"), std::string::npos) << html;
}

TEST(Word, HostileFilesAreRefusedOrHarmless) {
    const auto refused = [](std::string_view archive) {
        const auto read = read_word_document(archive, {});
        return read ? std::string("taken") : read.error().message;
    };
    EXPECT_EQ(refused(""), "document_damaged");
    EXPECT_EQ(refused("\xd0\xcf\x11\xe0 locked with a password"), "document_damaged");
    EXPECT_EQ(refused(package({{"a", "b"}})), "document_damaged");
    EXPECT_EQ(refused(package({{"word/document.xml", std::string(word_part_bytes_max + 1, '\0')}})), "document_too_rich") << "zeros";
    std::string deep;
    for (int i = 0; i < 1'000'000; ++i) {
        deep += "<w:sdtContent>";
    }
    EXPECT_EQ(refused(package({{"word/document.xml", body(deep)}})), "document_damaged");
    EXPECT_EQ(refused(package({{"word/document.xml", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" + body("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")}})), "document_damaged");
    EXPECT_EQ(refused(package({{"word/document.xml", body("<w:p>") + "<cut"}})), "document_damaged");
    std::string twice = package({{"word/document.xml", body("")}, {"word/document.xmL", body("")}});
    EXPECT_EQ(refused(twice), "document_damaged") << "two parts of one name";
    std::string cut = package({{"word/document.xml", body("<w:p>" + run("a") + "</w:p>")}});
    for (std::size_t i = 0; i < cut.size(); i += 3) {
        (void)read_word_document(std::string_view(cut).substr(0, i), {});
        std::string turned = cut;
        turned[i] = static_cast<char>(turned[i] ^ 0x41);
        (void)read_word_document(turned, {});
    }
    // A circle of styles; a list of which there are too many; a style that is not there.
    const std::string circle = "<w:styles" + spaces + ">" + style("a", "A", "<w:basedOn w:val=\"b\"/>") + style("b", "B", "<w:basedOn w:val=\"a\"/>") + "</w:styles>";
    std::string lists = "<w:numbering" + spaces + ">";
    for (int i = 0; i < 200'000; ++i) {
        lists += "<w:num w:numId=\"" + std::to_string(i) + "\"><w:abstractNumId w:val=\"1\"/></w:num>";
    }
    EXPECT_EQ(html_of(paragraph("<w:pStyle w:val=\"a\"/>", run("x")) + paragraph("<w:pStyle w:val=\"none\"/>", run("y")) + listed(199'999, 3, "z") + listed(-5, -1, "t"), {{"word/styles.xml", circle}, {"word/numbering.xml", lists + "</w:numbering>"}}),
              "<p>x</p><p>y</p><p>z</p><p>t</p>");
    std::string wide;
    for (const char c : body("<w:p>" + run("UTF-16") + "</w:p>")) {
        wide += {c, '\0'};
    }
    EXPECT_EQ(html_of(package({{"word/document.xml", "\xff\xfe" + wide}})), "<p>UTF-16</p>");
}

/// What this house writes as a Word document comes back: a pad of every kind of block, by Markdown.
TEST(Word, OurOwnDocumentsComeBack) {
    const std::string text = "# Titre\n\nUn **gras**, *italique*, ~~barré~~, `code`, [lien](<https://a.example/b>).\n\n- a\n  - b\n    1. c\n    2. d\n- e\n\n  suite\n\n3. f\n4. g\n\n- [x] fait\n- [ ] à faire\n\n> cité\n>\n> encore\n\n```\nune\n  deux\n```\n\n---\n\n| A | B |\n| --- | --- |\n| c | d |\n\n"
                             "fin\\\nde ligne\n";
    const auto first = read_document(text, DocumentForm::markdown);
    ASSERT_TRUE(first.has_value());
    const auto word = export_document(*export_format("docx"), first->update, "", false);
    ASSERT_TRUE(word.has_value());
    const auto again = read_word_document(*word, {});
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(render_markdown(*read_content(again->update)), render_markdown(*read_content(first->update)));
    EXPECT_EQ(again->left_out, LeftOut{});
}

} // namespace
} // namespace hameau::pads
