// The renames at the end of a restore: what is kept, what goes on after a cut, what is never overwritten.
#include "provisioning/backup/move.hpp"

#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"

namespace hameau::backup {
namespace {

namespace fs = std::filesystem;

class BackupMove : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "hameau-move-XXXXXX").string();
        place.state = fs::canonical(::mkdtemp(name.data())).string();
        fs::create_directories(place.folder() + "/ssh");
        for (const char* file : {"people/people.db", "mail/mail.db", "sites/sites.db", "tls/ca.key", "gate/tickets", "backup/key", "backup/ssh/id_ed25519", "backup/state"}) {
            put(file, "old");
        }
        for (const char* file : {"people/people.db", "mail/mail.db", "sites/sites.db", "acme/account", "backup/ssh/id_ed25519"}) {
            put(std::string("backup/restored/") + file, "new");
        }
    }
    void TearDown() override { fs::remove_all(place.state); }
    void put(const std::string& path, const std::string& text) const {
        fs::create_directories(fs::path(place.state + "/" + path).parent_path());
        std::ofstream(place.state + "/" + path) << text;
    }
    std::string text(const std::string& path) const { return read_file(place.state + "/" + path, 1000).value_or("-"); }
    void sql(const std::string& path, const char* words) const {
        fs::create_directories(fs::path(place.state + "/" + path).parent_path());
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open((place.state + "/" + path).c_str(), &handle), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(handle, words, nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(handle);
    }
    Status all(bool keep, std::string* aside) {
        auto mark = begin_move(place, "abcd", keep);
        if (!mark) {
            return fail(mark.error());
        }
        *aside = mark->aside;
        auto done = put_aside(place, *mark);
        done = done ? move_in(place) : done;
        return done ? end_move(place) : done;
    }
    void expect_new(const std::string& aside) const {
        for (const char* file : {"people/people.db", "mail/mail.db", "sites/sites.db", "acme/account", "backup/ssh/id_ed25519"}) {
            EXPECT_EQ(text(file), "new") << file;
        }
        for (const char* file : {"people/people.db", "mail/mail.db", "sites/sites.db", "tls/ca.key", "gate/tickets", "backup/key", "backup/ssh/id_ed25519", "backup/state"}) {
            EXPECT_EQ(text(aside + "/" + file), "old") << file;
        }
        EXPECT_FALSE(fs::exists(place.state + "/" + aside + "/acme"));
        EXPECT_FALSE(restore_begun(place));
        EXPECT_FALSE(fs::exists(place.folder() + "/replaced"));
    }

    Place place;
};

TEST_F(BackupMove, TheOldHouseIsKeptAsAWholeWithTheKeyOfItsBackups) {
    std::string aside;
    const auto done = all(true, &aside);
    ASSERT_TRUE(done) << done.error().message;
    expect_new(aside);
}

TEST_F(BackupMove, ACutWhileTheOldHouseGoesAsideGoesOnWithTheSameFolder) {
    auto mark = begin_move(place, "abcd", true);
    ASSERT_TRUE(mark);
    EXPECT_TRUE(restore_begun(place));
    fs::rename(place.state + "/mail", place.state + "/" + mark->aside + "/mail");
    // Nobody says --replace the second time.
    std::string aside;
    const auto done = all(false, &aside);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(aside, mark->aside);
    expect_new(aside);
}

TEST_F(BackupMove, ACutWhileTheNewOneMovesInDoesNotMixThem) {
    auto mark = begin_move(place, "abcd", true);
    ASSERT_TRUE(mark);
    ASSERT_TRUE(put_aside(place, *mark));
    // acme came, which the old house had not; then all is fetched again.
    put("acme/account", "half");
    put("mail/mail.db", "half");
    std::string aside;
    const auto done = all(true, &aside);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(aside, mark->aside);
    expect_new(aside);
}

TEST_F(BackupMove, WhatIsInTheWayIsThereUntilTheEnd) {
    auto mark = begin_move(place, "abcd", false);
    ASSERT_TRUE(mark && put_aside(place, *mark) && move_in(place));
    EXPECT_EQ(text("mail/mail.db"), "new");
    EXPECT_EQ(text("backup/replaced/1/mail/mail.db"), "old");
    ASSERT_TRUE(end_move(place));
    EXPECT_FALSE(fs::exists(place.folder() + "/replaced"));
}

TEST_F(BackupMove, AHouseIsThereWithoutItsPeopleToo) {
    fs::remove_all(place.state);
    EXPECT_FALSE(holds_house(place.state));
    // As hameaud makes it before anybody was set up.
    sql("people/people.db", "CREATE TABLE person (id TEXT)");
    sql("mail/mail.db", "CREATE TABLE mailbox (id TEXT)");
    fs::create_directories(place.state + "/mail/boxes");
    EXPECT_FALSE(holds_house(place.state));
    fs::create_directories(place.state + "/mail/boxes/one");
    EXPECT_TRUE(holds_house(place.state));
    fs::remove(place.state + "/mail/boxes/one");
    sql("mail/mail.db", "INSERT INTO mailbox VALUES ('one')");
    EXPECT_TRUE(holds_house(place.state));
    sql("mail/mail.db", "DELETE FROM mailbox");
    EXPECT_FALSE(holds_house(place.state));
    fs::remove(place.state + "/people/people.db");
    EXPECT_TRUE(holds_house(place.state));
}

TEST_F(BackupMove, APartOnAnotherDiskIsRefused) {
    EXPECT_TRUE(refuse_mounts(place));
    if (::geteuid() != 0 || ::mount("none", (place.state + "/sites").c_str(), "tmpfs", 0, "size=1m") != 0) {
        GTEST_SKIP() << "may not mount";
    }
    const auto refused = refuse_mounts(place);
    ::umount((place.state + "/sites").c_str());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "mounted: " + place.state + "/sites");
}

} // namespace
} // namespace hameau::backup
