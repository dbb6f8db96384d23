// First every database is locked against writing, in the order given; then a second connection to each opens a read transaction,
// which in WAL mode goes on seeing the database as it is now; then the locks are given back. The copies are made from the readers.
#include "daemon/store/moment.hpp"

#include <chrono>
#include <fcntl.h>
#include <memory>
#include <sqlite3.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/store/limits.hpp"

namespace hameau {

namespace {

struct CloseDatabase {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Connection = std::unique_ptr<sqlite3, CloseDatabase>;

tl::unexpected<Error> fail_of(sqlite3* handle, const std::string& path, int code) {
    const int kind = code & 0xff;
    const ErrorKind error = kind == SQLITE_BUSY || kind == SQLITE_LOCKED    ? ErrorKind::unavailable
                            : kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ? ErrorKind::corrupt
                                                                              : ErrorKind::io;
    return fail(error, path + ": " + (handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code)));
}

Result<Connection> connect(const std::string& path, int flags) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Connection connection(handle);
    if (code != SQLITE_OK) {
        return fail_of(handle, path, code);
    }
    sqlite3_busy_timeout(handle, moment_busy_ms);
    return connection;
}

Status run(const Connection& connection, const std::string& path, const char* sql) {
    const int code = sqlite3_exec(connection.get(), sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status{} : Status(fail_of(connection.get(), path, code));
}

/// As the writer left it: Postfix and Dovecot cannot make -wal and -shm, and could not read without them (Database::keep_wal_files).
void keep_what_lies_beside(const Connection& connection, bool wal) {
    int keep = wal ? 1 : 0;
    sqlite3_file_control(connection.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

Status copy_from(const Connection& reader, const MomentCopy& copy) {
    const Fd made(::open(copy.to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made) {
        return fail_errno(copy.to);
    }
    const auto target = connect(copy.to, SQLITE_OPEN_READWRITE);
    if (!target) {
        return fail(target.error());
    }
    // No second file beside a copy that nobody else reads, and that is thrown away when it is not finished.
    if (auto plain = run(*target, copy.to, "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF"); !plain) {
        return plain;
    }
    sqlite3_backup* work = sqlite3_backup_init(target->get(), "main", reader.get(), "main");
    int code = work == nullptr ? sqlite3_errcode(target->get()) : SQLITE_OK;
    while (work != nullptr && code == SQLITE_OK) {
        code = sqlite3_backup_step(work, moment_pages_per_step);
    }
    const int end = sqlite3_backup_finish(work);
    return code == SQLITE_DONE && end == SQLITE_OK ? Status{} : Status(fail_of(target->get(), copy.to, code == SQLITE_DONE ? end : code));
}

/// All or none: who waits for one database must not hold up the writers of the others.
Status lock_all(const std::vector<Connection>& writers, const std::vector<const MomentCopy*>& there, int tries) {
    for (int turn = 1;; ++turn) {
        Status locked;
        std::size_t held = 0;
        for (; locked && held < writers.size(); ++held) {
            sqlite3_busy_timeout(writers[held].get(), moment_locking_ms);
            locked = run(writers[held], there[held]->from, "BEGIN IMMEDIATE");
        }
        if (locked || locked.error().kind != ErrorKind::unavailable || turn >= tries) {
            return locked;
        }
        for (std::size_t i = 0; i < held; ++i) {
            (void)run(writers[i], there[i]->from, "ROLLBACK");
        }
        std::this_thread::sleep_for(moment_pause);
    }
}

} // namespace

Status copy_at_one_moment(std::span<const MomentCopy> copies, int tries) {
    std::vector<Connection> writers;
    std::vector<Connection> readers;
    std::vector<const MomentCopy*> there;
    for (const MomentCopy& copy : copies) {
        if (::access(copy.from.c_str(), F_OK) != 0) {
            continue;
        }
        const bool wal = ::access((copy.from + "-wal").c_str(), F_OK) == 0;
        for (auto* list : {&readers, &writers}) {
            auto connection = connect(copy.from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
            if (!connection) {
                return fail(connection.error());
            }
            keep_what_lies_beside(*connection, wal);
            list->push_back(std::move(*connection));
        }
        there.push_back(&copy);
    }
    if (auto locked = lock_all(writers, there, tries); !locked) {
        return locked;
    }
    for (std::size_t i = 0; i < there.size(); ++i) {
        if (auto read = run(readers[i], there[i]->from, "BEGIN;SELECT count(*) FROM sqlite_schema"); !read) {
            return read;
        }
    }
    for (std::size_t i = 0; i < there.size(); ++i) {
        (void)run(writers[i], there[i]->from, "ROLLBACK");
    }
    writers.clear();
    for (std::size_t i = 0; i < there.size(); ++i) {
        if (auto copied = copy_from(readers[i], *there[i]); !copied) {
            return copied;
        }
        readers[i].reset();
    }
    return {};
}

} // namespace hameau
