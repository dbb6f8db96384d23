// What is read of apt's words; the question itself is asked in tests/deb/repo.py.
#include "provisioning/newest_version.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace hameau::provisioning
