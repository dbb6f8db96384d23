// The templates are whole documents that a stock client reads.
#include "tests/unit/pads/fakes.hpp"

#include "modules/pads/crdt/document.hpp"
#include "modules/pads/documents/templates.hpp"

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
            const std::string tree = crdt::tree_json(document, *root, crdt::RootKind::xml);
            EXPECT_NE(tree.find("heading"), std::string::npos);
            EXPECT_NE(tree.find("\"level\":1"), std::string::npos) << tree.substr(0, 400);
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

TEST(Templates, ABlankPadIsOneParagraphWithOneTextAndAlwaysTheSame) {
    const Bytes update = blank_update();
    EXPECT_EQ(update, blank_update());
    Recorder recorder;
    ASSERT_TRUE(recorder.apply(update).has_value());
    ASSERT_TRUE(recorder.apply(update).has_value());
    EXPECT_EQ(recorder.next_clock(blank_client), 2u);
    EXPECT_EQ(recorder.encode(), update) << "first.ts compares these bytes with what the house sends";
    crdt::Integrator integrator;
    ASSERT_TRUE(integrator.apply(update).has_value());
    const crdt::Document document(integrator);
    const std::string tree = crdt::tree_json(document, *document.root(root_name), crdt::RootKind::xml);
    EXPECT_NE(tree.find("paragraph"), std::string::npos) << tree;
}

} // namespace
} // namespace hameau::pads
