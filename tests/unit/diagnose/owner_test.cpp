// Root looks into the databases of the modules with the uid of the module: a module that was broken into chooses what stands there.
#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "fake_machine.hpp"
#include "provisioning/diagnose/child.hpp"
#include "provisioning/diagnose/repairs.hpp"
#include "provisioning/diagnose/system.hpp"

namespace hameau::diagnose {
namespace {

namespace fs = std::filesystem;

constexpr unsigned people_uid = 62002;

/// The module whose database it is: a connection in a process of its own, as in the house. In ours the child that asks would find
/// SQLite's memory of a file that is open already, and files that it was not left.
class Writer {
public:
    explicit Writer(const std::string& path) {
        int to[2];
        int from[2];
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) {
            return;
        }
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(to[1]);
            ::close(from[0]);
            write_as_told(path, to[0], from[1]);
        }
        ::close(to[0]);
        ::close(from[1]);
        to_ = Fd(to[1]);
        from_ = Fd(from[0]);
    }
    /// What SQLite says to this. "keep": its journal stays behind when it closes.
    int run(const std::string& sql) const {
        char code = 99;
        const std::uint32_t size = static_cast<std::uint32_t>(sql.size());
        const std::string asked = std::string(reinterpret_cast<const char*>(&size), sizeof size) + sql;
        return write_all(to_.get(), asked) && ::read(from_.get(), &code, 1) == 1 ? code : 99;
    }
    /// It closes its database and ends.
    ~Writer() {
        to_.reset();
        ::waitpid(pid_, nullptr, 0);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

private:
    static bool read_whole(int file, char* place, std::size_t size) {
        while (size > 0) {
            const ssize_t n = ::read(file, place, size);
            if (n <= 0) {
                return false;
            }
            place += n;
            size -= static_cast<std::size_t>(n);
        }
        return true;
    }
    [[noreturn]] static void write_as_told(const std::string& path, int told, int answers) {
        sqlite3* database = nullptr;
        sqlite3_open(path.c_str(), &database);
        sqlite3_busy_timeout(database, 20'000);
        for (std::uint32_t size = 0; read_whole(told, reinterpret_cast<char*>(&size), sizeof size);) {
            std::string sql(size, ' ');
            int keep = 1;
            const bool whole = read_whole(told, sql.data(), size);
            const int code = !whole ? SQLITE_ERROR : sql == "keep" ? sqlite3_file_control(database, nullptr, SQLITE_FCNTL_PERSIST_WAL, &keep)
                                                                     : sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
            const char answer = static_cast<char>(code);
            (void)!::write(answers, &answer, 1);
        }
        sqlite3_close(database);
        ::_exit(0);
    }

    pid_t pid_ = -1;
    Fd to_;
    Fd from_;
};

class Owner : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can become another uid";
        }
        std::string name = "/tmp/hameau-owner-XXXXXX";
        state_ = ::mkdtemp(name.data());
        // Nobody but root comes here, as with a state below /root.
        fs::create_directory(state_ + "/people");
        make(state_ + "/people/people.db");
        own(state_ + "/people", 0700);
        for (const char* end : {"", "-wal", "-shm"}) {
            own(state_ + "/people/people.db" + end, 0600);
        }
    }
    void TearDown() override {
        writer_.reset();
        fs::remove_all(state_);
    }

    /// A database with two rows, the second of which only its journal has: the writer goes on.
    void make(const std::string& path) {
        writer_.emplace(path);
        for (const char* sql : {"PRAGMA journal_mode=WAL", "CREATE TABLE t (a, b)", "INSERT INTO t VALUES ('one', NULL)", "PRAGMA wal_checkpoint(TRUNCATE)",
                                "INSERT INTO t VALUES ('a\tb\n.\n%41é', '')"}) {
            ASSERT_EQ(writer_->run(sql), SQLITE_OK) << sql;
        }
    }
    static void own(const std::string& path, mode_t mode) {
        ASSERT_EQ(::lchown(path.c_str(), people_uid, people_uid), 0) << path;
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }
    /// Root's alone: this uid cannot read it.
    static void keep_for_root(const std::string& path) {
        ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
        ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    }
    std::unique_ptr<Machine> machine(bool root = true) const {
        House house{fake_.settings_, state_, ""};
        house.root = root;
        return make_system(std::move(house));
    }
    auto rows(const char* sql = "SELECT a, b FROM t ORDER BY rowid", const char* database = "people/people.db") const { return machine()->ask(database, sql); }
    Status mend_journals() const {
        const auto place_machine = machine();
        RepairPlace place{*place_machine, {}};
        return repair_of("databases.journal")->mend(place);
    }
    std::uintmax_t journal_bytes() const { return fs::file_size(state_ + "/people/people.db-wal"); }

    FakeMachine fake_;
    std::string state_;
    std::optional<Writer> writer_;
};

