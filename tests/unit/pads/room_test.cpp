// A room with several visitors: sync, relay, awareness, read-only, slow readers, floods.
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

constexpr auto k_step1 = Incoming::Kind::step1;
constexpr auto k_step2 = Incoming::Kind::step2;
constexpr auto k_update = Incoming::Kind::update;
constexpr auto k_awareness = Incoming::Kind::awareness;

/// Keeps the messages themselves: who shares one with whom.
struct SharingSocket final : WebSocket {
    void send(std::span<const Message> messages) override { shared.insert(shared.end(), messages.begin(), messages.end()); }
    std::size_t queued_bytes() const override { return 0; }
    void close(std::uint16_t, std::string) override {}
    std::vector<Message> shared;
    std::unique_ptr<Connection> connection;
};

struct RoomTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    PadRow pad = house.new_pad("minutes");
    std::shared_ptr<Room> room = house.open(pad);
};

TEST_F(RoomTest, SendsItsOwnStep1AtOnceAndAnswersEveryStep1) {
    Visitor anna(room);
    ASSERT_EQ(anna.socket_.of(k_step1).size(), 1u);
    const Bytes empty{0};
    anna.asks(empty);
    anna.asks(empty);
    ASSERT_EQ(anna.socket_.of(k_step2).size(), 2u) << "even when there is nothing: the client waits for it";
    EXPECT_EQ(as_text(anna.socket_.of(k_step2)[0].payload), std::string_view("\0\0", 2));
}

TEST_F(RoomTest, RelaysTheReceivedBytesToTheOthersOnly) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    const Bytes update = typed(1, 0, "hé");
    const Message frame = update_message(update);
    anna.says(frame);
    EXPECT_TRUE(bert.socket_.of(k_update).empty()) << "at the end of the turn";
    house.turn();
    ASSERT_EQ(bert.socket_.of(k_update).size(), 1u);
    EXPECT_EQ(bert.socket_.sent.back(), *frame);
    EXPECT_TRUE(anna.socket_.of(k_update).empty());
}

TEST_F(RoomTest, WhatOneTurnBroughtIsRelayedAsOneUpdate) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    Visitor cleo(room, "m3");
    anna.types(1, 0, "a");
    anna.types(1, 1, "b");
    bert.types(2, 0, "c");
    house.turn();
    ASSERT_EQ(cleo.socket_.of(k_update).size(), 1u);
    EXPECT_EQ(cleo.document().encode(), room->recorder().encode());
    anna.types(1, 2, "x");
    anna.types(1, 3, "y");
    const std::size_t before = anna.socket_.sent.size();
    house.turn();
    EXPECT_EQ(anna.socket_.sent.size(), before) << "a burst is not sent back to its only sender";
}

TEST_F(RoomTest, AFreshClientGetsEverything) {
    Visitor anna(room);
    anna.types(1, 0, "bonjour");
    const Bytes gone = erased(1, 0, 3);
    anna.says(update_message(gone));
    house.turn();
    Visitor bert(room, "m2");
    bert.asks(Bytes{0});
    EXPECT_EQ(bert.document().encode(), room->recorder().encode());
}

TEST_F(RoomTest, WhatIsKnownAlreadyIsNotRelayedAgain) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    anna.types(1, 0, "a");
    house.turn();
    anna.types(1, 0, "a");
    house.turn();
    EXPECT_EQ(bert.socket_.of(k_update).size(), 1u);
}

TEST_F(RoomTest, AReturningClientsUploadIsReducedToItsNews) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    Recorder offline;
    for (std::uint32_t i = 0; i < 100; ++i) {
        const Bytes update = typed(1, i * 10, "0123456789");
        anna.says(update_message(update));
        ASSERT_TRUE(offline.apply(update).has_value());
        const Bytes gone = erased(1, i * 10 + 2, 2);
        anna.says(update_message(gone));
        ASSERT_TRUE(offline.apply(gone).has_value());
    }
    house.turn();
    ASSERT_TRUE(offline.apply(typed(1, 1000, "new")).has_value());
    ASSERT_TRUE(offline.apply(erased(1, 0, 1)).has_value());
    const std::size_t unsaved = room->unsaved_bytes();
    const Bytes upload = offline.encode();
    anna.says(step2_message(upload));
    house.turn();
    const auto updates = bert.socket_.of(k_update);
    EXPECT_LT(updates.back().payload.size(), 40u) << "of " << upload.size();
    EXPECT_LT(room->unsaved_bytes() - unsaved, 40u);
    EXPECT_EQ(bert.document().encode(), offline.encode());
}

