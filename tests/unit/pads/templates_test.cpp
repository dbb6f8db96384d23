// The templates are whole documents that a stock client reads.
#include "tests/unit/pads/fakes.hpp"

#include "modules/pads/crdt/document.hpp"
#include "modules/pads/documents/templates.hpp"
#include "modules/pads/lines/lines.hpp"
#include "modules/pads/export/render.hpp"

namespace hameau::pads {
namespace {

TEST(Templates, EachIsAValidDocumentInBothLanguages) {
    for (const std::string_view name : {"minutes", "agenda", "attendance"}) {
        for (const bool english : {false, true}) {
            const auto update = template_update(name, english, 12345);
            ASSERT_TRUE(update.has_value());
            Recorder recorder;
            ASSERT_TRUE(recorder.apply(*update).has_value());
            EXPECT_FALSE(recorder.has_pending());
            crdt::Integrator integrator;
            ASSERT_TRUE(integrator.apply(*update).has_value());
            EXPECT_FALSE(integrator.has_pending());
            const crdt::Document document(integrator);
            const auto root = document.root(root_name);
            ASSERT_TRUE(root.has_value());
            EXPECT_EQ(form_of(document, *root), RootForm::lines);
            const std::string shown = render_prosemirror(document).value();
            EXPECT_TRUE(shown.starts_with(R"({"type":"doc","content":[{"type":"heading","attrs":{"level":1},"content":[{"type":"text")")) << shown.substr(0, 400);
        }
    }
    EXPECT_FALSE(template_update("../etc", false, 1).has_value());
}

TEST(Templates, FrenchMinutesSayWhatTheyAre) {
    const auto update = template_update("minutes", false, 1);
    EXPECT_NE(as_text(*update).find("Compte rendu de réunion"), std::string_view::npos);
    EXPECT_NE(as_text(*update).find("taskItem"), std::string_view::npos);
    EXPECT_NE(as_text(*template_update("agenda", true, 1)).find("tableHeader"), std::string_view::npos);
}

TEST(Templates, ABlankPadSaysItsFormatAndIsAlwaysTheSame) {
    const Bytes update = blank_update();
    EXPECT_EQ(update, (Bytes{1, 1, 165, 211, 238, 200, 6, 0, 40, 1, 7, 'd', 'e', 'f', 'a', 'u', 'l', 't', 6, 'f', 'o', 'r', 'm', 'a', 't', 1, 125, 2, 0}))
        << "first.ts compares these bytes with what the house sends";
    Recorder recorder;
    ASSERT_TRUE(recorder.apply(update).has_value());
    ASSERT_TRUE(recorder.apply(update).has_value());
    EXPECT_EQ(recorder.next_clock(blank_client), 1u);
    EXPECT_EQ(recorder.encode(), update);
    crdt::Integrator integrator;
    ASSERT_TRUE(integrator.apply(update).has_value());
    EXPECT_EQ(render_prosemirror(crdt::Document(integrator)).value(), R"({"type":"doc","content":[{"type":"paragraph"}]})");
}

TEST(ProseMirror, OfALargeTextNoMoreIsMadeThanWasAskedFor) {
    LineWriter writer(7);
    writer.open("paragraph");
    const std::string wide(4'000, 'w');
    std::vector<Span> spans;
    for (int i = 0; i < 2'000; ++i) {
        Span span{"x"};
        span.marks.emplace("link", "{\"href\":\"" + wide + "\"}");
        span.marks.emplace(i % 2 == 0 ? "bold" : "italic", "{}");
        spans.push_back(std::move(span));
    }
    writer.text(spans);
    writer.close();
    crdt::Integrator integrator;
    ASSERT_TRUE(integrator.apply(writer.finish()).has_value());
    const auto whole = render_prosemirror(crdt::Document(integrator));
    ASSERT_TRUE(whole.has_value());
    EXPECT_GT(whole->size(), 8'000'000u) << "of a state of about 40 kB";
    const auto short_one = render_prosemirror(crdt::Document(integrator), 256 * 1024);
    ASSERT_FALSE(short_one.has_value());
    EXPECT_EQ(short_one.error().kind, ErrorKind::too_large);
}

} // namespace
} // namespace hameau::pads
