// Who reads next: fair between pads, bounded, and nothing runs for a pad that went away.
#include <gtest/gtest.h>

#include "modules/pads/limits.hpp"
#include "modules/pads/storage/readings.hpp"

namespace hameau::pads {
namespace {

using Numbers = std::vector<ReadingTurns::Number>;

TEST(Readings, OnePadHoldsOneThreadAndTheOthersGoOn) {
    ReadingTurns turns;
    const auto slow = turns.ask(1);
    turns.ask(1);
    turns.ask(1);
    EXPECT_EQ(turns.begin(), Numbers{*slow}) << "the second thread is kept for another pad";
    for (std::int64_t pad = 2; pad < 20; ++pad) {
        const auto quick = turns.ask(pad);
        EXPECT_EQ(turns.begin(), Numbers{*quick}) << "while the slow one still runs";
        turns.ended(*quick);
    }
    EXPECT_EQ(turns.waiting(), 2u);
    turns.ended(*slow);
    EXPECT_EQ(turns.begin().size(), 1u);
}

TEST(Readings, PadsTakeTurns) {
    ReadingTurns turns;
    std::map<ReadingTurns::Number, std::int64_t> pads;
    for (int i = 0; i < 3; ++i) {
        for (const std::int64_t pad : {7, 8, 9}) {
            pads[*turns.ask(pad)] = pad;
        }
    }
    std::vector<std::int64_t> order;
    for (Numbers begun = turns.begin(); !begun.empty(); begun = turns.begin()) {
        for (const auto number : begun) {
            order.push_back(pads[number]);
            turns.ended(number);
        }
    }
    EXPECT_EQ(order, (std::vector<std::int64_t>{7, 8, 9, 7, 8, 9, 7, 8, 9}));
}

TEST(Readings, WhatWaitsIsBounded) {
    ReadingTurns turns;
    for (std::size_t i = 0; i < readings_waiting_per_pad_max; ++i) {
        EXPECT_TRUE(turns.ask(1));
    }
    EXPECT_FALSE(turns.ask(1));
    EXPECT_TRUE(turns.ask(2)) << "another pad is not refused for it";
    for (std::int64_t pad = 3; turns.waiting() < readings_waiting_max; ++pad) {
        EXPECT_TRUE(turns.ask(pad));
    }
    EXPECT_FALSE(turns.ask(1000));
}

TEST(Readings, APadThatGoesAwayIsNotRead) {
    ReadingTurns turns;
    const auto first = turns.ask(1);
    const auto second = turns.ask(1);
    const auto other = turns.ask(2);
    turns.begin();
    EXPECT_EQ(turns.drop(1), Numbers{*second});
    EXPECT_EQ(turns.running(1), first);
    turns.ended(*first);
    turns.ended(*other);
    EXPECT_TRUE(turns.begin().empty());
    EXPECT_EQ(turns.waiting(), 0u);
}

TEST(Conversions, WhoSendsMuchWaitsBehindWhoSendsLittle) {
    Turns<std::string> turns({1, conversions_waiting_per_asker_max, conversions_waiting_max});
    std::map<std::uint64_t, std::string> whose;
    for (std::size_t i = 0; i < conversions_waiting_per_asker_max; ++i) {
        whose[*turns.ask("marie")] = "marie";
    }
    EXPECT_FALSE(turns.ask("marie")) << "nobody fills the queue alone";
    EXPECT_EQ(whose[turns.begin().at(0)], "marie");
    const auto jean = turns.ask("jean");
    ASSERT_TRUE(jean);
    turns.ended(1);
    EXPECT_EQ(turns.begin(), std::vector<std::uint64_t>{*jean});
    EXPECT_TRUE(turns.begin().empty()) << "one at a time";
    turns.ended(*jean);
    EXPECT_EQ(whose[turns.begin().at(0)], "marie");
}

TEST(Readings, AStopIsSeen) {
    Stop stop;
    EXPECT_TRUE(stop.check());
    stop.want();
    EXPECT_EQ(stop.check().error().kind, ErrorKind::unavailable);
    const Stop late(std::chrono::steady_clock::now() - std::chrono::seconds(1));
    EXPECT_EQ(late.check().error().kind, ErrorKind::too_large);
}

} // namespace
} // namespace hameau::pads