TEST_F(RoomTest, AwarenessIsEchoedToTheSenderAndToldToNewcomers) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    anna.moves(1, 3, "{\"user\":{}}");
    house.turn();
    EXPECT_EQ(anna.socket_.of(k_awareness).size(), 1u) << "a lone stock client lives on this echo";
    EXPECT_EQ(bert.socket_.of(k_awareness).size(), 1u);
    bert.moves(1, 3, "{\"user\":{}}");
    house.turn();
    EXPECT_EQ(anna.socket_.of(k_awareness).size(), 1u) << "what a stock client sends back goes no further";
    Visitor cleo(room, "m3");
    ASSERT_EQ(cleo.socket_.of(k_awareness).size(), 1u);
    EXPECT_EQ(cleo.socket_.of(k_awareness)[0].payload.size(), awareness_of(1, 3, "{\"user\":{}}").size());
    anna.goes();
    house.turn();
    const Bytes gone = awareness_of(1, 3, "null");
    EXPECT_EQ(as_text(bert.socket_.of(k_awareness).back().payload), as_text(gone));
    bert.says(std::string_view("\3", 1));
    EXPECT_EQ(as_text(bert.socket_.of(k_awareness).back().payload), std::string_view("\0", 1));
}

TEST_F(RoomTest, ReadersChangeNothingAndStay) {
    pad.access.members = Permission::read;
    room->pad() = pad;
    Visitor anna(room);
    Visitor boss(room, "m9", false, Role::manager);
    anna.types(1, 0, "a");
    house.turn();
    EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u);
    EXPECT_EQ(anna.socket_.closed, 0);
    EXPECT_TRUE(boss.socket_.of(k_update).empty());
    EXPECT_EQ(room->recorder().client_count(), 0u);
    boss.types(9, 0, "b");
    house.turn();
    EXPECT_EQ(anna.socket_.of(k_update).size(), 1u);
    // The answer to our step 1 that every client gives is no attempt to write.
    const Bytes nothing{0, 0};
    anna.says(step2_message(nothing));
    EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u);
}

TEST_F(RoomTest, AccessChangesReachOpenConnections) {
    pad.access.link = Permission::write;
    room->pad() = pad;
    Visitor anna(room);
    Visitor guest(room, "", true, Role::none, true);
    pad.access = Access{Permission::read, Permission::write, {}};
    room->pad() = pad;
    room->access_changed(false);
    anna.types(1, 0, "a");
    EXPECT_EQ(room->recorder().client_count(), 0u);
    guest.types(2, 0, "b");
    EXPECT_EQ(room->recorder().client_count(), 1u);
    room->access_changed(true);
    EXPECT_EQ(guest.socket_.closed, close_policy) << "its key opens nothing any more";
    EXPECT_EQ(anna.socket_.closed, 0);
    room->end(close_policy, "deleted");
    EXPECT_EQ(anna.socket_.closed, close_policy);
    Visitor late(room, "m5");
    EXPECT_NE(late.socket_.closed, 0);
    room->revive();
    Visitor later(room, "m5");
    EXPECT_EQ(later.socket_.closed, 0);
}

