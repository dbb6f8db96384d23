// "Saved" is said after the commit and never before; a full disk; a crash.
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

std::size_t saved_count(const Visitor& visitor) { return visitor.socket_.of_type(MessageType::saved).size(); }
Saved last_saved(const Visitor& visitor) { return read_saved(visitor.socket_.of_type(MessageType::saved).back()); }

struct SavingTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
    std::shared_ptr<Room> room = house.open(pad);

    void fill_disk() {
        ASSERT_TRUE(house.database_.execute("CREATE TABLE IF NOT EXISTS fill (x)").has_value());
        auto pages = house.database_.prepare("PRAGMA page_count");
        ASSERT_TRUE(pages.step().value());
        ASSERT_TRUE(house.database_.execute("PRAGMA max_page_count = " + pages.text(0)).has_value());
    }
    void free_disk() { ASSERT_TRUE(house.database_.execute("PRAGMA max_page_count = 1000000").has_value()); }
};

TEST_F(SavingTest, SavedComesAfterTheCommitOnly) {
    Visitor anna(room, "m1", true);
    Visitor stock(room, "m2");
    ASSERT_EQ(saved_count(anna), 1u) << "what is there at the beginning";
    anna.types(1, 0, "abc");
    house.turn();
    EXPECT_EQ(saved_count(anna), 1u);
    EXPECT_EQ(house.armed_, commit_window);
    ASSERT_TRUE(house.committer_.run());
    ASSERT_EQ(saved_count(anna), 2u);
    EXPECT_EQ(last_saved(anna).clocks, (std::map<std::uint64_t, std::uint64_t>{{1, 3}}));
    EXPECT_EQ(last_saved(anna).messages, 1u);
    EXPECT_EQ(saved_count(stock), 0u);
}

TEST_F(SavingTest, DeletionsAreToldByTheNumberOfMessages) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "abc");
    house.committer_.run();
    const Bytes gone = erased(1, 0, 1);
    anna.says(update_message(gone));
    anna.says(update_message(gone));
    house.turn();
    EXPECT_EQ(last_saved(anna).messages, 1u);
    house.committer_.run();
    EXPECT_EQ(last_saved(anna).messages, 3u);
    // What changes nothing is saved already.
    anna.says(update_message(gone));
    house.turn();
    EXPECT_EQ(last_saved(anna).messages, 4u);
    EXPECT_FALSE(house.committer_.waiting());
}

TEST_F(SavingTest, ANewcomerIsToldTheDurablePartOnly) {
    Visitor anna(room, "m1");
    anna.types(1, 0, "abc");
    house.committer_.run();
    anna.types(1, 3, "def");
    Visitor bert(room, "m2", true);
    EXPECT_EQ(last_saved(bert).clocks, (std::map<std::uint64_t, std::uint64_t>{{1, 3}}));
    house.committer_.run();
    EXPECT_EQ(last_saved(bert).clocks, (std::map<std::uint64_t, std::uint64_t>{{1, 6}}));
}

TEST_F(SavingTest, OneTransactionForAllPadsAndNothingArmedWhenIdle) {
    auto other_pad = house.new_pad("agenda");
    auto other = house.open(other_pad);
    Visitor anna(room);
    Visitor bert(other, "m2");
    EXPECT_EQ(house.armed_, Duration(-1)) << "opening and joining arms nothing";
    anna.types(1, 0, "a");
    house.armed_ = Duration(-1);
    bert.types(2, 0, "b");
    anna.types(1, 1, "c");
    EXPECT_EQ(house.armed_, Duration(-1)) << "armed by the first edit only";
    auto version = house.database_.prepare("SELECT count(*), count(DISTINCT pad) FROM pad_update");
    ASSERT_TRUE(house.committer_.run());
    ASSERT_TRUE(version.step().value());
    EXPECT_EQ(version.number(0), 2) << "one row for a person and pad in a window";
    EXPECT_EQ(version.number(1), 2);
    EXPECT_EQ(house.armed_, Duration(-1));
}

TEST_F(SavingTest, WhatWasToldSavedSurvivesACrash) {
    {
        Visitor anna(room, "m1", true);
        anna.types(1, 0, "saved");
        house.committer_.run();
        EXPECT_EQ(last_saved(anna).clocks.at(1), 5u);
        anna.types(1, 5, "lost");
    }
    // The file is opened again as after kill -9: nothing was closed.
    FakeHouse after(folder / "pads.db");
    auto reopened = after.open(pad);
    EXPECT_EQ(reopened->recorder().next_clock(1), 5u);
    Visitor bert(reopened, "m2");
    bert.asks(Bytes{0});
    EXPECT_EQ(bert.document().next_clock(1), 5u);
    EXPECT_TRUE(reopened->has_log());
    ASSERT_TRUE(after.committer_.compact(*reopened));
    EXPECT_EQ(after.open(pad)->recorder().next_clock(1), 5u);
}

