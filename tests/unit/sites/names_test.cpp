// Names of files: one form, no way out.
#include "daemon/contract/site_names.hpp"

#include <gtest/gtest.h>

namespace hameau::sites {
namespace {

TEST(Names, NfcMeetsNfd) {
    EXPECT_EQ(to_nfc("cafe\xcc\x81.html"), "caf\xc3\xa9.html");
    EXPECT_EQ(to_nfc("caf\xc3\xa9.html"), "caf\xc3\xa9.html");
    EXPECT_EQ(to_nfc("plain.html"), "plain.html");
    EXPECT_EQ(to_nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c");  // Hangul
    EXPECT_EQ(to_nfc("a\xff"), std::nullopt);
    EXPECT_EQ(to_nfc("\xed\xa0\x80"), std::nullopt);  // a surrogate
    EXPECT_EQ(to_nfc("\xc0\xaf"), std::nullopt);      // an overlong slash
    EXPECT_FALSE(is_utf8("\xc3"));
    EXPECT_TRUE(is_utf8("\xf0\x9f\x8c\xb1"));
}

TEST(Names, EntryPaths) {
    for (const char* good : {"a", "a/b.html", "...", "a/..b", ".well-known/x", "caf\xc3\xa9"}) {
        EXPECT_TRUE(is_entry_path(good)) << good;
    }
    for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\x7f", "a\tb", "a\\..\\b"}) {
        EXPECT_FALSE(is_entry_path(bad)) << bad;
    }
    EXPECT_FALSE(is_entry_path(std::string_view("a\0b", 3)));
    std::string deep = "a";
    for (int i = 1; i < 32; ++i) {
        deep += "/a";
    }
    EXPECT_TRUE(is_entry_path(deep));
    EXPECT_FALSE(is_entry_path(deep + "/a"));
    EXPECT_TRUE(is_entry_path(std::string(1024, 'a')));
    EXPECT_FALSE(is_entry_path(std::string(1025, 'a')));
}

TEST(Names, Hashed) {
    for (const char* name : {"app.3f2a9c1b.js", "assets/index-BxYz12ab.css", "a.3f2a9c1b.js.br", "a.3f2a9c1b.js.map"}) {
        EXPECT_TRUE(looks_hashed(name)) << name;
    }
    for (const char* name : {"index.html", "minutes-20260312.pdf", "jquery.bootstrap.js", "a.3f2a.js", "3f2a9c1b", ".3f2a9c1b",
                             "app.js.br.br"}) {
        EXPECT_FALSE(looks_hashed(name)) << name;
    }
}

TEST(Names, UrlEncoding) {
    EXPECT_EQ(percent_encode_path("a b/\xc3\xa9?#%"), "a%20b/%C3%A9%3F%23%25");
}

} // namespace
} // namespace hameau::sites
