// Names of files that are given out, and titles as people search for them.
#include <gtest/gtest.h>

#include "modules/pads/api/file_name.hpp"
#include "modules/pads/api/search.hpp"

namespace hameau::pads {
namespace {

TEST(FileName, IsThePresentTitle) {
    constexpr struct {
        const char* title;
        const char* value;
    } cases[] = {
        {"Budget", "attachment; filename=\"Budget.odt\""},
        {"Réunion du 5 : l’ordre / le « cœur »", "attachment; filename=\"Reunion du 5 l'ordre le coeur.odt\"; filename*=UTF-8''R%C3%A9union%20du%205%20l%E2%80%99ordre%20le%20%C2%AB%20c%C5%93ur%20%C2%BB.odt"},
        {"会議", "attachment; filename=\"slug.odt\"; filename*=UTF-8''%E4%BC%9A%E8%AD%B0.odt"},
        {"..\\..\\a\"b\r\nX-Y: z", "attachment; filename=\"a b X-Y z.odt\""},
        {"", "attachment; filename=\"slug.odt\""},
        {" . ", "attachment; filename=\"slug.odt\""},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(attachment_named(one.title, "slug", ".odt"), one.value);
    }
    EXPECT_LT(attachment_named(std::string(4000, 'a'), "slug", ".odt").size(), 120u);
}

TEST(TitleSearch, FindsWhatPeopleTypeForIt) {
    constexpr struct {
        const char* typed;
        const char* title;
    } cases[] = {{"coeur", "Le Cœur"}, {"cœur", "COEUR"}, {"oeuvres aerees", "Œuvres aérées"}, {"aegir", "Ægir"}, {"æ", "AE"}, {"strasse", "Straße"}, {"fin", "ﬁn"}, {"lodz", "Łódź"}, {"l'ete", "L’été"}, {"été", "ETE"}};
    for (const auto& one : cases) {
        EXPECT_TRUE(TitleSearch(one.typed).fits(one.title)) << one.typed;
    }
    EXPECT_FALSE(TitleSearch("coeur").fits("cour"));
}

} // namespace
} // namespace hameau::pads
