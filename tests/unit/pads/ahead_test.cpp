// What is handed to the system before it is relayed: it comes back after a kill, torn records do not, nothing is kept twice;
// a room shows nobody what could not be handed over.
#include <fstream>

#include "daemon/base/io.hpp"
#include "modules/pads/storage/ahead.hpp"
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
    /// What a process that starts now would find: "pad:update" each.
    std::vector<std::string> found() const {
        std::vector<std::string> out;
        const auto kept = Ahead(folder.string()).read_back();
        for (const KeptEdit& edit : kept.value()) {
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
    const KeptEdit edit = Ahead(folder.string()).read_back().value().front();
    EXPECT_EQ(edit.person->login, "anna");
    EXPECT_EQ(edit.time_ms, 5);
    ASSERT_EQ(edit.clients.size(), 1u);
    EXPECT_EQ(edit.clients[0].client, 7u);
    EXPECT_TRUE(edit.clients[0].brought);
    ahead.forget_earlier();
    EXPECT_EQ(found(), Texts{});
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

} // namespace
} // namespace hameau::pads
