// What is read of apt's words; the question itself is asked in tests/deb/repo.py.
#include "provisioning/newest_version.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hameau::provisioning {
namespace {

TEST(NewestVersion, OnlyAPlainHttpsAddressIsAsked) {
    EXPECT_TRUE(is_repository_address("https://paquets.example.org/hameau"));
    EXPECT_TRUE(is_repository_address("https://paquets.example.org:8443/~x/hameau/"));
    for (const char* wrong : {"", "https://", "http://paquets.example.org", "file:/tmp", "https://a b", "https://x.org] trusted=yes", "https://x.org\ndeb", "https://u@x.org", "https://x.org/$(ARCH)"}) {
        EXPECT_FALSE(is_repository_address(wrong)) << wrong;
    }
}

TEST(NewestVersion, PolicyIsRead) {
    constexpr std::string_view said = "hameau:\n  Installed: (none)\n  Candidate: 1:0.2.0~rc1+deb12u1\n  Version table:\n     0.1.0 500\n";
    EXPECT_EQ(policy_value(said, "Candidate"), "1:0.2.0~rc1+deb12u1");
    EXPECT_EQ(policy_value(said, "Installed"), "");
    EXPECT_EQ(policy_value(said, "Pin"), "");
    EXPECT_EQ(policy_value("  Candidate: 1.0; reboot\n", "Candidate"), "");
}

TEST(NewestVersion, AComplaintIsOneLineThatATerminalShows) {
    EXPECT_EQ(first_complaint("Err:1 x\nW: first\nE: second\nE: third\n"), "second");
    EXPECT_EQ(first_complaint("W: only\n"), "only");
    EXPECT_EQ(first_complaint("E: a\x1b[2Jb\n"), "a [2Jb");
    EXPECT_EQ(first_complaint("E: " + std::string(5000, 'x')).size(), 300u);
    EXPECT_EQ(first_complaint("Reading...\n"), "");
}

TEST(NewestVersion, APackageThatWasRemovedIsNotInstalled) {
    EXPECT_EQ(installed_version("State: ii  Version: 0.1.0"), "0.1.0");
    EXPECT_EQ(installed_version("State: hi  Version: 0.1.0"), "0.1.0");
    EXPECT_EQ(installed_version("State: rc  Version: 0.1.0"), "");
    EXPECT_EQ(installed_version("State: un  Version: "), "");
    EXPECT_EQ(installed_version(""), "");
}

/// A folder with stand-ins for apt's programs.
class Programs : public ::testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/hameau-newest-XXXXXX";
        folder_ = ::mkdtemp(name);
        for (const char* below : {"/usr/bin", "/scratch"}) {
            std::filesystem::create_directories(folder_ + below);
        }
        std::ofstream(folder_ + "/ring.gpg") << "x";
        question_ = {"https://paquets.example.org/hameau", folder_ + "/ring.gpg", "0.1.0", 0, std::chrono::milliseconds(5000), folder_, folder_ + "/scratch"};
        program("apt-get", "exit 0");
        program("apt-cache", "echo '  Candidate: 0.0.9'");
        program("dpkg-query", "echo 'State: ii  Version: 0.1.0'");
        program("dpkg", "exit 1");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void program(const std::string& name, const std::string& script) {
        const std::string file = folder_ + "/usr/bin/" + name;
        std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    std::string folder_;
    VersionQuestion question_;
};

TEST_F(Programs, ARepositoryThatIsBehindIsNotSaidToHaveOurVersion) {
    const auto answer = ask_newest_version(question_);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->installed, "0.1.0");
    EXPECT_EQ(answer->newest, "0.0.9");
    EXPECT_FALSE(answer->newer);
}

TEST_F(Programs, AllProgramsShareOneDeadline) {
    program("apt-get", "sleep 0.7");
    program("apt-cache", "sleep 0.7; echo '  Candidate: 0.0.9'");
    program("dpkg-query", "sleep 0.7; echo 'State: ii  Version: 0.1.0'");
    question_.limit = std::chrono::milliseconds(1000);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = ask_newest_version(question_);
    EXPECT_FALSE(answer);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2000));
    EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/scratch"));
}

TEST_F(Programs, WhatAKilledQuestionLeftIsRemovedAndNothingElse) {
    const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(3);
    for (const char* name : {"hameau-version-old", "hameau-version-new", "other-old"}) {
        std::filesystem::create_directory(folder_ + "/scratch/" + name);
        std::ofstream(folder_ + "/scratch/" + name + "/file") << "x";
    }
    std::filesystem::create_symlink(folder_ + "/usr/bin", folder_ + "/scratch/hameau-version-link");
    std::filesystem::last_write_time(folder_ + "/scratch/hameau-version-old", old);
    std::filesystem::last_write_time(folder_ + "/scratch/other-old", old);
    std::filesystem::last_write_time(folder_ + "/usr/bin", old);
    drop_left_folders(folder_ + "/scratch", 0);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/scratch/hameau-version-old"));
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/scratch/hameau-version-new/file"));
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/scratch/other-old/file"));
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/usr/bin/apt-get")) << "a link is not followed";
}

} // namespace
} // namespace hameau::provisioning
