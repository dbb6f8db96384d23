// The budget of one message: each question once, a bounded number, an end.
#include <gtest/gtest.h>

#include "modules/mail/auth/limits.hpp"
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

TEST(Lookups, BeyondTheBudgetEverythingFails) {
    Lookups lookups;
    for (std::size_t i = 0; i < mailauth::lookups_per_message_max; ++i) {
        EXPECT_EQ(lookups.ask(RecordType::a, std::to_string(i) + ".test"), nullptr);
    }
    ASSERT_NE(lookups.ask(RecordType::a, "one-more.test"), nullptr);
    EXPECT_EQ(lookups.ask(RecordType::a, "one-more.test")->status, Answer::Status::failed);
    EXPECT_EQ(lookups.take_unsent().size(), mailauth::lookups_per_message_max);
    lookups.forget();
    EXPECT_EQ(lookups.ask(RecordType::a, "one-more.test"), nullptr) << "another message has a budget of its own";
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
