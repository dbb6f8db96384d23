// SQLite runs in a child with the uid of the module; its answer comes back as lines.
#include "provisioning/diagnose/database.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sqlite3.h>

#include "daemon/base/text.hpp"
#include "daemon/contract/role_uids.hpp"
#include "provisioning/diagnose/child.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

namespace {

constexpr std::string_view answered = "answered";

bool is_plain(char c) { return static_cast<unsigned char>(c) > 0x20 && c != '%' && c != 0x7f; }

/// `work` gets the path under which the child sees the database. Nothing: no uid is known for this module; root never opens it.
std::optional<std::string> by_owner(const DatabasePlace& place, const ChildBounds& bounds, const std::function<std::string(const std::string& path)>& work) {
    if (!place.root) {
        std::error_code none;
        const std::string path = (std::filesystem::canonical(place.state, none) / place.name).string();
        return by_child({}, bounds, [&] { return work(path); });
    }
    const std::string module = place.name.substr(0, place.name.find('/'));
    const auto* owner = std::find_if(role_uids.begin(), role_uids.end(), [&module](const RoleUid& one) { return one.role == module; });
    if (owner == role_uids.end() || module.size() == place.name.size()) {
        return std::nullopt;
    }
    // SQLite's random numbers, as long as /dev/urandom is in sight.
    unsigned seed = 0;
    sqlite3_randomness(sizeof seed, &seed);
    return by_child({owner->uid, place.state + "/" + module}, bounds, [&] { return work(place.name.substr(module.size())); });
}

struct Told {
    std::string text{answered};
    std::size_t rows = 0;
};

int collect_row(void* into, int count, char** values, char**) {
    Told& told = *static_cast<Told*>(into);
    std::string line = "\n=";
    for (int i = 0; i < count; ++i) {
        line += "\t" + percent_encode(values[i] == nullptr ? "" : values[i], is_plain);
    }
    if (told.text.size() + line.size() > answer_bytes_max) {
        return 1;
    }
    told.text += line;
    return ++told.rows > rows_max ? 1 : 0;
}

/// In the child. Empty: refused.
std::string ask_in_child(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    Told told;
    bool good = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr) == SQLITE_OK;
    if (good) {
        sqlite3_busy_timeout(handle, ask_busy_ms);
        // A sort writes no file into the folder, which is all that the child sees.
        sqlite3_exec(handle, "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
        const int code = sqlite3_exec(handle, sql.c_str(), collect_row, &told, nullptr);
        // A page that cannot be read at all is an answer to quick_check too.
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
            told.text = std::string(answered) + "\n=\tdamaged";
        } else {
            good = code == SQLITE_OK || code == SQLITE_ABORT;
        }
    }
    sqlite3_close(handle);
    return good ? told.text : "";
}

/// What stands in the journal is copied while others read and write (PASSIVE); only the small rest is copied while writers are kept out
/// (TRUNCATE takes their lock first, and would keep it for seconds of a slow card).
int checkpoint_gently(sqlite3* handle) {
    int code = SQLITE_BUSY;
    for (int i = 0; i < journal_tries && code == SQLITE_BUSY; ++i) {
        if (i > 0) {
            sqlite3_sleep(journal_nap_ms);
        }
        int pages = 0;
        int copied = 0;
        code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
        if (code == SQLITE_OK) {
            // A reader of long ago keeps the rest from being copied.
            code = pages - copied > journal_rest_pages ? SQLITE_BUSY : sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        }
    }
    return code;
}

/// In the child. SQLite's code.
std::string empty_in_child(const std::string& path) {
    sqlite3* handle = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(handle, journal_busy_ms);
        // The last one to close would remove the files beside the database, which readers with fewer rights (Dovecot, Postfix) cannot make.
        int keep = 1;
        sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_PERSIST_WAL, &keep);
        // A connection that has read nothing yet knows of no journal: the checkpoint would do nothing, and succeed.
        code = sqlite3_exec(handle, "PRAGMA schema_version", nullptr, nullptr, nullptr);
    }
    if (code == SQLITE_OK) {
        code = checkpoint_gently(handle);
    }
    sqlite3_close(handle);
    return std::to_string(code);
}

} // namespace

std::optional<std::vector<Row>> ask_database(const DatabasePlace& place, const std::string& sql) {
    const ChildBounds bounds{answer_bytes_max + answer_bytes_spare, slow_deadline};
    const auto told = by_owner(place, bounds, [&sql](const std::string& path) { return ask_in_child(path, sql); });
    if (!told || !told->starts_with(answered)) {
        return std::nullopt;
    }
    std::vector<Row> rows;
    for (const std::string_view line : split(*told, '\n')) {
        if (!line.starts_with("=\t")) {
            continue;
        }
        Row& row = rows.emplace_back();
        for (const std::string_view column : split(line.substr(2), '\t')) {
            row.push_back(percent_decode(column, false).value_or(""));
        }
    }
    return rows;
}

Status empty_journal(const DatabasePlace& place) {
    const auto told = by_owner(place, {answer_bytes_spare, journal_limit}, empty_in_child);
    const std::string path = place.state + "/" + place.name;
    if (!told) {
        return fail(ErrorKind::unavailable, path + ": its owner could not do it in time");
    }
    const int code = std::atoi(told->c_str());
    return code == SQLITE_OK ? Status{} : Status(fail(ErrorKind::unavailable, path + ": " + sqlite3_errstr(code)));
}

} // namespace hameau::diagnose