TEST_F(Owner, AsksItsOwnDatabase) {
    EXPECT_EQ(rows(), (std::vector<Row>{{"one", ""}, {"a\tb\n.\n%41é", ""}}));
    EXPECT_EQ(rows("PRAGMA quick_check(1)"), (std::vector<Row>{{"ok"}}));
    EXPECT_EQ(rows("SELECT a FROM t WHERE 0"), std::vector<Row>());
    EXPECT_EQ(rows("SELECT nothing FROM t"), std::nullopt);
    EXPECT_EQ(rows("SELECT 1", "people/other.db"), std::nullopt);
    EXPECT_EQ(rows("SELECT 1", "mail/mail.db"), std::nullopt);
    EXPECT_EQ(rows("DELETE FROM t"), std::nullopt) << "read only";
}

TEST_F(Owner, AsksTheSameWithoutRoot) {
    EXPECT_EQ(machine(false)->ask("people/people.db", "SELECT count(*) FROM t"), (std::vector<Row>{{"2"}}));
}

TEST_F(Owner, ManyRowsComeThrough) {
    const char* sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'association-' || i FROM n";
    const auto found = rows(sql);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 5000U);
    EXPECT_EQ(found->back(), (Row{"5000", "association-5000"}));
}

TEST_F(Owner, ADamagedDatabaseIsSaidToBeDamaged) {
    writer_.reset();
    ASSERT_TRUE(write_file_atomically(state_ + "/people/people.db", std::string(8192, 'x'), 0600));
    own(state_ + "/people/people.db", 0600);
    EXPECT_EQ(rows("PRAGMA quick_check(1)"), (std::vector<Row>{{"damaged"}}));
}

TEST_F(Owner, NeverReadsWhatOnlyRootMayRead) {
    keep_for_root(state_ + "/people/people.db");
    EXPECT_EQ(rows(), std::nullopt);
}

TEST_F(Owner, FollowsNoLinkToADatabaseOfAnother) {
    make(state_ + "/secret.db");
    fs::remove(state_ + "/people/people.db");
    fs::create_symlink(state_ + "/secret.db", state_ + "/people/people.db");
    EXPECT_EQ(rows(), std::nullopt);
    ASSERT_EQ(::chmod(state_.c_str(), 0755), 0);
    ASSERT_EQ(::chmod((state_ + "/secret.db").c_str(), 0644), 0);
    EXPECT_EQ(rows(), std::nullopt) << "not even to one that everybody may read";
}

TEST_F(Owner, AFolderThatIsALinkIsNotEntered) {
    fs::rename(state_ + "/people", state_ + "/elsewhere");
    fs::create_directory_symlink(state_ + "/elsewhere", state_ + "/people");
    EXPECT_EQ(rows(), std::nullopt);
}

