// Names in letters: what is kept of them, and what is shown.
#include <gtest/gtest.h>

#include "daemon/base/domain_letters.hpp"

namespace hameau {
namespace {

constexpr const char* kept = "xn--brest-t-gyab.example";

TEST(DomainLetters, AreKeptAsALabels) {
    for (const char* typed : {"brest-été.example", "Brest-Été.EXAMPLE", "brest-e\u0301te\u0301.example", "ＢＲＥＳＴ-été.example", kept}) {
        EXPECT_EQ(domain_as_kept(typed), domain_as_kept("brest-été.example")) << typed;
    }
    EXPECT_EQ(domain_as_kept("café.fr"), "xn--caf-dma.fr");
    EXPECT_EQ(domain_as_kept("straße.example"), "xn--strae-oqa.example") << "as browsers do it";
    EXPECT_EQ(domain_as_kept("Amis.Test"), "amis.test");
    EXPECT_EQ(domain_as_kept("ex_ample.test"), "ex_ample.test") << "a validator's matter";
}

TEST(DomainLetters, WhatIsNoNameKeepsItsLettersAndIsRefusedLater) {
    for (const std::string& bad : {std::string("é vélo.fr"), std::string("l'été.fr"), std::string("é_a.fr"), std::string("a\xff.fr"), std::string("é") + '\0' + "a.fr", std::string("é/a.fr"),
                                   std::string("♥.fr"), std::string(70, 'x') + "é.fr"}) {
        const std::string found = domain_as_kept(bad);
        EXPECT_NE(found.find_first_of("\xc3\xff\xe2"), std::string::npos) << found;
    }
}

TEST(DomainLetters, OfAnAddressOnlyTheDomain) {
    EXPECT_EQ(address_as_kept("Marie@Café.fr"), "Marie@xn--caf-dma.fr");
    EXPECT_EQ(address_as_kept("rené@café.fr"), "rené@xn--caf-dma.fr") << "the part before the @ has no other form";
    EXPECT_EQ(address_as_kept("café.fr"), "xn--caf-dma.fr");
}

TEST(DomainLetters, AreShownInLetters) {
    EXPECT_EQ(in_letters("xn--caf-dma.fr"), "café.fr");
    EXPECT_EQ(in_letters("marie@xn--caf-dma.fr, https://www.xn--caf-dma.fr:8443/a, XN--CAF-DMA.fr."), "marie@café.fr, https://www.café.fr:8443/a, café.fr.");
    EXPECT_EQ(in_letters(domain_as_kept("brest-été.example")), "brest-été.example");
    for (const char* same : {"amis.test", "", "...", "xn--", "xn--a", "xn--caf-dm.fr", "xn--\xff", "un fichier xn--.zip", "xn--amis-.test"}) {
        EXPECT_EQ(in_letters(same), same);
    }
}

} // namespace
} // namespace hameau
