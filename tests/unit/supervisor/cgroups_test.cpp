// Control groups of the processes, against a folder that looks like the kernel's tree (the kernel makes the files, here the test does).
#include "daemon/supervisor/cgroups.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>

#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {
namespace {

namespace fs = std::filesystem;

class CgroupsTest : public ::testing::Test {
protected:
    CgroupsTest() {
        std::string pattern = (fs::temp_directory_path() / "hameau-cgroups-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        make("hameaud.own", {"cgroup.procs"});
        file("cgroup.subtree_control");
    }
    ~CgroupsTest() override { fs::remove_all(folder_); }

    void file(const std::string& name) { std::ofstream(folder_ / name).flush(); }
    void make(const std::string& group, const std::vector<std::string>& files) {
        fs::create_directory(folder_ / group);
        for (const std::string& name : files) {
            file(group + "/" + name);
        }
    }
    std::string text(const std::string& name) {
        std::ifstream in(folder_ / name);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    fs::path folder_;
};

TEST_F(CgroupsTest, AServiceHasItsShareOfProcessorMemoryAndProcesses) {
    const Cgroups groups(folder_.string(), 1'000'000);
    ASSERT_TRUE(groups.active());
    EXPECT_EQ(text("hameaud.own/cgroup.procs"), "0");
    make("pads", {"cgroup.procs", "cpu.weight", "memory.max", "pids.max"});
    const Fd joins = groups.open("pads", false);
    ASSERT_TRUE(joins);
    EXPECT_EQ(text("pads/cpu.weight"), std::to_string(cgroup_weight));
    EXPECT_EQ(text("pads/memory.max"), std::to_string(10'000 * cgroup_memory_percent));
    EXPECT_EQ(text("pads/pids.max"), std::to_string(cgroup_pids_max));
    EXPECT_EQ(::write(joins.get(), "0", 1), 1);
    EXPECT_EQ(text("pads/cgroup.procs"), "0");
}

TEST_F(CgroupsTest, WorkThatNobodyWaitsForHasALowShare) {
    const Cgroups groups(folder_.string(), 1'000'000);
    make("hameaud.work", {"cgroup.procs", "cpu.weight"});
    EXPECT_TRUE(groups.open("hameaud.work", true));
    EXPECT_EQ(text("hameaud.work/cpu.weight"), std::to_string(cgroup_low_weight));
}

TEST_F(CgroupsTest, AControllerThatTheKernelLacksIsLeftOut) {
    const Cgroups groups(folder_.string(), 1'000'000);
    make("gate", {"cgroup.procs"});
    EXPECT_TRUE(groups.open("gate", false));
    EXPECT_FALSE(fs::exists(folder_ / "gate/memory.max"));
}

TEST_F(CgroupsTest, WithoutItsPartOfTheTreeNothingIsGrouped) {
    fs::remove(folder_ / "hameaud.own/cgroup.procs");
    const Cgroups groups(folder_.string(), 1'000'000);
    EXPECT_FALSE(groups.active());
    EXPECT_FALSE(groups.open("gate", false));
    EXPECT_FALSE(fs::exists(folder_ / "gate"));
    EXPECT_FALSE(Cgroups().open("gate", false));
}

TEST_F(CgroupsTest, TheGroupOfAServiceThatLeftGoes) {
    const Cgroups groups(folder_.string(), 1'000'000);
    make("guestbook", {});
    groups.forget("guestbook");
    EXPECT_FALSE(fs::exists(folder_ / "guestbook"));
}

TEST(OwnGroup, IsTheLineOfTheOneTree) {
    EXPECT_EQ(own_group("0::/system.slice/hameau.service\n"), "/system.slice/hameau.service");
    EXPECT_EQ(own_group("12:pids:/x\n1:name=systemd:/y\n0::/z\n"), "/z");
    EXPECT_EQ(own_group("4:memory:/x\n"), "");
    EXPECT_EQ(own_group(""), "");
}

TEST(DelegatedCgroups, AreAskedForByTheUnitAlone) {
    EXPECT_FALSE(delegated_cgroups("").active());
    EXPECT_FALSE(delegated_cgroups("yes").active());
}

} // namespace
} // namespace hameau::supervisor
