// What is handed to the system before it is relayed: it comes back after a kill, torn records do not, nothing is kept twice;
// a room shows nobody what could not be handed over.
#include <fstream>

#include "daemon/base/io.hpp"
#include "modules/pads/storage/ahead.hpp"
#include "modules/pads/storage/kept_edits.hpp"
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

struct AheadTest : testing::Test {
    TemporaryFolder folder;
    Ahead ahead{folder.string()};
    Person anna{"m1", "anna", "Anna"};

    void add(std::string_view pad, std::string_view text) {
        const Bytes update(text.begin(), text.end());
        const std::vector<NewClient> clients{{7, nullptr, true, 5}};
        ahead.add(pad, {anna, 5, clients, update});
    }
    std::vector<KeptEdit> kept() const {
        const Ahead later(folder.string());
        return Ahead::read_back(later.earlier()).value();
    }
    /// What a process that starts now would find: "pad:update" each.
    std::vector<std::string> found() const {
        std::vector<std::string> out;
        for (const KeptEdit& edit : kept()) {
            out.push_back(edit.pad + ":" + std::string(as_text(edit.update)));
        }
        return out;
    }
    using Texts = std::vector<std::string>;
};

TEST_F(AheadTest, WhatWasHandedOverIsFound) {
    EXPECT_EQ(found(), Texts{});
    add("a", "one");
    EXPECT_EQ(found(), Texts{}) << "noted only";
    add("b", "two");
    ASSERT_TRUE(ahead.write());
    ASSERT_TRUE(ahead.write()) << "nothing more";
    EXPECT_EQ(found(), (Texts{"a:one", "b:two"}));
    const KeptEdit edit = kept().front();
    EXPECT_EQ(edit.person->login, "anna");
    EXPECT_EQ(edit.time_ms, 5);
    ASSERT_EQ(edit.clients.size(), 1u);
    EXPECT_EQ(edit.clients[0].client, 7u);
    EXPECT_TRUE(edit.clients[0].brought);
}

TEST_F(AheadTest, ARunWritesOverNothingOfAnEarlierOne) {
    add("a", "one");
    ASSERT_TRUE(ahead.write());
    Ahead second(folder.string());
    const Bytes update = bytes_of("two");
    second.add("b", {anna, 5, {}, update});
    ASSERT_TRUE(second.write());
    EXPECT_EQ(found(), (Texts{"a:one", "b:two"})) << "oldest first";
    second.batch_begins();
    second.batch_landed(true);
    EXPECT_EQ(found(), Texts{"a:one"}) << "not this run's to remove";
}

TEST_F(AheadTest, ABatchEndsWhatItCovers) {
    add("a", "one");
    ASSERT_TRUE(ahead.write());
    ahead.batch_begins();
    add("a", "two");
    ASSERT_TRUE(ahead.write());
    EXPECT_EQ(found(), (Texts{"a:one", "a:two"})) << "it is not in the database yet";
    ahead.batch_landed(false);
    ahead.batch_begins();
    add("a", "three");
    ASSERT_TRUE(ahead.write());
    EXPECT_EQ(found(), (Texts{"a:two", "a:three"})) << "the first file is written over";
    // The second batch fails and is tried again with more: nothing is written over before it is there.
    ahead.batch_begins();
    add("a", "four");
    ASSERT_TRUE(ahead.write());
    EXPECT_EQ(found(), (Texts{"a:two", "a:three", "a:four"}));
    ahead.batch_landed(true);
    EXPECT_EQ(found(), Texts{}) << "idle: nothing is kept";
    add("a", "five");
    ASSERT_TRUE(ahead.write());
    EXPECT_EQ(found(), Texts{"a:five"});
}

TEST_F(AheadTest, ATornRecordEndsTheFile) {
    for (const char* text : {"one", "two", "three"}) {
        add("a", text);
        ASSERT_TRUE(ahead.write());
    }
    const std::string file = folder.string() + "/ahead-0";
    const std::string whole = read_file(file, 1 << 20).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        const Texts got = found();
        const Texts first{"a:one", "a:two"};
        ASSERT_LE(got.size(), first.size()) << size;
        EXPECT_TRUE(std::equal(got.begin(), got.end(), first.begin())) << size;
    }
    std::string bad = whole;
    bad[bad.size() - 1] = 'X';
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    EXPECT_EQ(found(), (Texts{"a:one", "a:two"}));
    // What stands behind a damaged one is there still.
    for (const auto& [text, left] : {std::pair("two", Texts{"a:one", "a:three"}), std::pair("one", Texts{"a:two", "a:three"})}) {
        bad = whole;
        bad[bad.find(text)] = 'X';
        std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
        EXPECT_EQ(found(), left) << text;
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(1000, '\xff');
    EXPECT_EQ(found(), Texts{});
}

