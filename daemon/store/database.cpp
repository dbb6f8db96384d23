// SQLite behind Database and Statement: opening, migrations, transactions, copies.
#include "daemon/store/database.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/store/before_migration.hpp"
#include "daemon/store/limits.hpp"
#include "daemon/store/long_work.hpp"

namespace hameau {

namespace {

// A small cache: an idle module must stay light. The log starts again from its beginning at 1 MiB and is never cut below: commits that write
// over it change no size, so each waits for its own pages and not for the file's metadata too.
constexpr std::string_view connection_pragmas = "PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA cache_size=-256;"
                                                "PRAGMA temp_store=MEMORY;PRAGMA wal_autocheckpoint=256;"
                                                "PRAGMA journal_size_limit=2097152;";
/// "HAME": files of other programs are refused.
constexpr int application_id = 0x48414d45;

ErrorKind kind_of(int code) {
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return ErrorKind::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ErrorKind::corrupt;
    case SQLITE_FULL:
        return ErrorKind::too_large;
    case SQLITE_BUSY:
        return ErrorKind::unavailable;
    default:
        return ErrorKind::io;
    }
}

tl::unexpected<Error> fail_sqlite(sqlite3* handle, int code) {
    const char* text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    return fail(kind_of(code), std::string("the database: ") + text);
}

/// A mistake in our own SQL or binding: nothing a user can mend.
[[noreturn]] void bug(sqlite3* handle, const char* what) {
    std::fprintf(stderr, "<2>store bug: %s: %s\n", what, sqlite3_errmsg(handle));
    std::abort();
}

Result<std::int64_t> pragma_number(sqlite3* handle, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
    if (code != SQLITE_OK) {
        return fail_sqlite(handle, code);
    }
    code = sqlite3_step(statement);
    const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return fail_sqlite(handle, code);
    }
    return value;
}

Status run_sql(sqlite3* handle, const std::string& sql) {
    const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return fail_sqlite(handle, code);
    }
    return {};
}

/// "ok", or the first complaint.
Status check_content(sqlite3* handle) {
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v2(handle, "PRAGMA quick_check(1)", -1, &statement, nullptr);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    std::string verdict = "unreadable";
    if (code == SQLITE_ROW) {
        verdict = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    if (verdict != "ok") {
        return fail(ErrorKind::corrupt, "the database is damaged (" + verdict +
                                            "). Nothing was changed. Put the last backup back: hameau restore.");
    }
    return {};
}

LongWorkNotice& long_work_notice() {
    static LongWorkNotice notice;
    return notice;
}

std::string marker_of(const std::string& path) { return path + ".open"; }

Status apply_migrations(sqlite3* handle, std::span<const Migration> migrations) {
    const auto version = pragma_number(handle, "PRAGMA user_version");
    if (!version) {
        return fail(version.error());
    }
    const std::int64_t newest = migrations.empty() ? 0 : migrations.back().number;
    if (*version > newest) {
        return fail(ErrorKind::conflict, "the database was written by a newer Hameau (version " +
                                             std::to_string(*version) + ", this program knows " + std::to_string(newest) +
                                             "). Nothing was changed. Install the newer version again.");
    }
    if (*version == newest) {
        return {};
    }
    // All or none: a schema in between is one that neither the old program nor the new one knows.
    Status done = run_sql(handle, "BEGIN IMMEDIATE");
    for (const Migration& migration : migrations) {
        if (done && migration.number > *version) {
            done = run_sql(handle, std::string(migration.sql) + ";PRAGMA user_version=" + std::to_string(migration.number));
            done = done ? std::move(done) : Status(fail(std::move(done.error()).during("migration " + std::to_string(migration.number))));
        }
    }
    done = done ? run_sql(handle, "COMMIT") : std::move(done);
    if (!done) {
        (void)run_sql(handle, "ROLLBACK");
    }
    return done;
}

} // namespace

void tell_long_work(LongWorkNotice notice) { long_work_notice() = std::move(notice); }

Statement::Statement(Statement&& other) noexcept : handle_(other.handle_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
    if (sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK) {
        bug(handle_, "bind");
    }
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
    if (sqlite3_bind_int64(statement_, index, number) != SQLITE_OK) {
        bug(handle_, "bind");
    }
    return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    if (sqlite3_bind_blob64(statement_, index, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                            SQLITE_TRANSIENT) != SQLITE_OK) {
        bug(handle_, "bind");
    }
    return *this;
}

Statement& Statement::bind_null(int index) {
    if (sqlite3_bind_null(statement_, index) != SQLITE_OK) {
        bug(handle_, "bind");
    }
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    auto failure = fail_sqlite(handle_, sqlite3_extended_errcode(handle_));
    sqlite3_reset(statement_);
    return failure;
}

