// ServicePolicy with a clock that the test moves.
#include "daemon/supervisor/policy.hpp"

#include <gtest/gtest.h>

namespace hameau::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct PolicyTest : testing::Test {
    FakeClock clock;
    PolicyLimits limits;

    ServicePolicy started(bool on_demand = false) {
        limits.on_demand = on_demand;
        ServicePolicy policy(limits);
        EXPECT_EQ(policy.on_wanted(clock.now()), Action::spawn);
        return policy;
    }
    ServicePolicy ready(bool on_demand = false) {
        ServicePolicy policy = started(on_demand);
        policy.on_ready(clock.now());
        return policy;
    }
};

TEST_F(PolicyTest, IsReadyAfterItSaidSo) {
    ServicePolicy policy = started();
    EXPECT_EQ(policy.state(), State::starting);
    policy.on_ready(clock.now());
    EXPECT_EQ(policy.state(), State::ready);
    EXPECT_FALSE(policy.next_deadline()) << "a ready service needs no timer";
}

TEST_F(PolicyTest, KillsWhatNeverGetsReady) {
    ServicePolicy policy = started();
    clock.advance(limits.start_limit);
    EXPECT_EQ(policy.on_time(clock.now()), Action::kill);
    EXPECT_EQ(policy.on_exit(clock.now(), false), Action::nothing);
    EXPECT_EQ(policy.state(), State::waiting);
}

TEST_F(PolicyTest, AStartThatSaysItTakesLongIsNotKilled) {
    ServicePolicy policy = started();
    policy.extend(clock.now(), seconds(1000));
    clock.advance(seconds(999));
    EXPECT_EQ(policy.on_time(clock.now()), Action::nothing);
    policy.extend(clock.now(), seconds(5));
    EXPECT_EQ(*policy.next_deadline() - clock.now(), seconds(5)) << "the later of the two counts";
    policy.on_ready(clock.now());
    policy.extend(clock.now(), seconds(5));
    EXPECT_FALSE(policy.next_deadline()) << "a ready service has no deadline";
}

TEST_F(PolicyTest, BacksOffExponentiallyUpToTheLimit) {
    ServicePolicy policy = started();
    milliseconds expected = limits.first_delay;
    for (int i = 0; i < 15; ++i) {
        policy.on_exit(clock.now(), false);
        ASSERT_EQ(*policy.next_deadline() - clock.now(), std::min(expected, limits.longest_delay));
        clock.advance(*policy.next_deadline() - clock.now() - milliseconds(1));
        ASSERT_EQ(policy.on_time(clock.now()), Action::nothing);
        clock.advance(milliseconds(1));
        ASSERT_EQ(policy.on_time(clock.now()), Action::spawn);
        expected *= 2;
    }
    EXPECT_EQ(policy.restarts(), 15U);
}

TEST_F(PolicyTest, ABlockedStartBacksOffAndIsNoRestart) {
    ServicePolicy policy = started();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(policy.on_blocked(clock.now()), Action::nothing);
        EXPECT_EQ(policy.state(), State::waiting);
        ASSERT_TRUE(policy.next_deadline());
        EXPECT_LE(*policy.next_deadline() - clock.now(), limits.longest_delay);
        clock.advance(*policy.next_deadline() - clock.now());
        EXPECT_EQ(policy.on_time(clock.now()), Action::spawn);
    }
    EXPECT_EQ(policy.on_blocked(clock.now()), Action::nothing);
    EXPECT_EQ(*policy.next_deadline() - clock.now(), limits.longest_delay);
    EXPECT_EQ(policy.restarts(), 0U);
    EXPECT_EQ(policy.on_restart_wanted(clock.now()), Action::spawn) << "the admin need not wait";
    EXPECT_EQ(policy.on_blocked(clock.now()), Action::nothing);
    EXPECT_EQ(policy.on_stop_wanted(clock.now()), Action::nothing);
    EXPECT_EQ(policy.state(), State::off);
    EXPECT_FALSE(policy.next_deadline());
}

TEST_F(PolicyTest, ForgetsTheBackOffOnceItWorked) {
    ServicePolicy policy = ready();
    for (int i = 0; i < 5; ++i) {
        policy.on_exit(clock.now(), false);
        clock.advance(*policy.next_deadline() - clock.now());
        policy.on_time(clock.now());
        policy.on_ready(clock.now());
    }
    clock.advance(limits.worked_after);
    EXPECT_EQ(policy.on_exit(clock.now(), false), Action::spawn) << "at once: it worked";
    EXPECT_EQ(policy.state(), State::starting);
    EXPECT_EQ(policy.on_exit(clock.now(), false), Action::nothing);
    EXPECT_EQ(*policy.next_deadline() - clock.now(), limits.first_delay) << "and then as ever";
}

