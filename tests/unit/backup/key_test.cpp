// The key in words: the same bits give the same words, slips are found.
#include "provisioning/backup/key.hpp"

#include <array>

#include <gtest/gtest.h>

namespace hameau::backup {
namespace {

TEST(BackupKey, BitsBecomeWordsOneWay) {
    std::array<std::uint8_t, 16> bits{};
    const std::string zero = words_of(bits);
    EXPECT_TRUE(zero.starts_with("babab-babab-")) << zero;
    bits[15] = 1;
    EXPECT_NE(words_of(bits), zero);
    EXPECT_EQ(words_of(bits).size(), 9 * 5 + 8U);
}

TEST(BackupKey, WhatWasPrintedIsReadHoweverItIsTyped) {
    const std::string key = *new_key();
    EXPECT_NE(key, *new_key());
    EXPECT_EQ(*read_key(key + "\n"), key);
    std::string typed = "  ";
    for (std::size_t i = 0; i < key.size(); ++i) {
        typed += key[i] == '-' ? ' ' : static_cast<char>(std::toupper(key[i]));
    }
    EXPECT_EQ(*read_key(typed), key);
}

TEST(BackupKey, ASlipIsFoundAndSaysWhere) {
    const std::string key = *new_key();
    std::string other = key;
    other[0] = other[0] == 'b' ? 'd' : 'b';
    EXPECT_FALSE(read_key(other));
    std::string impossible = key;
    impossible[7] = 'x';  // a vowel of the second word
    const auto refused = read_key(impossible);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("word 2"), std::string::npos);
    EXPECT_FALSE(read_key(key.substr(6)));
    EXPECT_FALSE(read_key(""));
}

} // namespace
} // namespace hameau::backup
