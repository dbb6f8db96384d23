// Whoever removes much leaves a moment just before it: within one minute too, before the log is folded and after, and in another house.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/history/history.hpp"
#include "modules/pads/storage/cuts.hpp"
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

constexpr std::int64_t noon = 1'700'000'000'000 / history_hour_ms * history_hour_ms;

CutRow row(std::int64_t author, std::int64_t second, std::int64_t added, std::int64_t removed) {
    return {author, noon + second * 1000, added, removed, CutJudged::by_figures};
}

TEST(Cuts, OneThatRemovesMuchAtOnce) {
    const std::vector<CutRow> rows{row(1, 0, 500, 0), row(1, 5, 3, 2), row(2, 6, 0, 400), row(1, 7, 5, 0)};
    const auto cuts = find_cuts(rows);
    ASSERT_EQ(cuts.size(), 1u);
    EXPECT_EQ(cuts[0].first, 2u);
    EXPECT_EQ(cuts[0].last, 2u);
    EXPECT_EQ(cuts[0].removed, 400);
}

TEST(Cuts, AKeyHeldDownIsOneCutFromItsFirstLetter) {
    std::vector<CutRow> rows{row(1, 0, 500, 0)};
    for (int i = 0; i < 100; ++i) {
        rows.push_back(row(1, 5 + i / 10, 0, 1));
        rows.push_back(row(2, 5 + i / 10, 1, 0));
    }
    const auto cuts = find_cuts(rows);
    ASSERT_EQ(cuts.size(), 1u);
    EXPECT_EQ(cuts[0].first, 1u);
    EXPECT_EQ(cuts[0].last, rows.size() - 2);
    EXPECT_EQ(cuts[0].removed, 100);
}

TEST(Cuts, OrdinaryWritingIsNone) {
    std::vector<CutRow> rows;
    for (int i = 0; i < 1000; ++i) {
        rows.push_back(row(1, i, 6, 2));
        rows.push_back(row(2, i, 0, 3));
        rows.push_back(row(2, i, 5, 0));
    }
    EXPECT_TRUE(find_cuts(rows).empty());
    // What was folded elsewhere says itself what it is: its figures are those of ten minutes.
    CutRow folded = row(1, 2000, 3000, 800);
    folded.judged = CutJudged::none;
    EXPECT_TRUE(find_cuts(std::span<const CutRow>(&folded, 1)).empty());
}

