// Which settings a version of Postfix knows.
#include <gtest/gtest.h>

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {
namespace {

TEST(PostfixVersion, ConvertsFromThreeNineOn) {
    for (const char* version : {"3.9.0\n", "3.10.4", "4.0.0", "3.9-20240101"}) {
        EXPECT_TRUE(converts_to_7bit(version)) << version;
    }
    for (const char* version : {"3.7.11\n", "3.8.1", "2.11.3", "", "postfix", "3"}) {
        EXPECT_FALSE(converts_to_7bit(version)) << version;
    }
}

} // namespace
} // namespace hameau::provisioning
