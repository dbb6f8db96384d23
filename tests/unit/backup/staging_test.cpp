// The copy of a house: what is in it, what must not be, whether links and moments hold. Without root: owners are looked at by
// tests/peers/backup.
#include "provisioning/backup/staging.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/disk.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/backup/check_copy.hpp"

namespace hameau::backup {
namespace {

namespace fs = std::filesystem;

void sql(const fs::path& path, const std::string& text) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 10000);
    ASSERT_EQ(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
}
std::int64_t number(const fs::path& path, const std::string& text) {
    sqlite3* handle = nullptr;
    sqlite3_open(path.c_str(), &handle);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle, text.c_str(), -1, &statement, nullptr);
    const std::int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return value;
}

class BackupStaging : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "hameau-staging-XXXXXX").string();
        place.state = fs::canonical(::mkdtemp(name.data())).string();
        place.configuration = place.state + "/hameau.yaml";
        for (const char* folder : {"people", "mail/auth", "mail/boxes/one/Maildir/cur", "mail/boxes/one/Maildir/tmp", "sites/blobs/ab", "sites/staging", "pads/images/amis", "run", "log",
                                   "tls/acme-challenge", "modules/book", "backup/cache", "gate", "engines/postfix"}) {
            fs::create_directories(fs::path(place.state) / folder);
        }
        sql(place.state + "/people/people.db", "PRAGMA journal_mode=WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)");
        sql(place.state + "/mail/mail.db", "PRAGMA journal_mode=WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)");
        sql(place.state + "/modules/book/guests.sqlite", "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)");
        for (const char* file : {"hameau.yaml", "host", "tls/default.pem", "tls/acme-challenge/token", "mail/boxes/one/Maildir/cur/1.M1:2,S", "mail/boxes/one/Maildir/dovecot-uidlist",
                                 "mail/boxes/one/Maildir/dovecot.index.cache", "mail/boxes/one/Maildir/tmp/half", "sites/blobs/ab/abc", "sites/hosts.map", "sites/staging/half",
                                 "pads/ahead-0", "pads/images/amis/hash", "people/people.db.open", "run/people.sock", "log/gate.log", "lock", "waiting", "backup/key", "backup/cache/x", "gate/tickets",
                                 "engines/postfix/main.cf"}) {
            std::ofstream(fs::path(place.state) / file) << file;
        }
    }
    void TearDown() override { fs::remove_all(place.state); }
    bool has(const std::string& path) const { return fs::exists(place.staging() + "/" + path); }

    Place place;
};

TEST_F(BackupStaging, HoldsWhatTheHouseNeedsAndNothingOfThisMachine) {
    const auto staged = make_staging(place, "maison.example.org");
    ASSERT_TRUE(staged) << staged.error().message;
    for (const char* path : {"people/people.db", "mail/mail.db", "mail/boxes/one/Maildir/cur/1.M1:2,S", "mail/boxes/one/Maildir/dovecot-uidlist", "sites/blobs/ab/abc", "sites/hosts.map",
                             "pads/images/amis/hash", "tls/default.pem", "host", "hameau.yaml", "settings/hameau.yaml", "modules/book/guests.sqlite", "ABOUT", "OWNERS"}) {
        EXPECT_TRUE(has(path)) << path;
    }
    for (const char* path : {"run", "log", "lock", "waiting", "gate", "engines", "backup/key", "backup/cache", "backup/staging", "tls/acme-challenge", "people/people.db.open",
                             "people/people.db-wal", "mail/boxes/one/Maildir/dovecot.index.cache", "mail/boxes/one/Maildir/tmp", "sites/staging", "pads/ahead-0"}) {
        EXPECT_FALSE(has(path)) << path;
    }
    EXPECT_EQ(staged->messages, 1U);
    EXPECT_EQ(number(place.staging() + "/modules/book/guests.sqlite", "SELECT n FROM t"), 7);
    drop_staging(place);
    EXPECT_FALSE(fs::exists(place.staging()));
    EXPECT_TRUE(fs::exists(place.state + "/sites/blobs/ab/abc"));
}

TEST_F(BackupStaging, TheCopiesOfBeforeAMigrationAreLeftOut) {
    for (const char* file : {"people/people.db.schema-7", "mail/auth/auth.db.schema-1.part", "modules/book/guests.sqlite.schema-2", "people/notes.schema-3"}) {
        std::ofstream(fs::path(place.state) / file) << file;
    }
    ASSERT_TRUE(make_staging(place, ""));
    EXPECT_FALSE(has("people/people.db.schema-7"));
    EXPECT_FALSE(has("mail/auth/auth.db.schema-1.part"));
    EXPECT_TRUE(has("modules/book/guests.sqlite.schema-2")) << "an external module's own file";
    EXPECT_TRUE(has("people/notes.schema-3")) << "of no database";
}