TEST_F(SavingTest, AFullDiskKeepsEditsInMemoryAndSaysNothing) {
    fill_disk();
    Visitor anna(room, "m1", true);
    Visitor bert(room, "m2");
    const std::string much(100'000, 'x');
    anna.types(1, 0, much);
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::update).size(), 1u) << "editing goes on";
    EXPECT_FALSE(house.committer_.run());
    EXPECT_TRUE(house.committer_.failing());
    EXPECT_EQ(saved_count(anna), 1u);
    EXPECT_EQ(house.armed_, commit_retry_first);
    EXPECT_FALSE(house.committer_.run());
    EXPECT_EQ(house.armed_, commit_retry_first * 2);
    anna.types(1, 100'000, "more");
    free_disk();
    EXPECT_TRUE(house.committer_.run());
    EXPECT_EQ(last_saved(anna).clocks.at(1), 100'004u);
    EXPECT_EQ(house.open(pad)->recorder().next_clock(1), 100'004u);
}

TEST_F(SavingTest, AFullDisksBacklogIsBounded) {
    fill_disk();
    Visitor anna(room, "m1");
    const std::string much(4 << 20, 'x');
    std::uint32_t clock = 0;
    anna.types(1, clock, much);
    EXPECT_FALSE(house.committer_.run());
    for (int i = 0; i < 20 && anna.socket_.closed == 0; ++i) {
        clock += static_cast<std::uint32_t>(much.size());
        anna.types(1, clock, much);
        house.turn();
    }
    EXPECT_TRUE(anna.socket_.closed == close_try_later || !anna.socket_.of_type(MessageType::auth).empty());
    EXPECT_LE(house.committer_.waiting_bytes(), unsaved_bytes_max);
}

TEST_F(SavingTest, APadThatWasErasedDoesNotStopTheOthers) {
    auto other_pad = house.new_pad("agenda");
    auto other = house.open(other_pad);
    Visitor anna(room, "m1", true);
    Visitor bert(other, "m2");
    anna.types(1, 0, "a");
    bert.types(2, 0, "b");
    ASSERT_TRUE(house.store_.erase(other_pad.number).has_value());
    EXPECT_TRUE(house.committer_.run());
    EXPECT_EQ(last_saved(anna).clocks.at(1), 1u);
    EXPECT_NE(bert.socket_.closed, 0);
}

TEST_F(SavingTest, LongSessionsAreCompactedWhileTheyGoOn) {
    Visitor anna(room);
    std::uint32_t clock = 0;
    for (std::size_t i = 0; i <= compact_rows; ++i) {
        anna.types(1, clock, "word ");
        clock += 5;
        ASSERT_TRUE(house.committer_.run());
    }
    EXPECT_FALSE(room->has_log());
    anna.types(1, clock, "end");
    house.turn();
    house.committer_.run();
    EXPECT_EQ(house.open(pad)->recorder().encode(), room->recorder().encode());
}

/// The same with the disk on its own thread: what happens between the hand-over and its end.
struct AsideTest : SavingTest {
    std::int64_t rows() {
        auto query = house.database_.prepare("SELECT count(*) FROM pad_update");
        EXPECT_TRUE(query.step().value());
        return query.number(0);
    }
};

TEST_F(AsideTest, SavedCoversTheHandOverAndNothingBehindIt) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "abc");
    house.committer_.start();
    ASSERT_TRUE(house.writer_.away());
    anna.types(1, 3, "defg");
    house.turn();
    EXPECT_EQ(saved_count(anna), 1u) << "not before the disk has it";
    EXPECT_EQ(house.armed_, commit_window) << "what came since waits for its own window";
    Visitor bert(room, "m2", true);
    EXPECT_TRUE(last_saved(bert).clocks.empty());
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).clocks.at(1), 3u);
    EXPECT_EQ(last_saved(anna).messages, 1u);
    house.committer_.start();
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).clocks.at(1), 7u);
    EXPECT_EQ(last_saved(anna).messages, 2u);
    EXPECT_EQ(rows(), 2);
    EXPECT_FALSE(house.committer_.waiting());
}

TEST_F(AsideTest, WhatChangesNothingIsSavedWithTheWriteThatIsUnderWay) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "abc");
    house.committer_.start();
    anna.types(1, 0, "abc");
    house.turn();
    EXPECT_EQ(saved_count(anna), 1u);
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).messages, 2u);
}