TEST_F(RoomTest, AStep1FloodIsAnsweredNowAndThenWithTheLastQuestion) {
    Visitor anna(room);
    const Bytes empty{0};
    for (int i = 0; i < 1000; ++i) {
        anna.asks(empty);
    }
    EXPECT_EQ(anna.socket_.of(k_step2).size(), static_cast<std::size_t>(step1_burst));
    house.answer();
    EXPECT_EQ(anna.socket_.of(k_step2).size(), static_cast<std::size_t>(step1_burst)) << "the bucket is empty still";
    house.clock_.advance(step1_interval);
    house.answer();
    EXPECT_EQ(anna.socket_.of(k_step2).size(), static_cast<std::size_t>(step1_burst) + 1);
    house.clock_.advance(step1_interval * 100);
    house.answer();
    EXPECT_EQ(anna.socket_.of(k_step2).size(), static_cast<std::size_t>(step1_burst) + 1) << "nothing waits any more";
    Visitor bert(room, "m2");
    bert.asks(empty);
    EXPECT_EQ(bert.socket_.of(k_step2).size(), 1u) << "others are not slowed down";
}

TEST_F(RoomTest, ASlowReaderIsLeftBehindAndThenBroughtUpToDate) {
    Visitor anna(room);
    Visitor slow(room, "m2");
    anna.types(1, 0, "before");
    house.turn();
    slow.socket_.stuck = true;
    const std::string much(600 * 1024, 'x');
    std::uint32_t clock = 6;
    for (int i = 0; i < 20; ++i) {
        anna.types(1, clock, much);
        clock += static_cast<std::uint32_t>(much.size());
        house.turn();
    }
    EXPECT_LE(slow.socket_.queued, queue_bytes_lagging + 2 * much.size()) << "of 12 MB";
    EXPECT_EQ(slow.socket_.closed, 0);
    const Bytes gone = erased(1, 0, 3);
    anna.says(update_message(gone));
    house.turn();
    slow.drains();
    EXPECT_EQ(slow.document().encode(), room->recorder().encode());
    anna.types(1, clock, "after");
    house.turn();
    EXPECT_EQ(slow.document().encode(), room->recorder().encode()) << "and is relayed to again";
}

TEST_F(RoomTest, AReaderThatNeverReadsIsClosed) {
    Visitor anna(room);
    anna.socket_.queued = queue_bytes_max + 1;
    anna.moves(1, 1, "{}");
    house.turn();
    EXPECT_EQ(anna.socket_.closed, close_try_later);
    EXPECT_EQ(room->connection_count(), 0u);
}

TEST_F(RoomTest, AFullPadTakesNothingMore) {
    room = house.open(pad, 1000);
    Visitor anna(room);
    const std::string much(900, 'x');
    anna.types(1, 0, much);
    anna.types(1, 900, much);
    EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u);
    EXPECT_EQ(anna.socket_.closed, 0);
    EXPECT_EQ(room->recorder().next_clock(1), 900u);
}

TEST_F(RoomTest, TheRosterNamesWhoIsBehindEachId) {
    Visitor anna(room, "m1", true);
    Visitor plain(room, "m2");
    anna.moves(41, 1, "{}");
    plain.moves(42, 1, "{\"user\":{\"name\":\"Forged\"}}");
    house.turn();
    const auto rosters = anna.socket_.of_type(MessageType::roster);
    ASSERT_FALSE(rosters.empty());
    EXPECT_NE(rosters.back().find("\"42\":{\"name\":\"Name m2\",\"login\":\"login-m2\"}"), std::string::npos) << rosters.back();
    EXPECT_NE(rosters.back().find("\"41\":"), std::string::npos);
    EXPECT_TRUE(plain.socket_.of_type(MessageType::roster).empty()) << "stock clients log unknown messages as errors";
    plain.goes();
    house.turn();
    EXPECT_EQ(anna.socket_.of_type(MessageType::roster).back().find("\"42\":"), std::string::npos);
}

TEST_F(RoomTest, MissingDependenciesAreAskedFor) {
    Visitor anna(room);
    Visitor bert(room, "m2");
    anna.types(1, 5, "later");
    EXPECT_EQ(anna.socket_.of(k_step1).size(), 2u) << "asked back";
    house.turn();
    EXPECT_EQ(bert.socket_.of(k_update).size(), 1u) << "relayed: the other may have what is missing";
    anna.types(1, 0, "first");
    house.turn();
    EXPECT_FALSE(room->recorder().has_pending());
    EXPECT_EQ(room->recorder().next_clock(1), 10u);
}