TEST_F(BackupStaging, AMessageThatIsDeletedMeanwhileIsStillThere) {
    ASSERT_TRUE(make_staging(place, ""));
    const std::string message = place.state + "/mail/boxes/one/Maildir/cur/1.M1:2,S";
    struct stat facts {};
    ASSERT_EQ(::stat(message.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_nlink, 2U);
    fs::remove(message);
    EXPECT_TRUE(has("mail/boxes/one/Maildir/cur/1.M1:2,S"));
}

TEST_F(BackupStaging, ASymbolicLinkIsNotFollowed) {
    fs::create_symlink("/etc/passwd", place.state + "/sites/blobs/ab/secret");
    fs::create_directory_symlink("/etc", place.state + "/pads/images/etc");
    fs::create_symlink("/etc/passwd", place.state + "/people/copied");
    fs::create_symlink("../../../../people/people.db", place.state + "/mail/boxes/one/Maildir/out");
    ASSERT_TRUE(make_staging(place, ""));
    EXPECT_EQ(read_file(place.staging() + "/LINKS", 1000).value_or("-"), "");
    for (const char* path : {"sites/blobs/ab/secret", "pads/images/etc", "people/copied"}) {
        EXPECT_FALSE(fs::exists(fs::symlink_status(place.staging() + "/" + path))) << path;
    }
}

TEST_F(BackupStaging, TheActiveScriptOfAMemberIsNotedAsALink) {
    fs::create_directories(place.state + "/mail/boxes/one/sieve");
    std::ofstream(place.state + "/mail/boxes/one/sieve/mien.sieve") << "keep;";
    fs::create_symlink("sieve/mien.sieve", place.state + "/mail/boxes/one/.dovecot.sieve");
    ASSERT_TRUE(make_staging(place, ""));
    EXPECT_EQ(read_file(place.staging() + "/LINKS", 1000).value_or("-"), "sieve/mien.sieve\tmail/boxes/one/.dovecot.sieve\n");
    EXPECT_FALSE(fs::exists(fs::symlink_status(place.staging() + "/mail/boxes/one/.dovecot.sieve")));
    EXPECT_TRUE(has("mail/boxes/one/sieve/mien.sieve"));
}

/// The writer raises mail's number only behind people's: at no moment is mail ahead.
TEST_F(BackupStaging, DatabasesAreOfOneMoment) {
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        sqlite3* people = nullptr;
        sqlite3* mail = nullptr;
        sqlite3_open((place.state + "/people/people.db").c_str(), &people);
        sqlite3_open((place.state + "/mail/mail.db").c_str(), &mail);
        sqlite3_busy_timeout(people, 10000);
        sqlite3_busy_timeout(mail, 10000);
        while (!stop) {
            sqlite3_exec(people, "UPDATE t SET n = n + 1", nullptr, nullptr, nullptr);
            sqlite3_exec(mail, "UPDATE t SET n = n + 1", nullptr, nullptr, nullptr);
        }
        sqlite3_close(people);
        sqlite3_close(mail);
    });
    for (int i = 0; i < 15; ++i) {
        ASSERT_TRUE(make_staging(place, ""));
        const auto people = number(place.staging() + "/people/people.db", "SELECT n FROM t");
        const auto mail = number(place.staging() + "/mail/mail.db", "SELECT n FROM t");
        EXPECT_TRUE(people == mail || people == mail + 1) << people << " and " << mail;
    }
    stop = true;
    writer.join();
    EXPECT_GT(number(place.state + "/people/people.db", "SELECT n FROM t"), 15);
}

