// Chunked bodies: the same data however the bytes are cut, and nothing that two readers could read in two ways.
#include <gtest/gtest.h>

#include "daemon/gate/chunks.hpp"

namespace hameau::gate {
namespace {

struct Outcome {
    std::string data;
    std::string rest;
    bool done = false;
    bool bad = false;
};

Outcome decode(std::string_view in, std::size_t step_bytes) {
    ChunkDecoder decoder;
    Outcome outcome;
    while (!in.empty() && !decoder.done() && !decoder.bad()) {
        const auto step = decoder.take(in.substr(0, step_bytes));
        outcome.data += step.data;
        in.remove_prefix(step.taken);
    }
    outcome.rest = in;
    outcome.done = decoder.done();
    outcome.bad = decoder.bad();
    return outcome;
}

TEST(Chunks, SameDataHoweverItIsCut) {
    constexpr std::string_view text = "5\r\nhello\r\nA;name=\"x\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        const Outcome outcome = decode(text, step);
        EXPECT_EQ(outcome.data, "hello0123456789") << step;
        EXPECT_TRUE(outcome.done) << step;
        EXPECT_EQ(outcome.rest, "GET /") << step;
    }
}

TEST(Chunks, RefusesWhatIsNotTheGrammar) {
    for (const char* bad : {"\r\n", "x\r\n", "-1\r\n", "+1\r\na", " 1\r\na", "1 \r\na", "1\na", "1\r\nab", "1\r\na\n", "1\r\na\rb",
                            "0x1\r\na", "11111111111111111\r\n", "ffffffffffffff\r\n", "1;a\nb\r\n", "0\r\nX: y\n\r\n", "0\r\n\rx"}) {
        EXPECT_TRUE(decode(bad, 64).bad) << bad;
    }
    EXPECT_TRUE(decode("1;" + std::string(5000, 'a'), 9999).bad);
    EXPECT_TRUE(decode("0\r\n" + std::string(5000, 'a'), 9999).bad);
}

TEST(Chunks, AnEndThatDoesNotComeIsNeitherDoneNorBad) {
    for (const char* open : {"5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n"}) {
        const Outcome outcome = decode(open, 64);
        EXPECT_FALSE(outcome.done || outcome.bad) << open;
    }
}

} // namespace
} // namespace hameau::gate
