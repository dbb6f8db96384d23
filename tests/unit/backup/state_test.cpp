// When a target is due, what the admin is told, and that the file says the same again. Times are of 2026 in UTC.
#include "daemon/contract/backup_state.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace hameau::backup {
namespace {

constexpr std::int64_t hour = 3600;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t midnight = 1796083200;  // 2026-12-01T00:00:00Z

class BackupState : public ::testing::Test {
protected:
    void SetUp() override { zone("UTC"); }
    static void zone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    static State with(std::initializer_list<const char*> addresses) {
        State state;
        state.set_targets({addresses.begin(), addresses.end()});
        return state;
    }
    static void save(TargetState& target, std::int64_t at) {
        target.code = code::fine;
        target.last_good = target.last_try = at;
        target.failures = 0;
    }
    static void fail(TargetState& target, std::int64_t at, std::string_view why) {
        target.code = why;
        target.last_try = at;
        ++target.failures;
    }
    const Night night{2, 600};
};

TEST_F(BackupState, TheNightBeginsAtTheHousesOwnMinute) {
    EXPECT_EQ(next_night(midnight, night), midnight + 2 * hour + 600);
    EXPECT_EQ(next_night(midnight + 2 * hour + 600, night), midnight + day + 2 * hour + 600);
    zone("Europe/Paris");  // one hour ahead in winter
    EXPECT_EQ(next_night(midnight, night), midnight + hour + 600);
}

TEST_F(BackupState, TheHourThatSummerTimeLeavesOutIsNotWaitedForADay) {
    zone("Europe/Paris");
    const std::int64_t spring = 1774738800;  // 2026-03-28T23:00:00Z, 2026-03-29 00:00 in Paris; 2:00 is left out
    const std::int64_t begin = next_night(spring, {2, 0});
    EXPECT_GE(begin, spring + hour);
    EXPECT_LE(begin, spring + 3 * hour);
}

TEST_F(BackupState, NewIsDueAtOnceThenEachNightAndAMissedNightToo) {
    TargetState target;
    EXPECT_EQ(due_of(target, night), 0);
    save(target, midnight + 20 * hour);
    EXPECT_EQ(due_of(target, night), midnight + day + 2 * hour + 600);
    // Off for a week: due since the first night that it missed.
    EXPECT_LT(due_of(target, night), midnight + 7 * day);
}

TEST_F(BackupState, FailuresWaitLongerEachTime) {
    TargetState target;
    std::int64_t before = 0;
    for (int i = 0; i < 6; ++i) {
        fail(target, midnight, code::refused);
        const std::int64_t wait = due_of(target, night) - midnight;
        EXPECT_GE(wait, before);
        EXPECT_LE(wait, 12 * hour);
        before = wait;
    }
    EXPECT_EQ(before, 12 * hour);
    // A disk that is plugged in is found within the hour.
    target.code = code::away;
    EXPECT_EQ(due_of(target, night), midnight + hour);
}

TEST_F(BackupState, AClockThatWasWrongDoesNotEndTheBackups) {
    State state = with({"/a"});
    save(state.targets[0], midnight + 3650 * day);
    state.bound_times(midnight);
    EXPECT_EQ(due_of(state.targets[0], night), midnight + 2 * hour + 600);
}

TEST_F(BackupState, WhatTheAdminIsTold) {
    State state = with({"/a", "/b"});
    EXPECT_EQ(trouble_of(with({}), midnight).code, code::none);
    EXPECT_EQ(trouble_of(state, midnight).code, "");  // not tried yet
    save(state.targets[0], midnight);
    save(state.targets[1], midnight);
    EXPECT_EQ(trouble_of(state, midnight).code, code::key_unseen);
    state.key_shown = midnight;
    EXPECT_EQ(trouble_of(state, midnight).code, "");
    fail(state.targets[0], midnight + day, code::away);
    EXPECT_EQ(trouble_of(state, midnight + day).code, "");  // one night
    EXPECT_EQ(trouble_of(state, midnight + 2 * day).code, code::away);
    fail(state.targets[1], midnight + day, code::broken);
    const Trouble both = trouble_of(state, midnight + 2 * day);
    EXPECT_EQ(both.count, 2U);
    EXPECT_EQ(both.last_good, midnight);
}

TEST_F(BackupState, WhatHindersEachBackupIsToldAtOnce) {
    State state = with({"/a"});
    state.key_shown = 1;
    save(state.targets[0], midnight);
    fail(state.targets[0], midnight + 60, code::failed);
    EXPECT_EQ(trouble_of(state, midnight + 60).code, "");
    fail(state.targets[0], midnight + 120, code::unready);
    EXPECT_EQ(trouble_of(state, midnight + 120).code, code::unready);
}

TEST_F(BackupState, ABackupThatIsTooOldIsToldEvenWhenNothingFailed) {
    State state = with({"/a"});
    state.key_shown = 1;
    save(state.targets[0], midnight);
    EXPECT_EQ(trouble_of(state, midnight + 3 * day + 1).code, code::old);
    EXPECT_EQ(trouble_of(state, midnight + 3 * day + 1).address, "/a");
}

TEST_F(BackupState, ADrillIsDueBehindTheFirstBackupAndThenMonthly) {
    State state = with({"/a"});
    EXPECT_FALSE(drill_due(state, midnight));
    save(state.targets[0], midnight);
    EXPECT_TRUE(drill_due(state, midnight));
    state.drill = {std::string(code::fine), midnight, "/a", ""};
    state.targets[0].drilled = midnight;
    EXPECT_FALSE(drill_due(state, midnight + 29 * day));
    EXPECT_TRUE(drill_due(state, midnight + 30 * day));
    state.drill = {std::string(code::broken), midnight + 30 * day, "/a", "missing"};
    EXPECT_FALSE(drill_due(state, midnight + 30 * day + hour));
    EXPECT_TRUE(drill_due(state, midnight + 31 * day));
    state.key_shown = 1;
    save(state.targets[0], midnight + 30 * day);
    EXPECT_EQ(trouble_of(state, midnight + 30 * day).code, code::drill);
}

/// A disk that is away, a house without room: that says nothing about the backup.
TEST_F(BackupState, ADrillThatCouldNotBeMadeIsNotCalledABadBackup) {
    State state = with({"/a"});
    state.key_shown = 1;
    state.targets[0].drilled = midnight;
    save(state.targets[0], midnight + 30 * day);
    for (const auto code : {code::no_room, code::away, code::refused, code::no_tool}) {
        state.drill = {std::string(code), midnight + 30 * day, "/a", "x"};
        EXPECT_EQ(trouble_of(state, midnight + 30 * day).code, "") << code;
        save(state.targets[0], midnight + 46 * day);
        EXPECT_EQ(trouble_of(state, midnight + 46 * day).code, code::drill_untried) << code;
    }
    state.drill.code = code::no_room;
    EXPECT_FALSE(drill_due(state, midnight + 36 * day));
    EXPECT_TRUE(drill_due(state, midnight + 37 * day));
    state.drill.code = code::away;
    EXPECT_TRUE(drill_due(state, midnight + 31 * day));
}

TEST_F(BackupState, TheFileSaysTheSameAgain) {
    State state = with({"/a", "sftp:u@h:/x"});
    fail(state.targets[1], midnight, code::refused);
    state.targets[1].detail = "no\tway\nin";
    state.next = midnight;
    state.key_shown = 7;
    state.running = {12, "backup", "/a", midnight, 40};
    state.drill = {"fine", midnight, "/a", "people 3"};
    state.trouble = {"away", "/a", 5, 1};
    const State again = State::parse(state.to_text());
    EXPECT_EQ(again.to_text(), State::parse(again.to_text()).to_text());
    ASSERT_EQ(again.targets.size(), 2U);
    EXPECT_EQ(again.targets[1].detail, "no way in");
    EXPECT_EQ(again.targets[1].failures, 1U);
    EXPECT_EQ(again.running.percent, 40U);
    EXPECT_EQ(again.trouble.code, "away");
    EXPECT_EQ(again.drill.detail, "people 3");
    // hameaud reads these two lines.
    EXPECT_TRUE(state.to_text().starts_with("next\t1796083200\ntrouble\taway\t/a\t5\t1\n"));
    EXPECT_TRUE(State::parse("target\tcut\nnonsense\n").targets.empty());
}

TEST_F(BackupState, TargetsOfTheSettingsKeepWhatIsKnown) {
    State state = with({"/a", "/b"});
    save(state.targets[1], midnight);
    state.set_targets({"/c", "/b"});
    ASSERT_EQ(state.targets.size(), 2U);
    EXPECT_EQ(state.targets[1].last_good, midnight);
    EXPECT_EQ(state.targets[0].last_good, 0);
}

} // namespace
} // namespace hameau::backup
