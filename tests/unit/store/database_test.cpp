// The database below every module: transactions, migrations and their failures, files of other versions, unclean stops.
#include "daemon/store/database.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/disk.hpp"
#include "daemon/store/before_migration.hpp"
#include "daemon/store/limits.hpp"

namespace hameau {
namespace {

namespace fs = std::filesystem;

constexpr std::array one = {Migration{1, "CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT NOT NULL UNIQUE) STRICT"}};
constexpr std::array two = {one[0], Migration{2, "ALTER TABLE t ADD COLUMN y TEXT NOT NULL DEFAULT 'new'"}};
constexpr std::array broken = {one[0], Migration{2, "ALTER TABLE t ADD COLUMN y TEXT NOT NULL DEFAULT 'new'; CREATE TABLE t (n)"}};

class DatabaseTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "hameau-store-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        path = folder / "t.db";
    }
    void TearDown() override { fs::remove_all(folder); }

    static std::int64_t count(Database& database) {
        Statement rows = database.prepare("SELECT count(*) FROM t");
        return *rows.step() ? rows.number(0) : -1;
    }
    static Status add(Database& database, std::string_view x) { return database.prepare("INSERT INTO t (x) VALUES (?)").bind(1, x).run(); }

    fs::path folder;
    fs::path path;
};

TEST_F(DatabaseTest, IsItsOwnersAlone) {
    auto database = Database::open(path, one);
    ASSERT_TRUE(database);
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
    auto database = Database::open(path, one);
    ASSERT_TRUE(database);
    EXPECT_TRUE(database->transaction([&] { return add(*database, "a"); }));
    const auto failed = database->transaction([&]() -> Status {
        EXPECT_TRUE(add(*database, "b"));
        return add(*database, "a");
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::conflict);
    EXPECT_EQ(count(*database), 1);
    EXPECT_TRUE(database->transaction([&] { return add(*database, "b"); })) << "the next one works";
}

TEST_F(DatabaseTest, MigrationsRunOnceAndKeepWhatIsThere) {
    {
        auto database = Database::open(path, one);
        ASSERT_TRUE(database);
        ASSERT_TRUE(add(*database, "old"));
    }
    for (int turn = 0; turn < 2; ++turn) {
        auto database = Database::open(path, two);
        ASSERT_TRUE(database) << database.error().message;
        Statement rows = database->prepare("SELECT x, y FROM t");
        ASSERT_TRUE(*rows.step());
        EXPECT_EQ(rows.text(0), "old");
        EXPECT_EQ(rows.text(1), "new");
    }
}

TEST_F(DatabaseTest, AMigrationThatFailsLeavesTheOldSchema) {
    {
        auto database = Database::open(path, one);
        ASSERT_TRUE(database);
        ASSERT_TRUE(add(*database, "old"));
    }
    EXPECT_FALSE(Database::open(path, broken));
    auto database = Database::open(path, two);
    ASSERT_TRUE(database) << "half of the broken one stands: " << database.error().message;
    EXPECT_EQ(count(*database), 1);
}

TEST_F(DatabaseTest, AFileOfANewerVersionIsNotTouched) {
    ASSERT_TRUE(Database::open(path, two));
    const auto before = fs::file_size(path);
    const auto refused = Database::open(path, one);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(fs::file_size(path), before);
}

TEST_F(DatabaseTest, WhatWasCommittedOutlivesAKill) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        auto database = Database::open(path, one);
        const bool done = database && add(*database, "kept");
        if (done) {
            (void)database->execute("BEGIN");
            (void)add(*database, "lost");
        }
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    auto database = Database::open(path, one);
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_EQ(count(*database), 1);
}

TEST_F(DatabaseTest, ADamagedFileIsSaidAfterAnUncleanStop) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        auto database = Database::open(path, one);
        if (database) {
            (void)database->transaction([&]() -> Status {
                for (int i = 0; i < 2000; ++i) {
                    (void)add(*database, std::string(200, 'x') + std::to_string(i));
                }
                return {};
            });
            (void)database->execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        ::kill(::getpid(), SIGKILL);  // no clean end: the next start checks
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096);
    file << std::string(8 * 4096, '\x5a');
    file.close();
    const auto refused = Database::open(path, one);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
}

