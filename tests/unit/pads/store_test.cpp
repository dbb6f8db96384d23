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
    PadChange into_bin;
    into_bin.deleted_ms = std::optional<std::int64_t>(1000);
    ASSERT_TRUE(house.store_.change(pad.number, into_bin).has_value());
    EXPECT_FALSE(house.store_.find_by_slug("amis", "minutes").value().has_value());
    EXPECT_EQ(house.store_.list("amis", Bin::inside, "", 10).value().size(), 1u);
    PadRow second = house.new_pad("minutes");
    PadChange out_of_bin;
    out_of_bin.deleted_ms.emplace();
    EXPECT_EQ(house.store_.change(pad.number, out_of_bin).error().kind, ErrorKind::conflict) << "restoring onto a taken slug";
    EXPECT_EQ(house.store_.purge(1000).value(), 0u);
    EXPECT_EQ(house.store_.purge(1001).value(), 1u);
    EXPECT_FALSE(house.store_.find_by_id(pad.id).value().has_value());
    EXPECT_TRUE(house.store_.find_by_id(second.id).value().has_value());
}

TEST_F(StoreTest, AChangeWritesWhatItNamesAndNothingElse) {
    PadChange title;
    title.title = "Another title";
    PadChange closed;
    closed.access.emplace();
    closed.access->members = Permission::none;
    closed.access->people = {"yann"};
    closed.link_key = "renewed";
    ASSERT_TRUE(house.store_.change(pad.number, closed).has_value());
    ASSERT_TRUE(house.store_.change(pad.number, title).has_value());
    auto row = house.store_.find_by_id(pad.id).value();
    EXPECT_EQ(row->title, "Another title");
    EXPECT_EQ(row->access.members, Permission::none);
    EXPECT_EQ(row->access.people, std::vector<std::string>{"yann"});
    EXPECT_EQ(row->link_key, "renewed");
    PadChange binned;
    binned.deleted_ms = std::optional<std::int64_t>(1000);
    ASSERT_TRUE(house.store_.change(pad.number, binned).has_value());
    ASSERT_TRUE(house.store_.change(pad.number, title).has_value());
    EXPECT_EQ(house.store_.find_by_id(pad.id).value()->deleted_ms, 1000);
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

TEST_F(StoreTest, HowMuchThereIsToReadIsAskedWithoutReadingIt) {
    const PadRow pad = house.new_pad("long");
    const auto nothing = house.store_.content_size(pad.number).value();
    EXPECT_EQ(nothing.state_bytes + nothing.log_bytes, 0u);
    {
        auto room = house.open(pad);
        Visitor anna(room);
        anna.types(1, 0, std::string(5000, 'x'));
        ASSERT_TRUE(house.committer_.run());
        const auto logged = house.store_.content_size(pad.number).value();
        EXPECT_EQ(logged.state_bytes, 0u);
        EXPECT_GT(logged.log_bytes, 5000u);
        ASSERT_TRUE(house.committer_.compact(*room));
    }
    const auto folded = house.store_.content_size(pad.number).value();
    EXPECT_GT(folded.state_bytes, 5000u);
    EXPECT_EQ(folded.log_bytes, 0u);
}

TEST_F(StoreTest, NumbersOfRowsGoOnAfterFoldingAndARestart) {
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    anna.types(1, 0, "a");
    ASSERT_TRUE(house.committer_.run());
    ASSERT_TRUE(house.committer_.compact(*room));
    const std::int64_t folded = room->last_seq();
    FakeHouse after(folder / "pads.db");
    auto again = after.open(pad);
    EXPECT_FALSE(again->has_log());
    Visitor bert(again, "m2");
    bert.types(2, 0, "b");
    ASSERT_TRUE(after.committer_.run());
    EXPECT_GT(again->last_seq(), folded) << "else the state would cover it";
    FakeHouse last(folder / "pads.db");
    EXPECT_EQ(last.open(pad)->recorder().next_clock(2), 1u);
}

TEST_F(StoreTest, WhatAStateCoversIsRemovedWithTheLastRowsAndCountsForNothingUntilThen) {
    PadRow other_pad = house.new_pad("agenda");
    auto room = house.open(pad);
    auto other = house.open(other_pad);
    Visitor anna(room, "m1");
    Visitor bert(other, "m2");
    anna.types(1, 0, "first");
    bert.types(2, 0, "second");
    ASSERT_TRUE(house.committer_.run());
    ASSERT_TRUE(house.committer_.compact(*room));
    ASSERT_EQ(count("pad_update"), 2) << "the other pad's stands beside it";
    std::size_t moments = 0;
    const auto counts = [&](const HistoryRow& row) { moments += static_cast<std::size_t>(row.added); };
    ASSERT_TRUE(house.store_.each_history_row(pad.number, counts).has_value());
    EXPECT_EQ(moments, 5u) << "once";
    {
        FakeHouse after(folder / "pads.db");
        const auto loaded = after.store_.load(pad.number).value();
        EXPECT_EQ(loaded.log_rows, 0u);
        EXPECT_EQ(loaded.recorder.next_clock(1), 5u);
        EXPECT_EQ(after.store_.load(other_pad.number).value().log_rows, 1u);
        EXPECT_EQ(after.store_.find_by_id(other_pad.id).value()->updated_by, "Name m2");
    }
    ASSERT_TRUE(house.committer_.compact(*other));
    EXPECT_EQ(count("pad_update"), 0);
}

TEST(StoreMigrationTest, TheLogOfAnOlderVersionIsTakenOver) {
    const TemporaryFolder folder;
    const std::string file = folder / "pads.db";
    Bytes framed;
    const Bytes update = typed(1, 0, "old");
    frame_update(framed, update);
    {
        auto old = Database::open(file, std::span(pads_manifest.migrations).first(4)).value();
        ASSERT_TRUE(old.execute("INSERT INTO pad VALUES (7, 'id', 'amis', 'old', 'Old', 'write', 'none', '', 1, 'x', 'x', 1, 'x', NULL, '');"
                                "INSERT INTO author VALUES (3, 'm1', 'login-m1', 'Name m1')"));
        auto insert = old.prepare("INSERT INTO pad_update (seq, pad, author, time_ms, bytes, added) VALUES (41, 7, 3, 5, ?1, 3)");
        insert.bind_blob(1, {reinterpret_cast<const char*>(framed.data()), framed.size()});
        ASSERT_TRUE(insert.run());
    }
    FakeHouse house(file);
    const auto loaded = house.store_.load(7).value();
    EXPECT_EQ(loaded.recorder.next_clock(1), 3u);
    EXPECT_EQ(loaded.last_seq, 41);
    EXPECT_EQ(house.store_.find_by_id("id").value()->updated_by, "Name m1");
    ASSERT_TRUE(house.store_.erase(7));
    auto rows = house.database_.prepare("SELECT count(*) FROM pad_update");
    ASSERT_TRUE(rows.step().value());
    EXPECT_EQ(rows.number(0), 0);
}

TEST(StoreOfBefore, PadsOfChosenPeopleLearnTheirMembers) {
    TemporaryFolder folder;
    const std::span<const Migration> all = pads_manifest.migrations;
    {
        auto old = Database::open(folder / "old.db", all.first(5));
        ASSERT_TRUE(old.has_value());
        ASSERT_TRUE(old->execute("INSERT INTO pad (number, id, association, slug, title, members, link, created_ms, created_by, creator, updated_ms, "
                                 "updated_by, people) VALUES (1, 'aaaaaaaaaaaaaaaaaaaaaaaaaa', 'amis', 'old', 'Old', 'none', 'none', 1, 'Marie', 'm1', 1, "
                                 "'Marie', 'yann anna')").has_value());
    }
    auto database = Database::open(folder / "old.db", all);
    ASSERT_TRUE(database.has_value());
    PadStore store(*database);
    auto rows = store.without_members().value();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].access.people, (std::vector<std::string>{"yann", "anna"}));
    EXPECT_EQ(permission_of(rows[0].access, {"m-yann", "yann", Role::member, false, false}), Permission::write);
    PadChange change;
    change.access = rows[0].access;
    change.access->members_named = {"m-yann", std::string(nobody)};
    ASSERT_TRUE(store.change(1, change).has_value());
    EXPECT_TRUE(store.without_members().value().empty());
    const auto row = store.find_by_id("aaaaaaaaaaaaaaaaaaaaaaaaaa").value();
    EXPECT_EQ(permission_of(row->access, {"m-new", "yann", Role::member, false, false}), Permission::none);
}

} // namespace
} // namespace hameau::pads
