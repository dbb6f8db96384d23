// Awareness: whose id it is, what is kept, what leaves with its connection.
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

struct AwarenessTest : testing::Test {
    Awareness::Verdict say(ConnectionNumber from, std::uint64_t client, std::uint64_t clock, std::string_view state) {
        changed.clear();
        owners_changed = false;
        const Bytes entries = awareness_of(client, clock, state);
        return awareness.apply(entries, from, [this](ConnectionNumber, ConnectionNumber) { return yields; }, changed, owners_changed);
    }
    Awareness awareness;
    std::vector<std::uint64_t> changed;
    bool owners_changed = false;
    bool yields = false;
};

TEST_F(AwarenessTest, NewerClockWinsOlderAndEqualAreDropped) {
    say(1, 10, 0, "{}");
    EXPECT_EQ(changed.size(), 1u) << "a first state with clock 0 is kept";
    say(1, 10, 0, "{\"a\":1}");
    EXPECT_TRUE(changed.empty());
    say(1, 10, 2, "{\"a\":2}");
    EXPECT_EQ(changed.size(), 1u);
    say(1, 10, 1, "{\"a\":3}");
    EXPECT_TRUE(changed.empty());
    EXPECT_EQ(awareness.encode_all(), awareness_of(10, 2, "{\"a\":2}"));
}

TEST_F(AwarenessTest, NullAtTheSameClockRemoves) {
    say(1, 10, 5, "{}");
    say(1, 10, 5, "null");
    EXPECT_EQ(changed.size(), 1u);
    EXPECT_TRUE(awareness.empty());
    EXPECT_EQ(awareness.encode(changed), awareness_of(10, 5, "null"));
}

TEST_F(AwarenessTest, NobodyElseOverwritesALivingId) {
    say(1, 10, 5, "{}");
    say(2, 20, 1, "{}");
    say(2, 10, 9, "{\"forged\":1}");
    EXPECT_TRUE(changed.empty());
    say(2, 10, 5, "null");
    EXPECT_TRUE(changed.empty()) << "stock clients time each other out: that is theirs, not ours";
    EXPECT_TRUE(awareness.owns(1, 10));
}

TEST_F(AwarenessTest, LeavingTellsTheSameClockAndAnEchoDoesNotBringBack) {
    say(1, 10, 5, "{}");
    say(2, 20, 1, "{}");
    changed.clear();
    awareness.leave(1, changed);
    EXPECT_EQ(awareness.encode(changed), awareness_of(10, 5, "null"));
    say(2, 10, 5, "{}");
    EXPECT_TRUE(changed.empty()) << "an echo that was on its way";
    say(3, 10, 5, "{}");
    EXPECT_EQ(changed.size(), 1u) << "the client itself, back with the clock that it had";
    EXPECT_TRUE(awareness.owns(3, 10));
}

TEST_F(AwarenessTest, TheSamePersonTakesOverFromADeadConnection) {
    say(1, 10, 5, "{}");
    yields = true;
    say(2, 10, 5, "{}");
    EXPECT_TRUE(awareness.owns(2, 10));
    EXPECT_TRUE(owners_changed);
    changed.clear();
    awareness.leave(1, changed);
    EXPECT_TRUE(changed.empty());
}

TEST_F(AwarenessTest, Limits) {
    const std::string large = "\"" + std::string(awareness_state_bytes_max, 'x') + "\"";
    EXPECT_EQ(say(1, 1, 1, large), Awareness::Verdict::too_large);
    EXPECT_EQ(say(1, 1, 1, "{not json"), Awareness::Verdict::malformed);
    EXPECT_EQ(say(1, 1, 1, "\xff"), Awareness::Verdict::malformed);
    for (std::uint64_t client = 0; client < awareness_ids_per_connection_max; ++client) {
        ASSERT_EQ(say(1, client, 1, "{}"), Awareness::Verdict::taken);
    }
    EXPECT_EQ(say(1, 1000, 1, "{}"), Awareness::Verdict::too_many);
    EXPECT_EQ(say(2, 1000, 1, "{}"), Awareness::Verdict::taken);
    Bytes promise;
    crdt::Writer(promise).uvar(std::uint64_t{1} << 50);
    bool owners = false;
    EXPECT_EQ(awareness.apply(promise, 3, [](auto, auto) { return false; }, changed, owners), Awareness::Verdict::malformed);
}

TEST_F(AwarenessTest, TheRoomIsBoundedAndWhoFillsItHarmsNobodyElse) {
    const std::string large = "\"" + std::string(awareness_state_bytes_max - 2, 'x') + "\"";
    EXPECT_EQ(say(1, 1, 1, large), Awareness::Verdict::taken);
    EXPECT_EQ(say(1, 2, 1, large), Awareness::Verdict::taken);
    EXPECT_EQ(say(1, 3, 1, large), Awareness::Verdict::too_many) << "the bytes of one connection";
    for (ConnectionNumber from = 2; from < 200; ++from) {
        EXPECT_EQ(say(from, 1000 + from, 1, large), Awareness::Verdict::taken) << "nobody is closed for what others did";
    }
    EXPECT_LE(awareness.bytes(), awareness_bytes_per_room_max);
    EXPECT_FALSE(awareness.owns(199, 1199)) << "passed over";
    EXPECT_LT(awareness.encode_all().size(), awareness_bytes_per_room_max + 16 * awareness_ids_per_room_max);
    // There is a place again when somebody leaves, and nothing is counted twice.
    for (ConnectionNumber from = 1; from < 200; ++from) {
        awareness.leave(from, changed);
    }
    EXPECT_EQ(awareness.bytes(), 0u);
    EXPECT_EQ(say(500, 1199, 2, large), Awareness::Verdict::taken);
    EXPECT_TRUE(awareness.owns(500, 1199));
}

TEST_F(AwarenessTest, BytesFollowAStateThatChangesItsHands) {
    say(1, 10, 1, "{\"a\":1}");
    say(1, 10, 2, "{}");
    EXPECT_EQ(awareness.bytes(), 2u);
    yields = true;
    say(2, 10, 3, "{\"b\":22}");
    EXPECT_TRUE(awareness.owns(2, 10));
    EXPECT_EQ(awareness.bytes(), 8u);
    say(2, 10, 4, "null");
    EXPECT_EQ(awareness.bytes(), 0u);
}

} // namespace
} // namespace hameau::pads
