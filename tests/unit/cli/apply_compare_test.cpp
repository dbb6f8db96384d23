// What `hameau apply` compares with what is there.
#include <gtest/gtest.h>

#include "daemon/cli/apply_compare.hpp"

namespace hameau::cli {
namespace {

TEST(ApplyCompare, WhoWasRemovedLastComesBack) {
    const auto bin = boost::json::parse(R"([{"id":"a","login":"yves","deleted":"2027-01-15T08:00:00Z"},
        {"id":"b","login":"yves","deleted":"2027-02-01T07:00:00Z"},{"id":"c","login":"yvette","deleted":"2027-03-01T07:00:00Z"}])");
    const auto found = newest_of_login(bin.as_array(), "yves");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->at("id"), "b");
    EXPECT_FALSE(newest_of_login(bin.as_array(), "marie"));
}

} // namespace
} // namespace hameau::cli