/// sites/hosts.map is written by sites; files of the machine such as /etc/os-release are links.
TEST_F(Owner, ATextOfTheStateIsReadThroughNoLink) {
    const auto house = machine();
    ASSERT_TRUE(write_file_atomically(state_ + "/secret", "root's words", 0600));
    ASSERT_TRUE(write_file_atomically(state_ + "/people/plain", "own words", 0600));
    fs::create_symlink(state_ + "/secret", state_ + "/people/link");
    EXPECT_EQ(house->text(state_ + "/people/plain"), "own words");
    EXPECT_EQ(house->text(state_ + "/people/link"), std::nullopt);
    EXPECT_EQ(house->tail(state_ + "/people/link", 5), std::nullopt);
    EXPECT_TRUE(house->text("/proc/self/limits"));
    const std::string outside = state_ + "-link";
    fs::create_symlink(state_ + "/secret", outside);
    EXPECT_EQ(house->text(outside), "root's words");
    fs::remove(outside);
}

TEST_F(Owner, EmptiesTheJournalOfItsOwnDatabase) {
    ASSERT_GT(journal_bytes(), 0U);
    const Status done = mend_journals();
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(journal_bytes(), 0U);
    EXPECT_EQ(rows("SELECT count(*) FROM t"), (std::vector<Row>{{"2"}}));
    struct stat facts {};
    ASSERT_EQ(::stat((state_ + "/people/people.db-shm").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, people_uid);
}

/// A reader that does not go keeps the journal from being emptied: the writers of the house must not wait for it meanwhile.
TEST_F(Owner, AnEmptiedJournalKeepsNoWriterOut) {
    const Writer reader(state_ + "/people/people.db");
    ASSERT_EQ(reader.run("BEGIN; SELECT count(*) FROM t"), SQLITE_OK);
    std::atomic<bool> done = false;
    std::thread repair([&] {
        EXPECT_FALSE(mend_journals()) << "the reader was there";
        done = true;
    });
    const SystemClock clock;
    Duration longest{0};
    int written = 0;
    while (!done) {
        const Duration begun = clock.now();
        EXPECT_EQ(writer_->run("INSERT INTO t VALUES ('x', 'y')"), SQLITE_OK);
        longest = std::max(longest, clock.now() - begun);
        ++written;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    repair.join();
    EXPECT_LT(longest, std::chrono::seconds(4)) << "what a module waits for its database at most is 5 s";
    EXPECT_GT(written, 20);
}

/// A queue of two thousand messages is half a MiB of `postqueue -j`.
TEST_F(Owner, WhatAProgramSaysIsReadToItsEnd) {
    const auto told = machine()->run("/usr/bin/seq", {"1", "50000"});
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->output.ends_with("\n50000\n"));
}

/// Dovecot and Postfix read mail.db, and may make no file beside it.
TEST_F(Owner, LeavesTheFilesBesideADatabaseWhoseWriterSleeps) {
    ASSERT_EQ(writer_->run("keep"), SQLITE_OK);
    writer_.reset();
    EXPECT_TRUE(mend_journals());
    EXPECT_TRUE(fs::exists(state_ + "/people/people.db-wal"));
    EXPECT_TRUE(fs::exists(state_ + "/people/people.db-shm"));
    EXPECT_EQ(rows("SELECT count(*) FROM t"), (std::vector<Row>{{"2"}}));
}

TEST_F(Owner, NeverWritesWhatOnlyRootMayWrite) {
    for (const char* end : {"", "-wal", "-shm"}) {
        keep_for_root(state_ + "/people/people.db" + end);
    }
    const auto before = journal_bytes();
    const Status done = mend_journals();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(done.error().message.starts_with(state_ + "/people/people.db: ")) << done.error().message;
    EXPECT_EQ(journal_bytes(), before);
}

/// Three uids, three gids, how many other groups, no_new_privs; whether the folder is all that is seen; whether there is a way back to root.
std::string rights_now() {
    uid_t uids[3];
    gid_t gids[3];
    ::getresuid(&uids[0], &uids[1], &uids[2]);
    ::getresgid(&gids[0], &gids[1], &gids[2]);
    std::string out;
    for (const unsigned id : {uids[0], uids[1], uids[2], gids[0], gids[1], gids[2]}) {
        out += std::to_string(id) + " ";
    }
    out += std::to_string(::getgroups(0, nullptr)) + " " + std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    return out + (::access("/people.db", F_OK) == 0 ? " in" : " out") + (::setuid(0) == 0 ? " back" : " for good");
}

TEST_F(Owner, TheChildHasTheUidForGoodAndSeesTheFolderAlone) {
    EXPECT_EQ(by_child({people_uid, state_ + "/people"}, {1000, std::chrono::seconds(5)}, rights_now), "62002 62002 62002 62002 62002 62002 0 1 in for good");
    EXPECT_EQ(by_child({people_uid, state_ + "/nothing"}, {1000, std::chrono::seconds(5)}, rights_now), std::nullopt);
}

TEST_F(Owner, TheChildHoldsNoFileOfOurs) {
    const Fd ours(::open((state_ + "/people/people.db").c_str(), O_RDONLY));
    const auto work = [&ours] {
        struct stat answer {};
        const bool silent = ::fstat(2, &answer) == 0 && answer.st_rdev == makedev(1, 3);
        return std::string(silent ? "silent " : "heard ") + (::fcntl(ours.get(), F_GETFD) < 0 || ours.get() == 3 ? "closed" : "open");
    };
    EXPECT_EQ(by_child({people_uid, state_ + "/people"}, {1000, std::chrono::seconds(5)}, work), "silent closed");
}

TEST_F(Owner, AViewThatAsksForAllMemoryGetsABoundedPart) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ASSERT_EQ(writer_->run("CREATE VIEW large AS SELECT length(hex(zeroblob(400000000))) AS a"), SQLITE_OK);
    EXPECT_EQ(rows("SELECT a FROM large"), std::nullopt);
    EXPECT_EQ(rows("SELECT a FROM t WHERE b IS NULL"), (std::vector<Row>{{"one"}})) << "what is small is read";
#endif
}