TEST_F(PolicyTest, FailsFromTheSecondCrashInARowUntilItsNextStart) {
    ServicePolicy policy = ready();
    EXPECT_FALSE(policy.is_failing(clock.now()));
    policy.on_exit(clock.now(), false);
    EXPECT_FALSE(policy.is_failing(clock.now())) << "it comes back at once: callers wait";
    clock.advance(limits.first_delay);
    EXPECT_EQ(policy.on_time(clock.now()), Action::spawn);
    policy.on_exit(clock.now(), false);
    EXPECT_TRUE(policy.is_failing(clock.now()));
    clock.advance(limits.first_delay * 2);
    EXPECT_EQ(policy.on_time(clock.now()), Action::spawn);
    EXPECT_FALSE(policy.is_failing(clock.now()));
}

TEST_F(PolicyTest, ACrashRightAfterReadyKeepsTheBackOff) {
    ServicePolicy policy = ready();
    policy.on_exit(clock.now(), false);
    clock.advance(*policy.next_deadline() - clock.now());
    policy.on_time(clock.now());
    policy.on_ready(clock.now());
    clock.advance(limits.worked_after - milliseconds(1));
    policy.on_exit(clock.now(), false);
    EXPECT_EQ(*policy.next_deadline() - clock.now(), limits.first_delay * 2);
}

TEST_F(PolicyTest, SleepsAfterAnIdleStopAndWakesAtTheFirstByte) {
    ServicePolicy policy = ready(true);
    policy.on_stopping(clock.now());
    EXPECT_EQ(policy.on_exit(clock.now(), true), Action::listen);
    EXPECT_EQ(policy.state(), State::asleep);
    EXPECT_FALSE(policy.next_deadline()) << "asleep: no timer ticks";
    EXPECT_EQ(policy.on_byte(clock.now()), Action::spawn);
    EXPECT_EQ(policy.restarts(), 0U);
}

TEST_F(PolicyTest, AnOnDemandServiceThatCrashesComesBackByItself) {
    ServicePolicy policy = ready(true);
    EXPECT_EQ(policy.on_exit(clock.now(), false), Action::nothing);
    EXPECT_EQ(policy.state(), State::waiting);
    clock.advance(limits.first_delay);
    EXPECT_EQ(policy.on_time(clock.now()), Action::spawn);
}

TEST_F(PolicyTest, AnExitWithoutAWordIsACrashEvenWithCodeZero) {
    ServicePolicy policy = ready(true);
    policy.on_exit(clock.now(), true);
    EXPECT_EQ(policy.state(), State::waiting);
}

TEST_F(PolicyTest, StopsForGoodAndKillsWhatDoesNotEnd) {
    ServicePolicy policy = ready();
    EXPECT_EQ(policy.on_stop_wanted(clock.now()), Action::terminate);
    clock.advance(limits.stop_limit);
    EXPECT_EQ(policy.on_time(clock.now()), Action::kill);
    EXPECT_EQ(policy.on_exit(clock.now(), false), Action::nothing);
    EXPECT_EQ(policy.state(), State::off);
    EXPECT_FALSE(policy.next_deadline());
}

TEST_F(PolicyTest, StoppingDuringTheBackOffNeedsNoKill) {
    ServicePolicy policy = started();
    policy.on_exit(clock.now(), false);
    EXPECT_EQ(policy.on_stop_wanted(clock.now()), Action::nothing);
    EXPECT_EQ(policy.state(), State::off);
    clock.advance(seconds(100));
    EXPECT_EQ(policy.on_time(clock.now()), Action::nothing);
}

TEST_F(PolicyTest, RestartIsAtOnceAndCountsNoCrash) {
    ServicePolicy policy = ready();
    EXPECT_EQ(policy.on_restart_wanted(clock.now()), Action::terminate);
    EXPECT_EQ(policy.on_exit(clock.now(), true), Action::spawn);
    policy.on_ready(clock.now());
    policy.on_exit(clock.now(), false);
    EXPECT_EQ(*policy.next_deadline() - clock.now(), limits.first_delay);
}

TEST_F(PolicyTest, TheWatchdogCountsOnlyWhileArmed) {
    ServicePolicy policy = ready();
    policy.set_watchdog(clock.now(), seconds(5));
    clock.advance(seconds(4));
    policy.feed_watchdog(clock.now());
    clock.advance(seconds(4));
    EXPECT_EQ(policy.on_time(clock.now()), Action::nothing);
    clock.advance(seconds(1));
    EXPECT_EQ(policy.on_time(clock.now()), Action::kill);
    policy.set_watchdog(clock.now(), seconds(0));
    EXPECT_FALSE(policy.next_deadline());
}

} // namespace
} // namespace hameau::supervisor
