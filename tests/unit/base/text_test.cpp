// The operations on text that the whole tree shares.
#include "daemon/base/text.hpp"

#include <gtest/gtest.h>

#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"

namespace hameau {
namespace {

TEST(Text, LowersLettersOfAsciiOnly) {
    EXPECT_EQ(ascii_lower("ÀB-z09[@`{"), "Àb-z09[@`{");
    EXPECT_EQ(ascii_lower(std::string("A\0B", 3)), std::string("a\0b", 3));
}

TEST(Text, OnePlainLineHasNoSignThatSteersATerminal) {
    EXPECT_EQ(one_plain_line("brest-été 日本 𝄞"), "brest-été 日本 𝄞");
    EXPECT_EQ(one_plain_line("a\tb\nc\x7f\x1b[2J"), "a b c  [2J");
    EXPECT_EQ(one_plain_line("\xc2\x9b" "31m\xc2\xa0"), " 31m\xc2\xa0");
    EXPECT_EQ(one_plain_line("\xe2\x80\xae" "x\xe2\x81\xa6" "y\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8\xef\xbb\xbf"), " x y    ");
    // No UTF-8: alone, cut, longer than needed, half of a pair, beyond U+10FFFF.
    EXPECT_EQ(one_plain_line("\xff\xc3"), "  ");
    EXPECT_EQ(one_plain_line("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"), std::string(9, ' '));
    EXPECT_EQ(one_plain_line("aé", 2), "a");
    EXPECT_EQ(one_plain_line("aé", 3), "aé");
}

TEST(Text, KnowsHexadecimalDigitsAndNothingBesideThem) {
    int digits = 0;
    for (int byte = 0; byte < 256; ++byte) {
        digits += hex_value(static_cast<char>(byte)) >= 0 ? 1 : 0;
    }
    EXPECT_EQ(digits, 22);
    EXPECT_EQ(hex_value('0'), 0);
    EXPECT_EQ(hex_value('a'), 10);
    EXPECT_EQ(hex_value('F'), 15);
    // What stands beside the digits in ASCII, and what became one when a bit was set without looking.
    for (const char c : {'/', ':', '@', 'G', '`', 'g', '\x10', '\x01'}) {
        EXPECT_EQ(hex_value(c), -1) << static_cast<int>(c);
    }
}

TEST(Text, DecodesPercentOrRefuses) {
    EXPECT_EQ(percent_decode("a%2Fb%c3%A9", false), "a/bé");
    EXPECT_EQ(percent_decode("a+b", false), "a+b");
    EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
    EXPECT_EQ(percent_decode("%00", false), std::string(1, '\0'));
    for (const char* bad : {"%", "%4", "a%4", "%4g", "%g4", "%%41", "% 1"}) {
        EXPECT_FALSE(percent_decode(bad, false)) << bad;
    }
    EXPECT_EQ(percent_decode("%41", false), "A");
}

TEST(Text, KeepsABadEscapeWherePeopleWroteIt) {
    EXPECT_EQ(percent_decode_lenient("100%"), "100%");
    EXPECT_EQ(percent_decode_lenient("%zz%41%4"), "%zzA%4");
}

TEST(Text, WhatWasEncodedComesBack) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    const std::string encoded = percent_encode(all, is_unreserved);
    EXPECT_EQ(encoded.find_first_of(" \r\n\"<>#?"), std::string::npos);
    EXPECT_EQ(percent_decode(encoded, false), all);
    EXPECT_EQ(percent_encode("a b", is_unreserved), "a%20b");
}

TEST(Text, TrimmedTakesBlanksOffBothEnds) {
    EXPECT_EQ(trimmed(" \t a b\t "), "a b");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed("\na "), "\na") << "a line's end is no blank";
}

TEST(Ids, OnlyWhatNewIdMakesIsOne) {
    EXPECT_TRUE(is_id(new_id()));
    const std::string id(26, 'a');
    EXPECT_TRUE(is_id(id));
    for (const std::string& bad : {id + "a", id.substr(1), "." + id.substr(1), "/" + id.substr(1), "A" + id.substr(1), "1" + id.substr(1), std::string(26, '\0')}) {
        EXPECT_FALSE(is_id(bad)) << bad;
    }
}

TEST(Text, Base64OfRfc4648) {
    const char* pairs[][2] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},          {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};
    for (const auto& [plain, encoded] : pairs) {
        EXPECT_EQ(base64(std::string_view(plain)), encoded);
    }
}

} // namespace
} // namespace hameau