TEST_F(AheadTest, WhatTheDiskDoesNotTakeWaits) {
    Ahead nowhere(folder.string() + "/missing");
    const Bytes update{1, 2, 3};
    nowhere.add("a", {anna, 5, {}, update});
    EXPECT_FALSE(nowhere.write());
    EXPECT_TRUE(nowhere.failing());
    EXPECT_FALSE(nowhere.write());
    // A commit that has it makes it needless.
    nowhere.batch_begins();
    nowhere.batch_landed(true);
    EXPECT_FALSE(nowhere.failing());
    EXPECT_TRUE(nowhere.write());
}

TEST(AheadRoom, NobodySeesWhatCouldNotBeHandedOver) {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    const PadRow pad = house.new_pad("minutes");
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    Visitor bert(room, "m2");
    anna.types(1, 0, "abc");
    EXPECT_EQ(house.kept_.size(), 1u);
    house.turn();
    EXPECT_EQ(house.handed_over_, 1u);
    const std::size_t seen = bert.socket_.of(Incoming::Kind::update).size();
    EXPECT_EQ(seen, 1u);
    house.hands_over_ = false;
    anna.types(1, 3, "def");
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::update).size(), seen);
    const std::size_t answers = bert.socket_.of(Incoming::Kind::step2).size();
    bert.asks(Bytes{0});
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::step2).size(), answers) << "an answer would show it";
    house.hands_over_ = true;
    house.turn();
    house.answer();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::update).size(), seen + 1);
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::step2).size(), answers + 1);
    EXPECT_EQ(bert.document().next_clock(1), 6u);
}

TEST(AheadRoom, OtherRoomsAreReadWhileOneCannotHandOver) {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    auto writers = house.open(house.new_pad("minutes"));
    auto readers = house.open(house.new_pad("agenda"));
    Visitor anna(writers, "m1");
    Visitor bert(writers, "m2");
    Visitor carl(readers, "m3");
    house.hands_over_ = false;
    anna.types(1, 0, "abc");
    house.turn();
    carl.asks(Bytes{0});
    EXPECT_EQ(carl.socket_.of(Incoming::Kind::step2).size(), 1u) << "nothing of this text waits";
    // Who is here goes on in the writer's room, as often as pages renew it: they give up what is silent for 30 s.
    anna.moves(1, 1, R"({"user":{"name":"Anna"}})");
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::awareness).size(), 1u);
    EXPECT_TRUE(bert.socket_.of(Incoming::Kind::update).empty());
    house.hands_over_ = true;
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::update).size(), 1u) << "once";
    house.turn();
    EXPECT_EQ(bert.socket_.of(Incoming::Kind::update).size(), 1u);
}

/// A process that was killed had shown edits of these pads; the next one starts.
struct KeptTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
    PadRow other = house.new_pad("agenda");
    Person anna{"m1", "anna", "Anna"};

    void killed_after(const std::vector<std::string>& pads, std::string_view text = "seen") {
        Ahead before(folder.string());
        for (const std::string& id : pads) {
            const std::vector<NewClient> clients{{7, nullptr, false, 5}};
            const Bytes update = typed(7, 0, text);
            before.add(id, {anna, 5, clients, update});
        }
        ASSERT_TRUE(before.write());
    }
    KeptEdits start() { return KeptEdits(Ahead(folder.string()).earlier()); }
    static std::optional<bool> no_room(std::int64_t) { return std::nullopt; }
    std::size_t files() const { return Ahead(folder.string()).earlier().size(); }
    std::uint32_t stored(const PadRow& row) { return house.store_.load(row.number).value().recorder.next_clock(7); }
    /// Every page that a transaction would need is refused, as by a full disk.
    void disk_full(bool full) {
        auto pages = house.database_.prepare("PRAGMA page_count");
        ASSERT_TRUE(pages.step().value());
        const std::string most = full ? std::to_string(pages.number(0)) : "1000000";
        pages.reset();
        ASSERT_TRUE(house.database_.execute("PRAGMA max_page_count = " + most).has_value());
    }
};

