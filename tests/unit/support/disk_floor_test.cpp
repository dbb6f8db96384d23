// The floor of free disk as a module says it in HTTP.
#include <gtest/gtest.h>

#include "modules/support/disk_floor.hpp"
#include "modules/support/problem.hpp"
#include "tests/unit/support/fake_house.hpp"

namespace hameau {
namespace {

constexpr std::uint64_t more_than_any_disk = std::uint64_t{1} << 60;

TEST(DiskFloor, RefusesWhatDoesNotFitAndSaysWhy) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("floor-" + new_id());
    std::filesystem::create_directory(folder);
    Manifest manifest;
    manifest.name = "floor";
    {
        QuietContext context(folder.string(), manifest);
        context.set("house.disk_floor", "0");
        EXPECT_FALSE(refuse_below_disk_floor(context, Request{}, 1));
        const auto refused = refuse_below_disk_floor(context, Request{}, more_than_any_disk);
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->status, 507);
        const auto document = boost::json::parse(std::get<std::string>(refused->body)).as_object();
        EXPECT_EQ(document.at("code").as_string(), "disk_floor");
    }
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace hameau
