// Rows, compaction, history, damaged states.
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

struct StoreTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");

    std::int64_t count(const std::string& table) {
        const std::string sql = "SELECT count(*) FROM " + table;
        auto query = house.database_.prepare(sql);
        EXPECT_TRUE(query.step().value());
        return query.number(0);
    }
};

TEST_F(StoreTest, PadsByIdBySlugAndInOrder) {
    house.new_pad("agenda");
    EXPECT_EQ(house.store_.find_by_id(pad.id).value()->slug, "minutes");
    EXPECT_EQ(house.store_.find_by_slug("amis", "minutes").value()->id, pad.id);
    EXPECT_FALSE(house.store_.find_by_slug("other", "minutes").value().has_value());
    const auto all = house.store_.list("amis", Bin::outside, "", 10).value();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].slug, "agenda");
    EXPECT_EQ(house.store_.list("amis", Bin::outside, "agenda", 10).value().size(), 1u);
    PadRow twin = pad;
    twin.id = new_id();
    EXPECT_EQ(house.store_.create(twin, nullptr).error().kind, ErrorKind::conflict);
}

TEST_F(StoreTest, TheBinKeepsForItsTimeAndFreesTheSlug) {
    pad.deleted_ms = 1000;
    ASSERT_TRUE(house.store_.update(pad).has_value());
    EXPECT_FALSE(house.store_.find_by_slug("amis", "minutes").value().has_value());
    EXPECT_EQ(house.store_.list("amis", Bin::inside, "", 10).value().size(), 1u);
    PadRow second = house.new_pad("minutes");
    pad.deleted_ms.reset();
    EXPECT_EQ(house.store_.update(pad).error().kind, ErrorKind::conflict) << "restoring onto a taken slug";
    EXPECT_EQ(house.store_.purge(1000).value(), 0u);
    EXPECT_EQ(house.store_.purge(1001).value(), 1u);
    EXPECT_FALSE(house.store_.find_by_id(pad.id).value().has_value());
    EXPECT_TRUE(house.store_.find_by_id(second.id).value().has_value());
}

TEST_F(StoreTest, CompactionKeepsTheDocumentTheAuthorsAndTheWholeHistory) {
    auto room = house.open(pad);
    const Bytes gone = erased(1, 0, 20);
    {
        Visitor anna(room, "m1");
        Visitor bert(room, "m2");
        anna.types(1, 0, "this text is deleted and must not stay");
        house.committer_.run();
        bert.types(2, 0, "bert");
        house.committer_.run();
        anna.says(update_message(gone));
        house.committer_.run();
    }
    ASSERT_EQ(count("pad_update"), 3);
    const Bytes vector = room->recorder().state_vector();
    ASSERT_TRUE(house.committer_.compact(*room));
    EXPECT_EQ(count("pad_update"), 0);
    EXPECT_EQ(count("pad_history"), 2) << "one author, one time: one row";
    const auto loaded = house.store_.load(pad.number).value();
    EXPECT_EQ(loaded.recorder.state_vector(), vector);
    const Bytes state = loaded.recorder.encode();
    EXPECT_EQ(as_text(state).find("this text is"), std::string_view::npos) << "collected";
    EXPECT_NE(as_text(state).find("must not stay"), std::string_view::npos);
    Recorder whole;
    ASSERT_TRUE(house.store_.each_update(pad.number, [&](View update) -> Status {
        return whole.apply(update) ? Status{} : Status(fail(ErrorKind::corrupt, "no"));
    }).has_value());
    EXPECT_NE(as_text(whole.encode()).find("this text is"), std::string_view::npos) << "the history has it";
    const auto authors = house.store_.authors(pad.number).value();
    ASSERT_EQ(authors.size(), 2u);
    EXPECT_EQ(authors[0].person.login, "login-m1");
    EXPECT_FALSE(authors[0].brought);
    const PadRow row = *house.store_.find_by_id(pad.id).value();
    EXPECT_EQ(row.updated_by, "Name m1");
}

TEST_F(StoreTest, ADamagedStateIsMadeAnewFromTheHistory) {
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    anna.types(1, 0, "hello");
    house.committer_.run();
    ASSERT_TRUE(house.committer_.compact(*room));
    anna.types(1, 5, " world");
    house.committer_.run();
    ASSERT_TRUE(house.database_.execute("UPDATE pad_state SET bytes = x'0102030405'").has_value());
    const auto loaded = house.store_.load(pad.number).value();
    EXPECT_TRUE(loaded.rebuilt);
    EXPECT_EQ(loaded.recorder.next_clock(1), 11u);
}

TEST_F(StoreTest, AClientIdIsBoundToItsFirstAuthorForGood) {
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    Visitor bert(room, "m2");
    anna.types(1, 0, "a");
    house.committer_.run();
    bert.types(1, 1, "forged under anna's id");
    Recorder elsewhere;
    ASSERT_TRUE(elsewhere.apply(typed(3, 0, "written offline by somebody")).has_value());
    bert.says(step2_message(elsewhere.encode()));
    bert.moves(4, 1, "{}");
    bert.says(step2_message(typed(4, 0, "his own")));
    house.committer_.run();
    const auto authors = house.store_.authors(pad.number).value();
    ASSERT_EQ(authors.size(), 3u);
    EXPECT_EQ(authors[0].person.member, "m1");
    EXPECT_EQ(authors[1].client, 3u);
    EXPECT_TRUE(authors[1].brought) << "unknown, brought by bert";
    EXPECT_FALSE(authors[2].brought) << "the id that he announced";
}

TEST_F(StoreTest, PendingDataSurvivesClosing) {
    {
        auto room = house.open(pad);
        Visitor anna(room, "m1");
        anna.types(1, 5, "later");
        house.committer_.run();
        EXPECT_TRUE(house.committer_.compact(*room));
    }
    auto room = house.open(pad);
    Visitor bert(room, "m2");
    bert.types(1, 0, "first");
    EXPECT_EQ(room->recorder().next_clock(1), 10u);
    house.committer_.forget(*room);
}

TEST_F(StoreTest, ErasingAnAssociationLeavesNothingOfIt) {
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    anna.types(1, 0, "a");
    house.committer_.run();
    ASSERT_TRUE(house.committer_.compact(*room));
    anna.types(1, 1, "b");
    house.committer_.run();
    ASSERT_TRUE(house.store_.erase_association("amis").has_value());
    for (const char* table : {"pad", "pad_update", "pad_state", "pad_history", "pad_client", "author"}) {
        EXPECT_EQ(count(table), 0) << table;
    }
}

} // namespace
} // namespace hameau::pads