TEST_F(RoomTest, TheHandShakeThatFailsLetsTheRoomGo) {
    Arrival arrival;
    arrival.person = std::make_shared<const Person>();
    auto connection = std::make_unique<Connection>(room, std::move(arrival));
    EXPECT_TRUE(room->in_use());
    connection.reset();
    EXPECT_FALSE(room->in_use());
    EXPECT_EQ(house.emptied_, 1);
}

TEST_F(RoomTest, WhatChangedDuringTheHandShakeHolds) {
    Access open;
    open.members = Permission::none;
    open.link = Permission::write;
    const PadRow linked = house.new_pad("linked", open);
    auto room = house.open(linked);
    Arrival arrival;
    arrival.person = std::make_shared<const Person>(Person{"", "", "Guest"});
    arrival.asker = Asker{"", "", Role::none, false, true};
    FakeSocket first, second, third;
    Connection renewed(room, arrival);
    room->access_changed(true);
    renewed.on_open(first);
    EXPECT_EQ(first.closed, close_policy) << "the key that it came with opens nothing any more";
    EXPECT_TRUE(first.sent.empty());
    Connection lowered(room, arrival);
    room->pad().access.link = Permission::read;
    room->access_changed(false);
    lowered.on_open(second);
    EXPECT_EQ(second.closed, 0);
    const Bytes words = typed(9, 0, "words");
    lowered.on_message(*update_message(words));
    EXPECT_EQ(room->recorder().next_clock(9), 0u) << "may only read now";
    Connection shut(room, arrival);
    room->pad().access.link = Permission::none;
    room->access_changed(false);
    shut.on_open(third);
    EXPECT_EQ(third.closed, close_policy);
}

// A step 2 is reduced to its news only when it is as large as the work: else a few hundred bytes read the whole pad.
TEST_F(RoomTest, ASmallStep2IsRelayedAsItCameWhereThePadIsLarge) {
    auto room = house.open(pad);
    Visitor anna(room, "m1");
    Visitor bert(room, "m2");
    constexpr std::uint64_t clients = 2000;
    for (std::uint64_t client = 1; client <= clients; ++client) {
        anna.types(client, 0, "x");
    }
    house.turn();
    // 300 bytes: known text of the first client, and something new behind it.
    anna.types(1, 1, std::string(280, 'y'));
    house.turn();
    Recorder own;
    ASSERT_TRUE(own.apply(typed(1, 0, "x")).has_value());
    ASSERT_TRUE(own.apply(typed(1, 1, std::string(280, 'y'))).has_value());
    ASSERT_TRUE(own.apply(typed(1, 281, "new")).has_value());
    const Bytes whole = own.encode();
    ASSERT_GT(whole.size(), 256u);
    ASSERT_LT(whole.size(), clients);
    anna.says(step2_message(whole));
    house.turn();
    const auto updates = bert.socket_.of(Incoming::Kind::update);
    ASSERT_FALSE(updates.empty());
    EXPECT_EQ(updates.back().payload.size(), whole.size()) << "not rewritten";
    EXPECT_EQ(bert.document().next_clock(1), 284u);
}

TEST_F(RoomTest, AFullPadRelaysTogetherWhatComesWithinAMoment) {
    std::vector<std::unique_ptr<Visitor>> crowd;
    for (int i = 0; i < 100; ++i) {
        crowd.push_back(std::make_unique<Visitor>(room, "m" + std::to_string(i)));
    }
    crowd[0]->types(1, 0, "a");
    EXPECT_EQ(house.flush_delay_, Duration(0)) << "the first at once";
    house.turn();
    ASSERT_EQ(crowd[99]->socket_.of(Incoming::Kind::update).size(), 1u);
    crowd[1]->types(2, 0, "a");
    EXPECT_EQ(house.flush_delay_, relay_pause_per_ten * 10);
    for (int i = 2; i < 100; ++i) {
        crowd[static_cast<std::size_t>(i)]->types(static_cast<std::uint64_t>(i) + 1, 0, "a");
    }
    house.turn();
    EXPECT_EQ(crowd[0]->socket_.of(Incoming::Kind::update).size(), 1u) << "one message for ninety-nine";
    house.clock_.advance(relay_pause_per_ten * 10);
    crowd[0]->types(1, 1, "b");
    EXPECT_EQ(house.flush_delay_, Duration(0)) << "after a pause at once";
}