TEST_F(BackupStaging, AnExternalModuleCannotHoldUpABackup) {
    fs::create_directories(place.state + "/modules/livre");
    const std::string database = place.state + "/modules/livre/livre.db";
    sqlite3* held = nullptr;
    sqlite3_open(database.c_str(), &held);
    sqlite3_exec(held, "CREATE TABLE t(n); INSERT INTO t VALUES(7); BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
    std::ofstream(place.state + "/modules/livre/odd.db") << std::string("SQLite format 3\0", 16);
    ASSERT_TRUE(make_staging(place, ""));
    EXPECT_TRUE(fs::exists(place.staging() + "/modules/livre/livre.db")) << "copied as it stands";
    EXPECT_TRUE(fs::exists(place.staging() + "/people/people.db"));
    sqlite3_close(held);
}

/// Between the moment of the databases and the walk over the files the house goes on: here it deletes an image, its row first. The
/// copy is made again, for its database names what it has not got. The module that keeps its database makes the time between long.
TEST_F(BackupStaging, WhatGoesBetweenTheMomentAndTheWalkIsInNeitherPart) {
    const std::string database = place.state + "/pads/pads.db";
    sql(database, "PRAGMA journal_mode=WAL; CREATE TABLE pad (deleted_ms INTEGER); CREATE TABLE image (association TEXT, hash TEXT, webp_bytes INTEGER);"
                  "INSERT INTO image VALUES ('amis', 'hash', 0)");
    fs::create_directories(place.state + "/modules/livre");
    sqlite3* held = nullptr;
    sqlite3_open((place.state + "/modules/livre/livre.db").c_str(), &held);
    sqlite3_exec(held, "CREATE TABLE t(n); INSERT INTO t VALUES(7); BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
    std::atomic<bool> stop{false};
    std::atomic<bool> named{false};
    std::thread house([&] {
        while (!stop && !has("pads/pads.db")) {
            std::this_thread::yield();
        }
        named = has("pads/pads.db") && !has("pads/images/amis/hash");
        sql(database, "DELETE FROM image");
        fs::remove(place.state + "/pads/images/amis/hash");
    });
    const auto staged = make_staging(place, "");
    stop = true;
    house.join();
    sqlite3_close(held);
    ASSERT_TRUE(staged) << staged.error().message;
    EXPECT_TRUE(named) << "the image went too late to try anything";
    EXPECT_EQ(number(place.staging() + "/pads/pads.db", "SELECT count(*) FROM image"), 0);
    EXPECT_FALSE(has("pads/images/amis/hash"));
}

/// A file of a terabyte that holds one letter: written out it would fill the disk.
TEST_F(BackupStaging, HolesOfAModulesFilesStayHoles) {
    const std::string path = place.state + "/modules/book/sparse";
    std::ofstream(path) << "begin";
    fs::resize_file(path, std::uintmax_t{1} << 40U);
    ASSERT_TRUE(make_staging(place, "", 1));
    struct stat facts {};
    ASSERT_EQ(::stat((place.staging() + "/modules/book/sparse").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_size, off_t{1} << 40U);
    EXPECT_LT(facts.st_blocks, 1000);
    std::string begin(5, ' ');
    std::ifstream(place.staging() + "/modules/book/sparse").read(begin.data(), 5);
    EXPECT_EQ(begin, "begin");
}

/// The floor of the disk is for mail: a file of a module that does not fit above it is linked.
TEST_F(BackupStaging, AModulesLargeFileDoesNotFillTheDisk) {
    if (::mount("none", place.state.c_str(), "tmpfs", 0, "size=150m") != 0) {
        GTEST_SKIP() << "may not mount";
    }
    fs::create_directories(place.state + "/modules/book");
    fs::create_directories(place.state + "/backup");
    fs::create_directories(place.state + "/people");
    fs::create_directories(place.state + "/mail/boxes");
    const std::string large = place.state + "/modules/book/large";
    std::ofstream(large) << std::string(std::size_t{80} << 20U, 'x');
    std::ofstream(place.state + "/modules/book/small") << "x";
    const auto staged = make_staging(place, "", std::uint64_t{1} << 40U);
    EXPECT_TRUE(staged) << staged.error().message;
    EXPECT_EQ(fs::hard_link_count(large), 2U);
    EXPECT_EQ(fs::file_size(place.staging() + "/modules/book/large"), std::uintmax_t{80} << 20U);
    EXPECT_EQ(fs::hard_link_count(place.state + "/modules/book/small"), 1U) << "what fits is copied";
    EXPECT_EQ(::umount2(place.state.c_str(), MNT_DETACH), 0);
}

TEST_F(BackupStaging, FilesThatUnprivilegedReadersNeedStayBesideTheDatabase) {
    // As mail keeps them (Database::keep_wal_files): nobody has the database open.
    sqlite3* handle = nullptr;
    sqlite3_open((place.state + "/mail/mail.db").c_str(), &handle);
    int on = 1;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    sqlite3_exec(handle, "UPDATE t SET n = 1", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    ASSERT_TRUE(fs::exists(place.state + "/mail/mail.db-wal"));
    ASSERT_TRUE(make_staging(place, ""));
    EXPECT_TRUE(fs::exists(place.state + "/mail/mail.db-wal"));
    EXPECT_TRUE(fs::exists(place.state + "/mail/mail.db-shm"));
    EXPECT_FALSE(fs::exists(place.state + "/people/people.db-wal"));
}

TEST_F(BackupStaging, ACopyThatIsNotWholeIsFound) {
    ASSERT_TRUE(make_staging(place, ""));
    fs::remove(place.staging() + "/mail/boxes/one/Maildir/cur/1.M1:2,S");
    {
        std::fstream file(place.staging() + "/mail/mail.db", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        file << std::string(4096, 'x');
    }
    const CopyReport report = check_copy(place.staging(), CheckDepth::full);
    std::string all;
    for (const std::string& problem : report.problems) {
        all += problem + "\n";
    }
    EXPECT_NE(all.find("messages are missing"), std::string::npos) << all;
    EXPECT_NE(all.find("mail/mail.db"), std::string::npos) << all;
}

} // namespace
} // namespace hameau::backup