// The largest one is never hidden behind a thousand small ones; their number is bounded.
TEST(Cuts, AThousandEmptyingsLeaveFewMomentsAndTheLargest) {
    std::vector<CutRow> rows{row(2, 0, 100'000, 0)};
    for (int i = 0; i < 1000; ++i) {
        rows.push_back(row(1, i, 200, 0));
        rows.push_back(row(1, i, 0, 200));
    }
    const std::size_t large = rows.size();
    rows.push_back(row(2, 1001, 0, 100'000));
    const auto cuts = find_cuts(rows);
    EXPECT_LE(cuts.size(), cuts_per_hour_max + 20);
    EXPECT_EQ(cuts.back().first, large);
}

// An archive is believed what it calls a cut only when that removed as much as a cut of this house.
TEST(Cuts, AnArchiveThatCallsEachRowACutMakesNoMoreOfThem) {
    std::vector<CutRow> rows;
    for (int i = 0; i < 1000; ++i) {
        rows.push_back(row(1, i, 5, i % 2 == 0 ? 1 : 200));
        rows.back().judged = CutJudged::cut;
    }
    const auto cuts = find_cuts(rows);
    EXPECT_GT(cuts.size(), 0u);
    EXPECT_LE(cuts.size(), cuts_per_hour_max + 20);
    EXPECT_EQ(cuts.front().first, 1u);
}

struct CutMoments : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");

    std::vector<Moment> moments() {
        MomentList list(MomentLength::hour);
        EXPECT_TRUE(house.store_.each_history_row(pad.number, [&](const HistoryRow& one) { list.add(one); }).has_value());
        return list.take();
    }
    std::string text_at(std::int64_t seq) {
        const auto past = house.store_.past(pad.number, seq);
        EXPECT_TRUE(past.has_value());
        const auto document = integrate(*past);
        EXPECT_TRUE(document.has_value());
        const crdt::Document then(document->now, &document->then);
        return then.text(*then.root("t"));
    }
    /// Anna writes, Bert empties the text, Anna writes on: within one minute.
    void emptied() {
        auto room = house.open(pad);
        Visitor anna(room, "m1");
        Visitor bert(room, "m2");
        anna.types(1, 0, std::string(300, 'a'));
        house.committer_.run();
        bert.types(2, 0, "b");
        house.committer_.run();
        bert.says(update_message(erased(1, 0, 300)));
        house.committer_.run();
        anna.types(1, 300, " anew");
        house.committer_.run();
        house.committer_.forget(*room);
    }
    void folded() {
        auto room = house.open(pad);
        ASSERT_TRUE(house.committer_.compact(*room));
    }
    void holds_the_moment_before(const char* when) {
        const auto found = moments();
        ASSERT_EQ(found.size(), 2u) << when;
        EXPECT_FALSE(found[1].before);
        ASSERT_TRUE(found[0].before) << when;
        EXPECT_EQ(found[0].before->author, "Name m2");
        EXPECT_EQ(found[0].before->removed, 300);
        EXPECT_EQ(found[0].before->added, 0);
        EXPECT_NE(text_at(found[0].seq).find(std::string(300, 'a')), std::string::npos) << when;
        EXPECT_EQ(text_at(found[1].seq).find("aa"), std::string::npos) << when;
    }
};

TEST_F(CutMoments, WithinOneMinuteBeforeAndAfterTheLogIsFolded) {
    emptied();
    holds_the_moment_before("in the log");
    folded();
    holds_the_moment_before("folded");
}

// The bound is one of the hour, whatever folds there are: a pad is folded each time that it closes.
TEST_F(CutMoments, ManyFoldsWithinOneHourLeaveFewMoments) {
    const auto person = std::make_shared<const Person>(Person{"m1", "anna", "Anna"});
    std::uint32_t clock = 0;
    for (int fold = 0; fold < 60; ++fold) {
        std::vector<Edit> edits(2);
        for (Edit& edit : edits) {
            edit.person = person;
            edit.time_ms = noon + fold * 10'000;
        }
        edits[0].added = 100;
        frame_update(edits[0].framed, typed(1, clock, std::string(100, 'a')));
        edits[1].removed = 100;
        frame_update(edits[1].framed, erased(1, clock, 100));
        clock += 100;
        ASSERT_TRUE(house.store_.append(pad.number, edits, {}).has_value());
        house.store_.committed();
        const std::size_t before = moments().size();
        folded();
        EXPECT_EQ(moments().size(), before) << "the same before the fold and after it";
    }
    EXPECT_GT(moments().size(), 10u);
    EXPECT_LE(moments().size(), cuts_per_hour_max + 21);
}

// What another house wrote down of its rows is believed there: its ten minutes of small changes are no cut.
TEST_F(CutMoments, ARowThatComesFromElsewhereIsWhatItWas) {
    const auto person = std::make_shared<const Person>(Person{"m1", "anna", "Anna"});
    Edit first;
    first.person = person;
    first.time_ms = noon;
    first.added = 900;
    frame_update(first.framed, typed(1, 0, std::string(900, 'a')));
    Edit small = first;
    small.framed.clear();
    frame_update(small.framed, erased(1, 0, 100));
    small.added = 200;
    small.removed = 100;
    small.judged = CutJudged::none;
    Edit large = small;
    large.framed.clear();
    frame_update(large.framed, erased(1, 100, 800));
    large.removed = 800;
    large.judged = CutJudged::cut;
    ASSERT_TRUE(house.store_.append(pad.number, {first, small, large}, {}).has_value());
    house.store_.committed();
    for (const bool fold : {false, true}) {
        if (fold) {
            folded();
        }
        const auto found = moments();
        ASSERT_EQ(found.size(), 2u) << fold;
        ASSERT_TRUE(found[0].before);
        EXPECT_EQ(found[0].before->removed, 800);
    }
}

} // namespace
} // namespace hameau::pads