TEST_F(RoomTest, WhoJoinsIsToldTheSameBytesNotACopyOfTheirOwn) {
    Visitor anna(room, "m1", true);
    anna.types(1, 0, "abc");
    anna.moves(1, 1, "{}");
    house.turn();
    house.committer_.start();
    house.writer_.land();
    SharingSocket one, two;
    for (SharingSocket* socket : {&one, &two}) {
        Arrival arrival;
        arrival.person = std::make_shared<const Person>(Person{"m2", "login-m2", "Name m2"});
        arrival.asker = Asker{"m2", "login-m2", Role::member, false, false};
        arrival.extended = true;
        socket->connection = std::make_unique<Connection>(room, std::move(arrival));
        socket->connection->on_open(*socket);
    }
    ASSERT_EQ(one.shared.size(), 4u) << "our step 1, awareness, roster, saved";
    EXPECT_EQ(one.shared[0], two.shared[0]);
    EXPECT_EQ(one.shared[1], two.shared[1]);
    EXPECT_EQ(one.shared[3], two.shared[3]);
    // What changed is told to the next one.
    anna.types(1, 3, "d");
    anna.moves(1, 2, "{\"cursor\":1}");
    Visitor bert(room, "m3");
    EXPECT_NE(bert.socket_.sent[0], *one.shared[0]);
    EXPECT_NE(bert.socket_.sent[1], *one.shared[1]);
}

TEST_F(RoomTest, GuestsSeeNamesAndNoLogins) {
    pad.access.link = Permission::write;
    const auto open = house.open(pad);
    Visitor anna(open, "m1", true);
    Visitor guest(open, "", true, Role::none, true);
    anna.moves(1, 1, "{}");
    house.turn();
    const std::string told = guest.socket_.of_type(MessageType::roster).back();
    EXPECT_NE(told.find("\"1\":{\"name\":\"Name m1\",\"login\":\"\"}"), std::string::npos) << told;
    EXPECT_NE(anna.socket_.of_type(MessageType::roster).back().find("\"login\":\"login-m1\""), std::string::npos);
}

TEST_F(RoomTest, WithoutRoomEditsAreRefusedAndTheConnectionStays) {
    for (const Writing writing : {Writing::disk_low, Writing::quota_full, Writing::memory_full}) {
        house.writing_ = writing;
        const std::uint64_t client = static_cast<std::uint64_t>(writing);
        Visitor anna(room);
        Visitor bert(room, "m2");
        anna.types(client, 0, "abc");
        house.turn();
        EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u) << "told";
        EXPECT_EQ(anna.socket_.closed, 0);
        EXPECT_TRUE(bert.socket_.of(k_update).empty());
        EXPECT_EQ(room->recorder().next_clock(client), 0u);
        // A program that has nothing new is not told off.
        bert.says(step2_message(Bytes{0, 0}));
        EXPECT_TRUE(bert.socket_.of_type(MessageType::auth).empty());
        // There is room again: what the page kept comes whole.
        house.writing_ = Writing::open;
        anna.types(client, 0, "abcd");
        EXPECT_EQ(room->recorder().next_clock(client), 4u);
        house.turn();
    }
}