Status Statement::run() {
    const auto stepped = step();
    if (!stepped) {
        return fail(stepped.error());
    }
    reset();
    return {};
}

void Statement::reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

std::string Statement::text(int column) const { return std::string(view(column)); }

std::string_view Statement::view(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string_view{} : std::string_view(data, static_cast<std::size_t>(size));
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<Database> Database::open(const std::string& path, std::span<const Migration> migrations, unsigned mode) {
    const bool fresh = ::access(path.c_str(), F_OK) != 0;
    if (fresh) {
        // Made with its mode from the first moment; SQLite copies the mode to -wal and -shm.
        const Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!made || ::fchmod(made.get(), mode) != 0) {
            return fail_errno(path);
        }
    }
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(handle);
    if (code != SQLITE_OK) {
        return fail(fail_sqlite(handle, code).value().during(path));
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    const auto found_id = pragma_number(handle, "PRAGMA application_id");
    if (!found_id) {
        return fail(Error(found_id.error()).during(path));
    }
    if (*found_id != 0 && *found_id != application_id) {
        return fail(ErrorKind::conflict, path + ": this is the database of another program. Nothing was changed.");
    }
    const bool unclean = !fresh && ::access(marker_of(path).c_str(), F_OK) == 0;
    const auto version = pragma_number(handle, "PRAGMA user_version");
    const std::int64_t newest = migrations.empty() ? 0 : migrations.back().number;
    struct stat facts {};
    if (long_work_notice() && !fresh && (unclean || (version && *version < newest)) && ::stat(path.c_str(), &facts) == 0) {
        long_work_notice()(path, static_cast<std::uint64_t>(facts.st_size));
    }
    if (unclean) {
        if (auto sound = check_content(handle); !sound) {
            return fail(std::move(sound.error()).during(path));
        }
    }
    if (version && *version <= newest) {
        auto set = run_sql(handle, "PRAGMA journal_mode=WAL;" + std::string(connection_pragmas) +
                                       "PRAGMA application_id=1212239173");
        if (!set) {
            return fail(std::move(set.error()).during(path));
        }
    }
    if (version && *version > 0 && *version < newest) {
        copy_before_migration(database, path, *version);
    } else if (version && !fresh && *version == newest) {
        drop_old_copies(path);
    }
    auto migrated = apply_migrations(handle, migrations);
    if (!migrated && migrated.error().kind == ErrorKind::too_large && give_up_copies(path, *version)) {
        migrated = apply_migrations(handle, migrations);
    }
    if (!migrated) {
        return fail(std::move(migrated.error()).during(path));
    }
    database.opened_ = true;
    const Fd marker(::open(marker_of(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return database;
}

Result<Database> Database::open_again() const {
    const char* file = sqlite3_db_filename(handle_, "main");
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(file, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(handle);
    if (code != SQLITE_OK) {
        return fail(fail_sqlite(handle, code).value().during(file));
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    if (auto set = run_sql(handle, std::string(connection_pragmas)); !set) {
        return fail(std::move(set.error()).during(file));
    }
    return database;
}

Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), opened_(other.opened_) {}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(opened_, other.opened_);
    return *this;
}

Database::~Database() {
    if (handle_ == nullptr) {
        return;
    }
    const char* file = sqlite3_db_filename(handle_, "main");
    const std::string marker = file != nullptr && *file != '\0' ? marker_of(file) : "";
    // Statements that are still alive would keep the file open: zombies are closed with the last of them.
    sqlite3_close_v2(handle_);
    if (opened_ && !marker.empty()) {
        ::unlink(marker.c_str());
    }
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
        bug(handle_, std::string(sql).c_str());
    }
    return {handle_, statement};
}

Status Database::execute(std::string_view sql) { return run_sql(handle_, std::string(sql)); }

Status Database::transaction(const std::function<Status()>& work) {
    if (auto begun = run_sql(handle_, "BEGIN IMMEDIATE"); !begun) {
        return begun;
    }
    Status done = work();
    if (done) {
        done = run_sql(handle_, "COMMIT");
    }
    if (!done && sqlite3_get_autocommit(handle_) == 0) {
        (void)run_sql(handle_, "ROLLBACK");
    }
    return done;
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

Status Database::copy_to(const std::string& path) {
    sqlite3* target = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_backup* copy = sqlite3_backup_init(target, "main", handle_, "main");
        if (copy != nullptr) {
            do {
                code = sqlite3_backup_step(copy, copy_pages_per_step);
            } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
            sqlite3_backup_finish(copy);
        }
        code = sqlite3_errcode(target);
    }
    Status done;
    if (code != SQLITE_OK && code != SQLITE_DONE) {
        done = fail_sqlite(target, code);
    }
    sqlite3_close(target);
    if (!done) {
        ::unlink(path.c_str());
    }
    return done;
}

void Database::keep_wal_files() {
    int on = 1;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

} // namespace hameau
