// What came from a target is judged and given its owners. Owners themselves are looked at by tests/peers/backup, as root.
#include "provisioning/backup/give.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "provisioning/backup/staging.hpp"

namespace hameau::backup {
namespace {

namespace fs = std::filesystem;

class BackupGive : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "hameau-give-XXXXXX").string();
        place.state = fs::canonical(::mkdtemp(name.data())).string();
        fs::create_directories(box() + "/cur");
        fs::create_directories(box() + "/.Archives/cur");
        fs::create_directories(box() + "/sieve");
        std::ofstream(box() + "/cur/1.M1:2,S") << "a message";
    }
    void TearDown() override { fs::remove_all(place.state); }
    std::string top() const { return place.state + "/backup/restored"; }
    std::string box() const { return top() + "/mail/boxes/one"; }

    Place place;
};

TEST_F(BackupGive, AMessageInTwoFoldersIsOneFileWithTwoNames) {
    fs::create_hard_link(box() + "/cur/1.M1:2,S", box() + "/.Archives/cur/1.M1:2,S");
    const auto given = give_tree(place, top());
    EXPECT_TRUE(given) << given.error().message;
    EXPECT_TRUE(fs::exists(box() + "/.Archives/cur/1.M1:2,S"));
}

TEST_F(BackupGive, AFileWithANameOutsideIsRefused) {
    std::ofstream(place.state + "/secret") << "of the machine";
    fs::create_hard_link(place.state + "/secret", box() + "/cur/2");
    auto given = give_tree(place, top());
    ASSERT_FALSE(given);
    EXPECT_NE(given.error().message.find("outside"), std::string::npos) << given.error().message;
    // Two names inside and one outside is no better.
    fs::create_hard_link(place.state + "/secret", box() + "/cur/3");
    EXPECT_FALSE(give_tree(place, top()));
}

TEST_F(BackupGive, LinksOfTheTableAreMadeAndNoOthers) {
    const auto table = [this](const std::string& text) { std::ofstream(top() + "/LINKS") << text; };
    table("sieve/mien.sieve\tmail/boxes/one/.dovecot.sieve\nx\tmail/boxes/gone/.dovecot.sieve\n");
    ASSERT_TRUE(give_tree(place, top(), GiveMode::look));
    EXPECT_FALSE(fs::exists(fs::symlink_status(box() + "/.dovecot.sieve")));
    const auto given = give_tree(place, top());
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(fs::read_symlink(box() + "/.dovecot.sieve"), "sieve/mien.sieve");
    fs::remove(box() + "/.dovecot.sieve");
    // Out of its folder, out of the tree, over a file, through a link that was just made, no line of ours.
    for (const char* hostile : {"/etc/passwd\tmail/x\n", "../x\tmail/x\n", "a/../../x\tmail/x\n", "x\t../x\n", "x\t/tmp/x\n", "x\tmail//x\n", "x\tmail/boxes/one/cur/1.M1:2,S\n",
                                "boxes\tmail/l\nx\tmail/l/y\n", "x\n", "x\ty\tz\n", "\tmail/x\n"}) {
        table(hostile);
        EXPECT_FALSE(give_tree(place, top())) << hostile;
        fs::remove(top() + "/mail/l");
    }
    EXPECT_FALSE(fs::exists(fs::symlink_status(top() + "/mail/x")));
    EXPECT_FALSE(fs::exists(fs::symlink_status(box() + "/../y")));
}

TEST_F(BackupGive, LinksAndPipesOfTheTargetAreRefused) {
    fs::create_symlink("/etc/passwd", box() + "/cur/2");
    EXPECT_FALSE(give_tree(place, top()));
    fs::remove(box() + "/cur/2");
    ASSERT_EQ(::mkfifo((box() + "/cur/2").c_str(), 0600), 0);
    EXPECT_FALSE(give_tree(place, top()));
}

} // namespace
} // namespace hameau::backup
