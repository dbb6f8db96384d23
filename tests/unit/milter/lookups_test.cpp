// The budget of one message: each question once, a bounded number, an end.
#include <gtest/gtest.h>

#include "modules/mail/auth/limits.hpp"
#include "modules/mail/milter/limits.hpp"
#include "modules/mail/milter/lookups.hpp"

namespace hameau::milter {
namespace {

using mailauth::Answer;
using mailauth::RecordType;

TEST(Lookups, EachQuestionIsSentOnceAndAnsweredForAll) {
    Lookups lookups;
    EXPECT_EQ(lookups.ask(RecordType::txt, "Amis.test"), nullptr);
    EXPECT_EQ(lookups.ask(RecordType::txt, "amis.test"), nullptr);
    EXPECT_EQ(lookups.take_unsent().size(), 1U);
    EXPECT_TRUE(lookups.is_waiting());
    lookups.answer({RecordType::txt, "amis.test"}, {Answer::Status::found, {"x"}});
    lookups.answer({RecordType::txt, "amis.test"}, {Answer::Status::found, {"a second answer"}});
    lookups.answer({RecordType::a, "never.asked"}, {Answer::Status::found, {"y"}});
    EXPECT_FALSE(lookups.is_waiting());
    ASSERT_NE(lookups.ask(RecordType::txt, "amis.test"), nullptr);
    EXPECT_EQ(lookups.ask(RecordType::txt, "amis.test")->records.front(), "x");
}

TEST(Lookups, BeyondTheBudgetEverythingFailsButThePoliciesOfFrom) {
    Lookups lookups;
    for (std::size_t i = 0; i < mailauth::lookups_per_message_max; ++i) {
        EXPECT_EQ(lookups.ask(RecordType::a, std::to_string(i) + ".test"), nullptr);
    }
    ASSERT_NE(lookups.ask(RecordType::a, "one-more.test"), nullptr);
    EXPECT_EQ(lookups.ask(RecordType::a, "one-more.test")->status, Answer::Status::failed);
    EXPECT_TRUE(lookups.ask(RecordType::a, "one-more.test")->limited) << "DNS did not fail";
    for (std::size_t i = 0; i < mailauth::author_lookups_max; ++i) {
        EXPECT_EQ(lookups.ask_first(RecordType::txt, "_dmarc." + std::to_string(i) + ".test"), nullptr);
    }
    ASSERT_NE(lookups.ask_first(RecordType::a, "one-more.test"), nullptr);
    EXPECT_TRUE(lookups.ask_first(RecordType::a, "one-more.test")->limited);
    lookups.forget();
    EXPECT_EQ(lookups.ask(RecordType::a, "one-more.test"), nullptr) << "another message has a budget of its own";
}

TEST(Lookups, AFewAreOpenAndTheOthersWaitForTheirTurn) {
    Lookups lookups;
    for (int i = 0; i < 30; ++i) {
        (void)lookups.ask(RecordType::a, std::to_string(i) + ".test");
    }
    (void)lookups.ask_first(RecordType::txt, "_dmarc.test");
    EXPECT_TRUE(lookups.take_unsent({0, 0}).empty());
    EXPECT_EQ(lookups.take_unsent({0, 5}).size(), 1U) << "a policy has room of its own";
    EXPECT_EQ(lookups.take_unsent({5, 5}).size(), 5U);
    const auto more = lookups.take_unsent();
    EXPECT_EQ(more.size(), dns_open_per_message_max - 5);
    EXPECT_TRUE(lookups.take_unsent().empty());
    EXPECT_TRUE(lookups.has_unsent());
    for (const auto& question : more) {
        lookups.answer(question, {Answer::Status::none, {}});
    }
    EXPECT_EQ(lookups.take_unsent().size(), dns_open_per_message_max - 5);
    lookups.expire();
    EXPECT_FALSE(lookups.has_unsent() || lookups.is_waiting());
}

TEST(Lookups, WhatNeverHadItsTimeIsNoFailureOfDns) {
    Lookups lookups;
    (void)lookups.ask_first(RecordType::txt, "_dmarc.prompt.test");
    (void)lookups.ask(RecordType::a, "prompt.test");
    (void)lookups.take_unsent();
    (void)lookups.ask_first(RecordType::a, "later.test");
    (void)lookups.take_unsent();
    (void)lookups.ask_first(RecordType::a, "never.test");
    lookups.expire();
    EXPECT_FALSE(lookups.ask_first(RecordType::txt, "_dmarc.prompt.test")->limited) << "silent for the whole time";
    for (const char* name : {"prompt.test", "later.test", "never.test"}) {
        EXPECT_TRUE(lookups.ask_first(RecordType::a, name)->limited) << name;
    }
}

TEST(Lookups, AfterItsTimeNothingIsWaitedFor) {
    Lookups lookups;
    EXPECT_EQ(lookups.ask(RecordType::a, "slow.test"), nullptr);
    lookups.expire();
    EXPECT_FALSE(lookups.is_waiting());
    EXPECT_TRUE(lookups.take_unsent().empty());
    ASSERT_NE(lookups.ask(RecordType::a, "slow.test"), nullptr);
    EXPECT_EQ(lookups.ask(RecordType::a, "slow.test")->status, Answer::Status::failed);
    ASSERT_NE(lookups.ask(RecordType::a, "other.test"), nullptr);
    lookups.answer({RecordType::a, "slow.test"}, {Answer::Status::found, {"late"}});
    EXPECT_EQ(lookups.ask(RecordType::a, "slow.test")->status, Answer::Status::failed) << "a verdict does not change under way";
}

} // namespace
} // namespace hameau::milter