TEST_F(AsideTest, AWindowThatEndsDuringAWriteBeginsWhenThatHasLanded) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "a");
    house.committer_.start();
    anna.types(1, 1, "b");
    house.committer_.start();
    house.writer_.land();
    EXPECT_TRUE(house.writer_.away()) << "without another window";
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).messages, 2u);
}

TEST_F(AsideTest, AFailedWriteGoesBackBeforeWhatCameSince) {
    Visitor anna(room, "m1", true);
    const std::string much(100'000, 'x');
    anna.types(1, 0, much);
    fill_disk();
    house.committer_.start();
    anna.types(1, 100'000, "more");
    house.writer_.land();
    EXPECT_TRUE(house.committer_.failing());
    EXPECT_EQ(house.armed_, commit_retry_first);
    EXPECT_EQ(saved_count(anna), 1u);
    EXPECT_GE(room->unsaved_bytes(), 100'004u);
    free_disk();
    house.committer_.start();
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).clocks.at(1), 100'004u);
    EXPECT_EQ(last_saved(anna).messages, 2u);
    EXPECT_EQ(house.open(pad)->recorder().encode(), room->recorder().encode());
}

TEST_F(AsideTest, AtOnceWaitsForWhatIsUnderWay) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "a");
    house.committer_.start();
    anna.types(1, 1, "b");
    EXPECT_TRUE(house.committer_.run());
    EXPECT_EQ(last_saved(anna).clocks.at(1), 2u);
    house.writer_.land();
    EXPECT_EQ(rows(), 2) << "the late call writes nothing twice";
}

TEST_F(AsideTest, AStateNeverCoversWhatIsNotInTheLogBeforeIt) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "abc");
    EXPECT_FALSE(house.committer_.settle(*room));
    ASSERT_TRUE(house.writer_.away());
    anna.types(1, 3, "def");
    house.writer_.land();
    EXPECT_EQ(house.open(pad)->recorder().next_clock(1), 3u) << "the state is the one of the hand-over";
    EXPECT_TRUE(house.settled_.contains(room.get()));
    EXPECT_FALSE(house.committer_.settle(*room));
    house.writer_.land();
    EXPECT_TRUE(house.committer_.settle(*room));
    EXPECT_FALSE(room->has_log());
    EXPECT_EQ(house.open(pad)->recorder().encode(), room->recorder().encode());
    std::size_t updates = 0;
    ASSERT_TRUE(house.store_.each_update(pad.number, [&](View) { ++updates; return Status(); }).has_value());
    EXPECT_EQ(updates, 2u) << "the history has both";
}

TEST_F(AsideTest, APadErasedDuringTheWriteDoesNotStopTheOthers) {
    auto other_pad = house.new_pad("agenda");
    auto other = house.open(other_pad);
    Visitor anna(room, "m1", true);
    Visitor bert(other, "m2");
    anna.types(1, 0, "a");
    bert.types(2, 0, "b");
    house.committer_.start();
    ASSERT_TRUE(house.store_.erase(other_pad.number).has_value());
    house.committer_.forget(*other);
    house.writer_.land();
    house.writer_.land();
    EXPECT_EQ(last_saved(anna).clocks.at(1), 1u);
    EXPECT_FALSE(house.committer_.waiting());
}

TEST_F(AsideTest, WhatAPurgedPadHadUnderWayDoesNotLandInTheNextOne) {
    auto room = house.open(pad);
    Visitor anna(room);
    anna.types(1, 0, "secret");
    house.committer_.start();
    ASSERT_TRUE(house.writer_.away());
    room->end(close_policy, "deleted");
    house.committer_.forget(*room);
    ASSERT_TRUE(house.store_.erase(pad.number).has_value());
    const PadRow next = house.new_pad("next");
    ASSERT_EQ(next.number, pad.number) << "numbers are used again";
    house.writer_.land();
    EXPECT_EQ(house.store_.load(next.number).value().recorder.next_clock(1), 0u);
}

TEST_F(AsideTest, SeveralPeopleInOneWindowMakeOneRowEach) {
    Visitor anna(room, "m1");
    Visitor bert(room, "m2");
    std::uint32_t clock = 0;
    for (int i = 0; i < 20; ++i, ++clock) {
        anna.types(1, clock, "a");
        bert.types(2, clock, "b");
    }
    ASSERT_TRUE(house.committer_.run());
    EXPECT_EQ(rows(), 2);
    EXPECT_EQ(house.open(pad)->recorder().encode(), room->recorder().encode());
}

} // namespace
} // namespace hameau::pads