TEST_F(DatabaseTest, ACopyIsWholeWhileOthersWrite) {
    auto database = Database::open(path, one);
    ASSERT_TRUE(database);
    ASSERT_TRUE(add(*database, "a"));
    auto other = database->open_again();
    ASSERT_TRUE(other);
    ASSERT_TRUE(add(*other, "b"));
    ASSERT_TRUE(database->copy_to((folder / "copy.db").string()));
    auto copy = Database::open((folder / "copy.db").string(), one);
    ASSERT_TRUE(copy);
    EXPECT_EQ(count(*copy), 2);
}

// --- The copy of before a migration ---

class BeforeMigration : public DatabaseTest {
protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        watch(0);
        auto database = Database::open(path, one);
        ASSERT_TRUE(database && add(*database, "kept"));
    }
    void TearDown() override {
        set_migration_copies({});
        DatabaseTest::TearDown();
    }
    void watch(std::uint64_t floor_bytes) {
        set_migration_copies({floor_bytes, [this](const std::string& copy, const Status& made) { told.emplace_back(copy, made ? "" : made.error().message); }});
    }
    std::vector<std::string> copies() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (!migration_copy_of(entry.path().filename().string()).empty()) {
                found.push_back(entry.path().filename());
            }
        }
        return found;
    }
    fs::path copy() const { return folder / "t.db.schema-1"; }
    std::vector<std::pair<std::string, std::string>> told;
};

TEST_F(BeforeMigration, TheOlderProgramReadsTheCopy) {
    ASSERT_TRUE(Database::open(path, two));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0], std::pair(copy().string(), std::string()));
    EXPECT_FALSE(Database::open(path, one)) << "the newer schema";
    auto before = Database::open(copy(), one);
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(count(*before), 1);
}

