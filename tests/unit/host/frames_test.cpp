// Frames of clients, whole, cut anywhere, joined, and hostile.
#include "daemon/host/frames.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace hameau {
namespace {

class Seen final : public FrameSink {
public:
    void on_binary(std::string_view message) override { messages.emplace_back(message); }
    void on_ping(std::string_view payload) override { pings.emplace_back(payload); }
    void on_close(std::uint16_t code) override { closed = code; }
    bool open() const override { return closed == 0; }

    std::vector<std::string> messages;
    std::vector<std::string> pings;
    std::uint16_t closed = 0;
};

std::string frame(std::uint8_t first, std::string payload, std::string_view mask = "\x01\xfe\x37\x80") {
    std::string out(1, static_cast<char>(first));
    char head[frame_head_bytes_max];
    const std::size_t size = write_frame_head(head, Opcode::binary, payload.size());
    head[1] = static_cast<char>(head[1] | 0x80);
    out.append(head + 1, size - 1).append(mask);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return out + payload;
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>(i * 7 + i / 251);
    }
    return text;
}

FrameFault feed(FrameReader& reader, std::string bytes, Seen& seen) { return reader.feed(bytes, seen); }

TEST(FramesTest, EveryLengthCutAtEveryPlace) {
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 125u, 126u, 300u, 65535u, 65536u, 70000u}) {
        const std::string message = pattern(size);
        const std::string bytes = frame(0x82, message) + frame(0x82, "next");
        const std::size_t step = size > 1000 ? 4999 : 1;
        for (std::size_t cut = 0; cut <= bytes.size(); cut += step) {
            FrameReader reader(1 << 20);
            Seen seen;
            ASSERT_EQ(feed(reader, bytes.substr(0, cut), seen), FrameFault::none);
            ASSERT_EQ(feed(reader, bytes.substr(cut), seen), FrameFault::none);
            ASSERT_EQ(seen.messages, (std::vector<std::string>{message, "next"})) << size << " cut at " << cut;
        }
    }
}

TEST(FramesTest, ByteByByte) {
    FrameReader reader(1 << 20);
    Seen seen;
    for (const char byte : frame(0x82, pattern(400)) + frame(0x89, "p") + frame(0x88, "\x03\xe8")) {
        ASSERT_EQ(feed(reader, std::string(1, byte), seen), FrameFault::none);
    }
    EXPECT_EQ(seen.messages, std::vector<std::string>{pattern(400)});
    EXPECT_EQ(seen.pings, std::vector<std::string>{"p"});
    EXPECT_EQ(seen.closed, 1000);
}

TEST(FramesTest, FragmentsWithAPingBetween) {
    FrameReader reader(1 << 20);
    Seen seen;
    ASSERT_EQ(feed(reader, frame(0x02, "ab") + frame(0x89, "p") + frame(0x00, "") + frame(0x80, "cd") + frame(0x82, "e"), seen),
              FrameFault::none);
    EXPECT_EQ(seen.messages, (std::vector<std::string>{"abcd", "e"}));
    EXPECT_EQ(seen.pings.size(), 1u);
}

TEST(FramesTest, NothingIsTakenBehindAClose) {
    FrameReader reader(1 << 20);
    Seen seen;
    ASSERT_EQ(feed(reader, frame(0x88, "") + frame(0x82, "late"), seen), FrameFault::none);
    EXPECT_EQ(seen.closed, close_without_code);
    EXPECT_TRUE(seen.messages.empty());
}

TEST(FramesTest, RefusesWhatRfc6455Forbids) {
    const std::string unmasked = std::string("\x82\x02hi", 4);
    const std::pair<std::string, FrameFault> cases[] = {
        {unmasked, FrameFault::protocol},
        {frame(0xc2, "a"), FrameFault::protocol},                      // RSV1 without an extension
        {frame(0x83, "a"), FrameFault::protocol},                      // a reserved opcode
        {frame(0x8b, "a"), FrameFault::protocol},
        {frame(0x80, "a"), FrameFault::protocol},                      // continues nothing
        {frame(0x02, "a") + frame(0x82, "b"), FrameFault::protocol},   // begins inside another one
        {frame(0x09, "a"), FrameFault::protocol},                      // a ping in pieces
        {frame(0x89, std::string(126, 'x')), FrameFault::protocol},    // a long ping
        {frame(0x88, "a"), FrameFault::protocol},                      // half a code
        {frame(0x81, "a"), FrameFault::unsupported},                   // text
        {frame(0x82, std::string(1001, 'x')), FrameFault::too_big},
        {frame(0x02, std::string(600, 'x')) + frame(0x80, std::string(600, 'x')), FrameFault::too_big},
        {std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask", FrameFault::too_big},
    };
    for (const auto& [bytes, fault] : cases) {
        FrameReader reader(1000);
        Seen seen;
        EXPECT_EQ(feed(reader, bytes, seen), fault) << ::testing::PrintToString(bytes.substr(0, 12));
    }
    // Too big is told by the header alone, before anything is kept.
    FrameReader reader(1000);
    Seen seen;
    EXPECT_EQ(feed(reader, frame(0x82, std::string(1001, 'x')).substr(0, 8), seen), FrameFault::too_big);
}

} // namespace
} // namespace hameau
