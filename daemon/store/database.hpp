// Database: one SQLite file with one writer process. WAL, foreign keys, full synchronisation: a transaction that
// returned is on the disk. Migrations run once each; a newer file is refused; after an unclean stop it is checked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "daemon/contract/manifest.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hameau {

/// A prepared statement. Bind by position from 1, then step; text and blobs are copied.
/// Usage errors (bad SQL, wrong index) are bugs and abort; a full disk or a broken file is an Error of step().
class Statement {
public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, const std::string& text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, std::int64_t number);
    Statement& bind(int index, int number) { return bind(index, static_cast<std::int64_t>(number)); }
    Statement& bind(int index, bool truth) { return bind(index, static_cast<std::int64_t>(truth)); }
    Statement& bind_blob(int index, std::string_view bytes);
    Statement& bind_null(int index);

    /// True while there is a row. Errors: conflict (a constraint, its text in the message), io, corrupt.
    Result<bool> step();
    /// Runs a statement that gives no rows.
    Status run();
    void reset();

    std::string text(int column) const;  ///< columns from 0; NULL is ""
    std::string_view view(int column) const;  ///< valid until the next step
    std::int64_t number(int column) const;
    bool is_null(int column) const;

private:
    friend class Database;
    Statement(sqlite3* handle, sqlite3_stmt* statement) : handle_(handle), statement_(statement) {}
    sqlite3* handle_;
    sqlite3_stmt* statement_;
};

class Database {
public:
    /// Opens or makes the file (mode 0600 unless given), applies what is missing of `migrations`, after a copy of the file
    /// as it was (before_migration.hpp).
    /// Errors: conflict for a file of a newer version (nothing is touched), corrupt after a failed check.
    static Result<Database> open(const std::string& path, std::span<const Migration> migrations, unsigned mode = 0600);
    /// Another connection of this process to the same file, for a thread of its own. It must end before this one.
    Result<Database> open_again() const;
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// Prepared once, kept: the text must be a literal or outlive the database.
    Statement prepare(std::string_view sql);
    Status execute(std::string_view sql);
    /// All or nothing: commits when `work` succeeds, rolls back when it fails. Not nested.
    Status transaction(const std::function<Status()>& work);
    std::int64_t last_insert_id() const;
    std::int64_t changes() const;
    /// A whole, consistent copy while writers go on (SQLite's online backup).
    Status copy_to(const std::string& path);
    /// Leaves -wal and -shm in place when the last connection closes, for unprivileged readers (mail).
    void keep_wal_files();
    sqlite3* handle() { return handle_; }

private:
    explicit Database(sqlite3* handle) : handle_(handle) {}
    sqlite3* handle_ = nullptr;
    bool opened_ = false;  ///< whole: its "open" marker is ours to remove
};

} // namespace hameau
