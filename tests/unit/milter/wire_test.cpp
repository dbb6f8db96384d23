// Packets: cut anywhere, bounded, refused when they lie about themselves.
#include <gtest/gtest.h>

#include "modules/mail/milter/wire.hpp"

namespace hameau::milter {
namespace {

std::string packet(char command, std::string_view data) {
    std::string out(3, '\0');
    out += static_cast<char>(data.size() + 1);
    return out + command + std::string(data);
}

TEST(Wire, PacketsArriveInPieces) {
    PacketReader reader;
    const std::string bytes = packet('L', "From\0a@b\0") + packet('Q', "");
    std::string seen;
    for (const char c : bytes) {
        reader.feed(std::string_view(&c, 1));
        for (auto next = reader.next(); next && *next; next = reader.next()) {
            seen += static_cast<char>((**next).command);
        }
    }
    EXPECT_EQ(seen, "LQ");
    EXPECT_EQ(reader.held_bytes(), 0U);
}

TEST(Wire, LyingLengthsAreRefused) {
    for (const std::string& bytes : {std::string(4, '\0'), std::string("\x7f\xff\xff\xff", 4), std::string("\0\x04\0\x01", 4),
                                     std::string("\0\0\0\1Z", 5)}) {
        PacketReader reader;
        reader.feed(bytes);
        EXPECT_FALSE(reader.next()) << bytes.size();
    }
}

TEST(Wire, TextsAndMacros) {
    EXPECT_EQ(parse_texts(std::string_view("a\0b\0", 4), 2)->size(), 2U);
    EXPECT_FALSE(parse_texts("a", 2));
    EXPECT_FALSE(parse_texts(std::string_view("a\0b\0c\0", 6), 2));
    EXPECT_FALSE(parse_macros(""));
    EXPECT_FALSE(parse_macros(std::string_view("Mi\0", 3)));
    const auto macros = parse_macros(std::string_view("M{auth_authen}\0marie\0", 21));
    ASSERT_TRUE(macros);
    EXPECT_EQ(macros->stage, 'M');
    EXPECT_EQ(macros->values.at(0).second, "marie");
    EXPECT_FALSE(parse_negotiation("short"));
}

TEST(Wire, RepliesCarryNoControlCharacters) {
    const std::string reply = reply_text("550 5.7.1 a\r\n250 ok\x01");
    EXPECT_EQ(reply.substr(4), std::string("y550 5.7.1 a??250 ok?") + '\0');
    EXPECT_LT(reply_text(std::string(5000, 'x')).size(), 500U);
    EXPECT_EQ(reply_remove_header("Received", 2).substr(4), std::string("m\0\0\0\2Received\0\0", 15));
}

} // namespace
} // namespace hameau::milter
