// Every migration of every database under what may happen to it: a statement that fails, kill -9 and a power cut in the
// middle of each write, a full disk. The tables are filled by what the schema says of them, so that a new table or a new
// migration is covered without a line here. Told by content: what was interrupted holds exactly the rows of a schema on its
// way, and the next start makes of it exactly what an undisturbed migration makes.
#include <csignal>
#include <filesystem>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/auth_schema.hpp"
#include "daemon/modules.hpp"
#include "daemon/store/database.hpp"

namespace hameau {
namespace {

namespace fs = std::filesystem;

constexpr int rows = 30;
constexpr std::int64_t every_write = 6;  ///< the first ones are all tried, later ones at growing distances

// --- What may happen to a write ---

enum class Fault { none, killed, disk_full, power_cut };

struct Writes {
    Fault fault = Fault::none;
    std::int64_t at = 0;
    std::int64_t count = 0;
    bool fired = false;
    std::string file;
    std::string cut;  ///< where the copy of a power cut goes
};
Writes writes;

void copy_database(const std::string& from, const std::string& to) {
    for (const char* part : {"", "-wal", ".open"}) {  // the -shm is memory: it does not outlive a power cut
        fs::remove(to + part);
        if (fs::exists(from + part)) {
            fs::copy_file(from + part, to + part);
        }
    }
    fs::remove(to + "-shm");
}

template <class Write>
ssize_t faulty(std::size_t size, Write write) {
    if (writes.fault == Fault::none || writes.count++ < writes.at) {
        return write(size);
    }
    if (writes.fault == Fault::disk_full) {  // and it stays full
        writes.fired = true;
        errno = ENOSPC;
        return -1;
    }
    if (!writes.fired) {
        writes.fired = true;
        const ssize_t half = write(size / 2);
        if (writes.fault == Fault::killed) {
            ::kill(::getpid(), SIGKILL);
        }
        copy_database(writes.file, writes.cut);
        return half;
    }
    return write(size);
}

ssize_t faulty_pwrite(int fd, const void* data, std::size_t size, off_t at) {
    return faulty(size, [=](std::size_t some) { return ::pwrite(fd, data, some, at); });
}

ssize_t faulty_write(int fd, const void* data, std::size_t size) {
    return faulty(size, [=](std::size_t some) { return ::write(fd, data, some); });
}

void watch_writes() {
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    for (const char* name : {"pwrite", "pwrite64"}) {
        vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(&faulty_pwrite));
    }
    vfs->xSetSystemCall(vfs, "write", reinterpret_cast<sqlite3_syscall_ptr>(&faulty_write));
}

// --- Databases full of rows ---

using Cells = std::vector<std::vector<std::string>>;

/// Rows of one statement, by a connection that changes nothing of the file's form.
Cells ask(sqlite3* handle, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    Cells found;
    EXPECT_EQ(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(handle) << ": " << sql;
    int code = SQLITE_DONE;
    while (statement != nullptr && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        std::vector<std::string> row;
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
            const auto* text = sqlite3_column_text(statement, i);
            row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
        }
        found.push_back(std::move(row));
    }
    EXPECT_EQ(code, SQLITE_DONE) << sqlite3_errmsg(handle) << ": " << sql;
    sqlite3_finalize(statement);
    return found;
}

class Handle {
public:
    explicit Handle(const std::string& file) { EXPECT_EQ(sqlite3_open(file.c_str(), &handle_), SQLITE_OK); }
    ~Handle() { sqlite3_close(handle_); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    Cells operator()(const std::string& sql) const { return ask(handle_, sql); }

private:
    sqlite3* handle_ = nullptr;
};

class Filler {
public:
    explicit Filler(const Handle& database) : database_(database) {
        for (const auto& table : database_("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
            texts_[table[0]] = table[1];
        }
    }
    void fill() {
        database_("PRAGMA foreign_keys = OFF");
        database_("BEGIN");
        for (const auto& [table, text] : texts_) {
            fill(table);
        }
        database_("COMMIT");
    }

private:
    void fill(const std::string& table) {
        const Cells columns = database_("SELECT name FROM pragma_table_info('" + table + "')");
        for (int i = 1; i <= rows; ++i) {
            std::string values;
            for (const auto& column : columns) {
                values += (values.empty() ? "" : ", ") + value(table, column[0], i);
            }
            // A trigger may have written the row already.
            database_("INSERT OR IGNORE INTO " + table + " VALUES (" + values + ")");
        }
    }
    std::string value(const std::string& table, const std::string& column, int row) {
        for (const auto& reference : database_("SELECT \"table\", \"to\" FROM pragma_foreign_key_list('" + table + "') WHERE \"from\" = '" + column + "'")) {
            return value(reference[0], reference[1], row);
        }
        const std::string check = "CHECK (" + column + " IN ('";
        if (const std::size_t at = texts_[table].find(check); at != std::string::npos) {
            const std::size_t begin = at + check.size();
            return "'" + texts_[table].substr(begin, texts_[table].find('\'', begin) - begin) + "'";
        }
        const std::string type = database_("SELECT type FROM pragma_table_info('" + table + "') WHERE name = '" + column + "'")[0][0];
        const std::string text = "'" + table + "-" + column + "-" + std::to_string(row) + "'";
        return type == "INTEGER" ? std::to_string(row) : type == "BLOB" ? "CAST(" + text + " AS BLOB)" : text;
    }

    const Handle& database_;
    std::map<std::string, std::string> texts_;
};

struct Plan {
    std::string name;
    std::span<const Migration> migrations;
};

std::vector<Plan> plans() {
    std::vector<Plan> all;
    for (const Manifest* manifest : builtin_modules()) {
        all.push_back({std::string(manifest->name), manifest->migrations});
    }
    all.push_back({"auth", mail::auth_migrations});
    return all;
}

class MigrationFaults : public testing::TestWithParam<Plan> {
protected:
    MigrationFaults() :
        folder_((fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / ("hameau-migration-faults-" + new_id())) {
        fs::create_directory(folder_);
        watch_writes();
        file_ = folder_ / "live.db";
        base_ = folder_ / "base.db";
    }
    ~MigrationFaults() override {
        writes = {};
        fs::remove_all(folder_);
    }

    std::span<const Migration> all() const { return GetParam().migrations; }

    /// The schema and every cell.
    static std::string content(const std::string& file) {
        const Handle database(file);
        std::string text;
        for (const auto& made : database("SELECT name, type, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")) {
            text += made[0] + " " + made[2] + "\n";
            if (made[1] != "table") {
                continue;
            }
            std::string cells;
            for (const auto& column : database("SELECT name FROM pragma_table_info('" + made[0] + "')")) {
                cells += (cells.empty() ? "quote(" : " || ',' || quote(") + column[0] + ")";
            }
            for (const auto& row : database("SELECT " + cells + " FROM " + made[0] + " ORDER BY 1")) {
                text += row[0] + "\n";
            }
        }
        return text;
    }

    /// base.db at an older schema with rows in every table; states_: what it holds at each schema from there on.
    void make_base(std::size_t from) {
        states_.clear();
        copy_database(folder_ / "none.db", base_);
        if (from > 0) {
            ASSERT_TRUE(Database::open(base_, all().first(from)));
            const Handle database(base_);
            Filler(database).fill();
            ASSERT_TRUE(database("PRAGMA foreign_key_check").empty());
        }
        states_[0] = "";
        copy_database(base_, file_);
        for (std::size_t version = std::max<std::size_t>(from, 1); version <= all().size(); ++version) {
            auto opened = Database::open(file_, all().first(version));
            ASSERT_TRUE(opened) << opened.error().message;
            states_[static_cast<std::int64_t>(version)] = content(file_);
        }
    }

    /// One of the schemas on the way, whole; then the next start ends the way.
    void expect_whole(const std::string& file, std::size_t from, const std::string& what) {
        SCOPED_TRACE(what);
        if (fs::exists(file)) {
            const std::int64_t version = std::stoll(Handle(file)("PRAGMA user_version")[0][0]);
            ASSERT_GE(version, static_cast<std::int64_t>(from));
            ASSERT_EQ(content(file), states_[version]) << "at schema " << version;
        }
        {
            auto opened = Database::open(file, all());
            ASSERT_TRUE(opened) << opened.error().message;
        }
        const Handle database(file);
        ASSERT_EQ(content(file), states_[static_cast<std::int64_t>(all().size())]);
        ASSERT_EQ(database("PRAGMA integrity_check")[0][0], "ok");
        ASSERT_TRUE(database("PRAGMA foreign_key_check").empty());
    }

    /// The migration with a fault at that write. False: there are fewer writes.
    bool run(Fault fault, std::int64_t at) {
        copy_database(base_, file_);
        writes = {fault, at, 0, false, file_, folder_ / "cut.db"};
        if (fault != Fault::killed) {
            { const auto opened = Database::open(file_, all()); }
            writes.fault = Fault::none;
            return writes.fired;
        }
        const pid_t pid = ::fork();
        if (pid == 0) {
            { const auto opened = Database::open(file_, all()); }
            ::_exit(0);
        }
        writes.fault = Fault::none;
        int status = 0;
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status);
    }