TEST_F(RoomTest, WhoHasALinkFillsOnlyAPartAndMembersGoOn) {
    pad.access.link = Permission::write;
    const auto bounded = house.open(pad);
    house.guests_writing_ = Writing::guests_full;
    Visitor anna(bounded);
    Visitor guest(bounded, "", true, Role::none, true);
    guest.types(2, 0, "abc");
    house.turn();
    EXPECT_EQ(guest.socket_.of_type(MessageType::auth).size(), 1u) << "told";
    EXPECT_EQ(guest.socket_.closed, 0);
    EXPECT_TRUE(anna.socket_.of(k_update).empty());
    anna.types(1, 0, "abc");
    house.turn();
    EXPECT_EQ(bounded->recorder().next_clock(1), 3u);
    EXPECT_EQ(guest.socket_.of(k_update).size(), 1u);
    house.guests_writing_ = Writing::open;
    guest.types(2, 0, "abc");
    EXPECT_EQ(bounded->recorder().next_clock(2), 3u);
}

TEST_F(RoomTest, AGuestLeavesRoomForMembersAndAFullTextTakesDeletions) {
    pad.access.link = Permission::write;
    const auto small = house.open(pad, 2000);
    Visitor anna(small);
    Visitor guest(small, "", true, Role::none, true);
    guest.types(2, 0, std::string(900, 'g'));
    EXPECT_EQ(small->recorder().next_clock(2), 900u);
    guest.types(3, 0, std::string(200, 'g'));
    EXPECT_EQ(small->recorder().next_clock(3), 0u) << "half of it is for guests";
    EXPECT_EQ(guest.socket_.of_type(MessageType::auth).size(), 1u);
    anna.types(1, 0, std::string(900, 'a'));
    EXPECT_EQ(small->recorder().next_clock(1), 900u);
    anna.types(4, 0, std::string(300, 'a'));
    EXPECT_EQ(small->recorder().next_clock(4), 0u) << "full";
    EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u);
    // No structs; of client 2 one range, from 0, 900 units.
    anna.says(update_message(Bytes{0, 1, 2, 1, 0, 0x84, 0x07}));
    EXPECT_EQ(anna.socket_.of_type(MessageType::auth).size(), 1u) << "whoever makes room is not refused";
    EXPECT_EQ(small->recorder().deleted_range_count(), 1u);
}

TEST_F(RoomTest, ManyClientIdsOfAGuestLeaveThoseOfMembers) {
    pad.access.link = Permission::write;
    const auto open = house.open(pad);
    Visitor anna(open);
    Visitor guest(open, "", true, Role::none, true);
    for (std::uint64_t client = 1000; client < 1000 + guest_clients_at_once + 5; ++client) {
        guest.types(client, 0, "x");
    }
    EXPECT_EQ(open->recorder().client_count(), guest_clients_at_once);
    EXPECT_EQ(guest.socket_.closed, 0) << "refused, not cut off";
    EXPECT_EQ(guest.socket_.of_type(MessageType::auth).size(), 5u);
    guest.types(1000, 1, "y");
    EXPECT_EQ(open->recorder().next_clock(1000), 2u) << "whoever is known goes on";
    anna.types(1, 0, "abc");
    EXPECT_EQ(open->recorder().next_clock(1), 3u);
    house.clock_.advance(std::chrono::hours(1));
    guest.types(99'999, 0, "x");
    EXPECT_EQ(open->recorder().next_clock(99'999), 1u);
}

TEST_F(RoomTest, ARestoreIsToldToTheOthers) {
    Visitor anna(room, "m1", true);
    Visitor again(room, "m1", true);
    Visitor bert(room, "m2", true);
    Visitor plain(room, "m3");
    room->tell_restored(Person{"m1", "login-m1", "Anna \"A\""});
    EXPECT_TRUE(anna.socket_.of_type(MessageType::restored).empty());
    EXPECT_TRUE(again.socket_.of_type(MessageType::restored).empty());
    EXPECT_TRUE(plain.socket_.of_type(MessageType::restored).empty()) << "stock clients log unknown messages as errors";
    ASSERT_EQ(bert.socket_.of_type(MessageType::restored).size(), 1u);
    EXPECT_NE(bert.socket_.of_type(MessageType::restored)[0].find("{\"by\":\"Anna \\\"A\\\"\"}"), std::string::npos);
}

} // namespace
} // namespace hameau::pads
