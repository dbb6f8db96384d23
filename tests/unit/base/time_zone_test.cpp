// The zone of the house: summer time, far islands, names that are none.
#include <gtest/gtest.h>

#include "daemon/base/time_zone.hpp"

namespace hameau {
namespace {

constexpr std::int64_t hour = 3'600'000;

TEST(TimeZone, OffsetsFollowTheZoneAndItsSummerTime) {
    const std::int64_t winter = 1'769'000'000'000;  // 2026-01-21
    const std::int64_t summer = 1'784'000'000'000;  // 2026-07-14
    set_time_zone("Europe/Paris");
    EXPECT_EQ(zone_offset_ms(winter), hour);
    EXPECT_EQ(zone_offset_ms(summer), 2 * hour);
    EXPECT_EQ(zone_offset_ms(1'774'746'000'000 - 1), hour) << "2026-03-29, one millisecond before 01:00 UTC";
    EXPECT_EQ(zone_offset_ms(1'774'746'000'000), 2 * hour);
    set_time_zone("Indian/Reunion");
    EXPECT_EQ(zone_offset_ms(summer), 4 * hour);
    set_time_zone("America/Martinique");
    EXPECT_EQ(zone_offset_ms(winter), -4 * hour);
    set_time_zone("UTC");
    EXPECT_EQ(zone_offset_ms(summer), 0);
}

TEST(TimeZone, NamesAreThoseOfTheMachine) {
    EXPECT_TRUE(is_time_zone(""));
    EXPECT_TRUE(is_time_zone("UTC"));
    EXPECT_TRUE(is_time_zone("Europe/Paris"));
    for (const char* name : {"Europe", "Europe/Brest", "europe/paris ", "../../etc/passwd", "/etc/localtime", "Europe/Paris\n", "CET-1CEST"}) {
        EXPECT_FALSE(is_time_zone(name)) << name;
    }
}

} // namespace
} // namespace hameau