    void try_every_write(Fault fault, const std::string& name) {
        for (std::size_t from = 0; from < all().size(); ++from) {
            make_base(from);
            std::int64_t at = 0;
            for (; run(fault, at); at += 1 + std::max<std::int64_t>(0, at - every_write) / 2) {
                const std::string what = name + " at write " + std::to_string(at) + ", from schema " + std::to_string(from);
                expect_whole(fault == Fault::power_cut ? writes.cut : file_, from, what);
                if (HasFatalFailure()) {
                    return;
                }
            }
            ASSERT_GT(at, every_write) << "the writes were not seen";
        }
    }

    fs::path folder_;
    std::string file_;
    std::string base_;
    std::map<std::int64_t, std::string> states_;
};

std::vector<std::string> statements_of(std::string_view sql) {
    std::vector<std::string> found;
    std::string piece;
    for (const char c : sql) {
        piece += c;
        if (c == ';' && sqlite3_complete(piece.c_str()) != 0) {
            found.push_back(std::exchange(piece, {}));
        }
    }
    found.push_back(piece);
    return found;
}

TEST_P(MigrationFaults, AStatementThatFailsLeavesTheOldSchema) {
    for (std::size_t from = 0; from < all().size(); ++from) {
        make_base(from);
        const auto statements = statements_of(all()[from].sql);
        for (std::size_t failing = 0; failing <= statements.size(); ++failing) {
            std::string sql;
            for (std::size_t i = 0; i < failing; ++i) {
                sql += statements[i];
            }
            sql += ";SELECT no_such_function()";
            std::vector<Migration> some(all().begin(), all().begin() + static_cast<std::ptrdiff_t>(from));
            some.push_back({all()[from].number, sql});
            copy_database(base_, file_);
            ASSERT_FALSE(Database::open(file_, some));
            expect_whole(file_, from, "statement " + std::to_string(failing) + " from schema " + std::to_string(from));
            if (HasFatalFailure()) {
                return;
            }
        }
    }
}

TEST_P(MigrationFaults, KilledAtEachWrite) { try_every_write(Fault::killed, "killed"); }
TEST_P(MigrationFaults, ADiskThatIsFullFromEachWriteOn) { try_every_write(Fault::disk_full, "disk full"); }
TEST_P(MigrationFaults, APowerCutAtEachWrite) { try_every_write(Fault::power_cut, "power cut"); }

INSTANTIATE_TEST_SUITE_P(Databases, MigrationFaults, testing::ValuesIn(plans()), [](const auto& info) { return info.param.name; });

} // namespace
} // namespace hameau