TEST_F(BeforeMigration, ItHasTheModeOfTheDatabaseFromTheFirstByte) {
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    ASSERT_TRUE(Database::open(path, two));
    struct stat status {};
    ASSERT_EQ(::stat(copy().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(BeforeMigration, ThereIsNoneWithoutAMigration) {
    ASSERT_TRUE(Database::open(path, one));
    ASSERT_TRUE(Database::open(folder / "new.db", two));
    EXPECT_TRUE(told.empty());
    EXPECT_TRUE(copies().empty());
}

TEST_F(BeforeMigration, AFullDiskStopsNoMigrationAndLeavesNothing) {
    watch(std::uint64_t{1} << 62);  // at most a twentieth of the disk: not enough to refuse on a large one
    const auto space = disk_space(folder.string());
    ASSERT_TRUE(space);
    if (room_above_floor(*space, std::uint64_t{1} << 62) > 0) {
        // The half cannot be made either: somebody else's folder has its name.
        fs::create_directory(copy().string() + ".part");
        std::ofstream(fs::path(copy().string() + ".part") / "full") << "x";
    }
    ASSERT_TRUE(Database::open(path, two));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_FALSE(told[0].second.empty());
    EXPECT_FALSE(fs::exists(copy()));
}

TEST_F(BeforeMigration, OneCopyIsKept) {
    ASSERT_TRUE(Database::open(path, two));
    std::ofstream(folder / "t.db.schema-12.part") << "a half that a kill left";
    std::ofstream(folder / "t.db.schema-notes") << "not ours";
    std::ofstream(folder / "other.db.schema-1") << "another database's";
    const std::array three = {two[0], two[1], Migration{3, "ALTER TABLE t ADD COLUMN z TEXT NOT NULL DEFAULT ''"}};
    ASSERT_TRUE(Database::open(path, three));
    EXPECT_FALSE(fs::exists(copy()));
    EXPECT_TRUE(fs::exists(folder / "t.db.schema-2"));
    EXPECT_FALSE(fs::exists(folder / "t.db.schema-12.part"));
    EXPECT_TRUE(fs::exists(folder / "t.db.schema-notes"));
    EXPECT_TRUE(fs::exists(folder / "other.db.schema-1"));
}

TEST_F(BeforeMigration, ItGoesAwayAfterTwoWeeks) {
    ASSERT_TRUE(Database::open(path, two));
    fs::last_write_time(copy(), fs::file_time_type::clock::now() - copy_kept + std::chrono::hours(1));
    ASSERT_TRUE(Database::open(path, two));
    EXPECT_TRUE(fs::exists(copy()));
    fs::last_write_time(copy(), fs::file_time_type::clock::now() - copy_kept - std::chrono::hours(1));
    ASSERT_FALSE(Database::open(path, one)) << "an older program touches nothing";
    EXPECT_TRUE(fs::exists(copy()));
    ASSERT_TRUE(Database::open(path, two));
    EXPECT_TRUE(copies().empty());
}

TEST_F(BeforeMigration, ACopyOfAClockThatWasWrongIsKeptForTwoWeeksFromNow) {
    ASSERT_TRUE(Database::open(path, two));
    const auto now = fs::file_time_type::clock::now();
    // A board without a battery at its start, and a clock that was years ahead.
    const fs::file_time_type first = std::chrono::file_clock::from_sys(std::chrono::sys_seconds(std::chrono::hours(24)));
    for (const fs::file_time_type wrong : {first, now + std::chrono::hours(24 * 365 * 5)}) {
        fs::last_write_time(copy(), wrong);
        ASSERT_TRUE(Database::open(path, two));
        ASSERT_TRUE(fs::exists(copy()));
        const auto dated = fs::last_write_time(copy());
        EXPECT_GE(dated, now - std::chrono::hours(1));
        EXPECT_LE(dated, now + std::chrono::hours(1)) << "its two weeks have begun";
    }
}

TEST_F(BeforeMigration, WhatIsErasedForGoodIsErasedThereToo) {
    auto database = Database::open(path, two);
    ASSERT_TRUE(database);
    ASSERT_TRUE(fs::exists(copy()));
    forget_copies(*database);
    EXPECT_TRUE(copies().empty());
    EXPECT_EQ(count(*database), 1);
}

TEST_F(BeforeMigration, AMigrationThatFailsLeavesTheCopyToo) {
    ASSERT_FALSE(Database::open(path, broken));
    EXPECT_TRUE(fs::exists(copy()));
    ASSERT_TRUE(Database::open(path, two));
    EXPECT_EQ(copies(), std::vector<std::string>{"t.db.schema-1"});
}

TEST_F(BeforeMigration, TheOldProgramGoesOnAfterTheSecondOfTwoMigrationsFailed) {
    const std::array bad = {two[0], two[1], Migration{3, "CREATE TABLE t (n)"}};
    for (int start = 0; start < 3; ++start) {
        ASSERT_FALSE(Database::open(path, bad));
        EXPECT_EQ(copies(), std::vector<std::string>{"t.db.schema-1"});
    }
    EXPECT_TRUE(Database::open(path, one)) << "no schema in between is left";
    EXPECT_TRUE(Database::open(copy().string(), one));
}

TEST_F(BeforeMigration, TheCopyGivesItsRoomToTheMigration) {
    // SQLite says of its own bound what it says of a full disk.
    const std::array full = {one[0], Migration{2, "PRAGMA max_page_count=5; CREATE TABLE n (x); INSERT INTO n VALUES (zeroblob(100000))"}};
    told.clear();
    const auto opened = Database::open(path, full);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::too_large);
    EXPECT_TRUE(copies().empty()) << "it was tried once more without the copy";
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].second, "");
    EXPECT_NE(told[1].second.find("needs the room"), std::string::npos);
    EXPECT_TRUE(Database::open(path, one)) << "the database is as it was";
}

} // namespace
} // namespace hameau