TEST_F(Owner, ASecretBehindALinkedFolderIsLeftAlone) {
    fs::create_directories(state_ + "/elsewhere");
    fs::create_directories(state_ + "/tls/hosts");
    const std::string inside = state_ + "/tls/hosts/a.pem";
    const std::string outside = state_ + "/elsewhere/a.pem";
    for (const std::string& path : {inside, outside}) {
        ASSERT_TRUE(write_file_atomically(path, "key", 0666));
        ASSERT_EQ(::chmod(path.c_str(), 04666), 0);
    }
    const auto place_machine = machine();
    RepairPlace place{*place_machine, {}};
    ASSERT_TRUE(repair_of("state.secrets")->mend(place));
    struct stat facts {};
    ASSERT_EQ(::stat(inside.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0660u) << "what others may goes, and no bit that runs as its owner stays";
    ASSERT_EQ(::chmod(inside.c_str(), 0666), 0);
    // As if it had been exchanged between the look and the mend: the folder leads elsewhere.
    fs::rename(state_ + "/tls/hosts", state_ + "/tls/was");
    fs::create_symlink(state_ + "/elsewhere", state_ + "/tls/hosts");
    static_cast<void>(repair_of("state.secrets")->mend(place));
    ASSERT_EQ(::stat(outside.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 04666u);
}

TEST(Child, WhoIsLateOrSaysTooMuchIsEnded) {
    const SystemClock clock;
    const Duration begun = clock.now();
    EXPECT_EQ(by_child({}, {1000, std::chrono::milliseconds(200)}, [] { return std::to_string(::pause()); }), std::nullopt);
    EXPECT_EQ(by_child({}, {1000, std::chrono::seconds(5)}, [] { return std::string(100'000, 'x'); }), std::nullopt);
    EXPECT_EQ(by_child({}, {1000, std::chrono::seconds(5)}, []() -> std::string { std::abort(); }), std::nullopt);
    EXPECT_LT(clock.now() - begun, Duration(3000));
}

} // namespace
} // namespace hameau::diagnose