TEST_F(KeptTest, WhatWasSeenIsCommittedOnceAndTheFilesGo) {
    killed_after({pad.id, other.id, "purged-meanwhile"});
    EXPECT_EQ(files(), 1u);
    KeptEdits kept = start();
    EXPECT_EQ(kept.settle(house.store_, no_room).edits, 2u);
    EXPECT_TRUE(kept.empty());
    EXPECT_EQ(files(), 0u);
    EXPECT_EQ(stored(pad), 4u);
    EXPECT_EQ(stored(other), 4u);
}

TEST_F(KeptTest, APadThatCannotBeReadNowKeepsItsEdits) {
    killed_after({pad.id, other.id});
    const std::vector<Edit> edits{{std::make_shared<const Person>(anna), 1, bytes_of("\x02\xff\xff"), 0, 0}};
    ASSERT_TRUE(house.store_.transaction([&] {
        return house.store_.append(pad.number, edits, {}) ? Status() : Status(fail(ErrorKind::io, "append"));
    }).has_value());
    house.store_.committed();
    ASSERT_FALSE(house.store_.load(pad.number)) << "a damaged row";
    {
        KeptEdits kept = start();
        const auto outcome = kept.settle(house.store_, no_room);
        EXPECT_EQ(outcome.edits, 1u) << "the other pad has its own";
        EXPECT_FALSE(outcome.error.empty());
        EXPECT_FALSE(kept.empty());
    }
    EXPECT_EQ(files(), 1u) << "this process ends: the next one finds them";
    KeptEdits kept = start();
    kept.settle(house.store_, no_room);
    ASSERT_TRUE(house.database_.execute("UPDATE pad_update SET bytes = x'' WHERE pad = " + std::to_string(pad.number)).has_value());
    EXPECT_EQ(kept.settle(house.store_, no_room).edits, 1u);
    EXPECT_EQ(files(), 0u);
    EXPECT_EQ(stored(pad), 4u);
}

TEST_F(KeptTest, AFullDiskKeepsThemAndAnOpenedPadShowsThem) {
    const std::string text(100'000, 'x');  // more than the pages that are there have room for
    killed_after({pad.id}, text);
    disk_full(true);
    KeptEdits kept = start();
    EXPECT_FALSE(kept.settle(house.store_, no_room).error.empty());
    EXPECT_EQ(files(), 1u);
    // The text is read, with them, although the disk takes nothing: neither rows nor what is handed over.
    house.hands_over_ = false;
    auto room = house.open(pad);
    room->recover(kept.give(pad.id));
    const auto saved = [&](std::int64_t) { return std::optional(room->all_saved()); };
    Visitor bert(room, "m2");
    bert.asks(Bytes{0});
    EXPECT_EQ(bert.document().next_clock(7), text.size());
    kept.settle(house.store_, saved);
    EXPECT_EQ(files(), 1u) << "not durable yet";
    house.committer_.start();
    house.writer_.land();
    EXPECT_FALSE(room->all_saved()) << "the disk is still full";
    disk_full(false);
    ASSERT_TRUE(house.committer_.run());
    kept.settle(house.store_, saved);
    EXPECT_EQ(files(), 0u);
    EXPECT_EQ(stored(pad), text.size());
    auto authors = house.store_.authors(pad.number).value();
    ASSERT_EQ(authors.size(), 1u);
    EXPECT_EQ(authors[0].person.name, "Anna");
}

TEST_F(KeptTest, AFileThatCannotBeReadNowStays) {
    killed_after({pad.id});
    const std::string file = folder.string() + "/ahead-0";
    std::filesystem::rename(file, folder.string() + "/aside");
    std::filesystem::create_directory(file);  // reading it fails with EISDIR
    KeptEdits kept = start();
    EXPECT_FALSE(kept.settle(house.store_, no_room).error.empty());
    auto room = house.open(pad);
    room->recover(kept.give(pad.id));
    std::filesystem::remove(file);
    std::filesystem::rename(folder.string() + "/aside", file);
    const auto saved = [&](std::int64_t) { return std::optional(room->all_saved()); };
    kept.settle(house.store_, saved);
    EXPECT_EQ(files(), 1u) << "the room that is open was not given them";
    room.reset();
    EXPECT_EQ(kept.settle(house.store_, no_room).edits, 1u);
    EXPECT_EQ(files(), 0u);
}

} // namespace
} // namespace hameau::pads
