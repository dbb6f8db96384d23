// The OpaqueString profile: the examples of RFC 8265 section 4.3, and what keyboards and mail programs send.
#include <gtest/gtest.h>

#include "modules/support/opaque_password.hpp"

namespace hameau {
namespace {

TEST(OpaquePassword, TheExamplesOfTheRfc) {
    EXPECT_EQ(opaque_password("correct horse battery staple"), "correct horse battery staple");
    EXPECT_EQ(opaque_password("Correct Horse Battery Staple"), "Correct Horse Battery Staple");
    EXPECT_EQ(opaque_password("πßå"), "πßå");
    EXPECT_EQ(opaque_password("Jack of ♦s"), "Jack of ♦s");
    EXPECT_EQ(opaque_password("foo\u1680bar"), "foo bar");  // OGHAM SPACE MARK
    EXPECT_EQ(opaque_password(""), std::nullopt);
    EXPECT_EQ(opaque_password("my cat is a \tby"), std::nullopt);
}

TEST(OpaquePassword, OneFormForEachKeyboard) {
    EXPECT_EQ(opaque_password("cafe\u0301 e\u0301te\u0301"), "café été");          // NFD, as a Mac's pasteboard has it
    EXPECT_EQ(opaque_password("les\u00a0quatre\u202fmots"), "les quatre mots");  // no-break spaces of French keyboards
    EXPECT_EQ(opaque_password("\u1112\u1161\u11ab"), "\ud55c");                  // Hangul of a Mac
    EXPECT_EQ(opaque_password("\uff21\ufb01"), "\uff21\ufb01");                  // width and ligatures stay (not NFKC)
    EXPECT_EQ(opaque_password("  deux  "), "  deux  ");
    EXPECT_EQ(opaque_password("🌻🐝"), "🌻🐝");
    const auto once = opaque_password("a\u0323\u0307 \u212b");
    EXPECT_EQ(opaque_password(*once), once);
}

TEST(OpaquePassword, WhatCannotBeSeenIsRefused) {
    for (const char* text : {"a\nb", "a\rb", "a\x01""b", "a\x7f""b", "a\u0085b", "a\u2028b", "a\u200bb", "a\u00adb", "a\u202eb",
                             "a\ufffe", "a\U000e0001b", "a\ue000", "a\xff", "\xc0\xaf", "\xed\xa0\x80"}) {
        EXPECT_EQ(opaque_password(text), std::nullopt) << text;
    }
    EXPECT_EQ(opaque_password(std::string_view("a\0b", 3)), std::nullopt);
}

} // namespace
} // namespace hameau
