// When keys are looked for, and when a silent DNS is told.
#include <gtest/gtest.h>

#include "modules/mail/milter/dns_health.hpp"
#include "modules/mail/milter/key_rounds.hpp"

namespace hameau::milter {
namespace {

TEST(KeyRounds, AFailureEndsTheRoundAndComesBackLater) {
    FakeClock clock;
    KeyRounds rounds(clock);
    std::vector<std::string> domains;
    for (int i = 0; i < 300; ++i) {
        domains.push_back("d" + std::to_string(i) + ".test");
    }
    int tried = 0;
    int told = 0;
    const auto full_disk = [&tried](const std::string&) -> Result<bool> {
        ++tried;
        return fail(ErrorKind::io, "the disk is full");
    };
    for (int second = 0; second < 6 * 3600; ++second) {
        if (rounds.is_due()) {
            const auto outcome = rounds.run(domains, full_disk);
            ASSERT_TRUE(outcome && outcome->error);
            told += outcome->news ? 1 : 0;
        }
        clock.advance(Duration{1000});
    }
    EXPECT_LE(tried, 16) << "10 s, 20 s, ... an hour";
    EXPECT_GE(tried, 10);
    EXPECT_EQ(told, 1);
    // The disk is free again: within an hour, then one after the other at once.
    clock.advance(signing_keys_pause_max);
    int made = 0;
    std::vector<bool> has(domains.size());
    const auto free_disk = [&](const std::string& domain) -> Result<bool> {
        const std::size_t number = static_cast<std::size_t>(std::stoi(domain.substr(1)));
        const bool fresh = !has[number];
        has[number] = true;
        made += fresh ? 1 : 0;
        return fresh;
    };
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(rounds.is_due());
        ASSERT_TRUE(rounds.run(domains, free_disk));
        EXPECT_EQ(made, i + 1) << "one in each round";
    }
    EXPECT_FALSE(rounds.run(domains, free_disk));
    EXPECT_FALSE(rounds.is_due());
}

TEST(KeyRounds, ADomainThatFailsStopsNoOther) {
    FakeClock clock;
    KeyRounds rounds(clock);
    int made = 0;
    const auto ensure = [&made](const std::string& domain) -> Result<bool> {
        if (domain == "bad.test") {
            return fail(ErrorKind::io, "a folder of another owner");
        }
        return made++ == 0;
    };
    ASSERT_TRUE(rounds.run({"bad.test", "good.test"}, ensure)->error);
    EXPECT_FALSE(rounds.is_due());
    clock.advance(signing_keys_look);
    const auto second = rounds.run({"bad.test", "good.test"}, ensure);
    EXPECT_EQ(second->domain, "good.test");
    EXPECT_FALSE(second->error);
    EXPECT_FALSE(rounds.run({}, ensure)) << "no domain";
}

TEST(DnsHealth, OnlyMinutesWithoutAnyAnswerAreTold) {
    using News = DnsHealth::News;
    DnsHealth health;
    Duration now{0};
    for (unsigned i = 0; i < 3 * dns_silent_look_ups; ++i) {
        EXPECT_EQ(health.on_answer(true, now), News::none) << "one burst";
    }
    now += dns_silent_after;
    EXPECT_EQ(health.on_answer(true, now), News::silent);
    EXPECT_EQ(health.on_answer(true, now + dns_silent_after), News::none) << "once";
    EXPECT_EQ(health.on_answer(false, now), News::back);
    EXPECT_EQ(health.on_answer(false, now), News::none);
    // A domain whose servers are dead, among others that answer.
    for (int i = 0; i < 1000; ++i) {
        now += Duration{10000};
        EXPECT_EQ(health.on_answer(i % 20 != 0, now), News::none);
    }
    // One look-up an hour that fails says nothing yet.
    DnsHealth quiet;
    for (unsigned i = 1; i < dns_silent_look_ups; ++i) {
        now += Duration{3600000};
        EXPECT_EQ(quiet.on_answer(true, now), News::none);
    }
}

} // namespace
} // namespace hameau::milter
