// The floor of free disk: what it leaves, on large, small and full disks.
#include "daemon/base/disk.hpp"

#include <gtest/gtest.h>

namespace hameau {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

TEST(DiskFloor, KeepsTheLastBytesOfALargeDisk) {
    EXPECT_EQ(room_above_floor({100 * gib, 10 * gib}, 512 * mib), 10 * gib - 512 * mib);
    EXPECT_EQ(room_above_floor({100 * gib, 512 * mib}, 512 * mib), 0U);
    EXPECT_EQ(room_above_floor({100 * gib, 100 * mib}, 512 * mib), 0U);
    EXPECT_EQ(room_above_floor({100 * gib, 512 * mib + 1}, 512 * mib), 1U);
}

TEST(DiskFloor, IsATwentiethOfASmallDiskAtMost) {
    EXPECT_EQ(room_above_floor({40 * mib, 40 * mib}, 512 * mib), 38 * mib);
    EXPECT_EQ(room_above_floor({40 * mib, 2 * mib}, 512 * mib), 0U);
}

TEST(DiskFloor, ZeroSwitchesItOff) { EXPECT_EQ(room_above_floor({gib, 5}, 0), 5U); }

TEST(DiskFloor, AsksTheRealFileSystem) {
    const auto space = disk_space("/tmp");
    ASSERT_TRUE(space);
    EXPECT_GT(space->total_bytes, 0U);
    EXPECT_LE(space->free_bytes, space->total_bytes);
    EXPECT_TRUE(check_disk_floor("/tmp", 0, 1));
    const auto refused = check_disk_floor("/tmp", 0, space->total_bytes + 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
    EXPECT_NE(refused.error().message.find("kept for mail"), std::string::npos);
}

TEST(DiskFloor, RefusesNothingWhereTheFileSystemCannotBeAsked) {
    EXPECT_TRUE(check_disk_floor("/no/such/folder", 512 * mib, 1));
}

} // namespace
} // namespace hameau
