// Three look-ups. The file is opened without the right to write: the milter must never take the WAL away (see README).
#include "modules/mail/milter/rights.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <sqlite3.h>

#include "modules/mail/milter/address.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

struct CloseDatabase {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, CloseDatabase>;

tl::unexpected<Error> unreadable(sqlite3* handle) {
    return fail(ErrorKind::unavailable, std::string("mail.db: ") + (handle != nullptr ? sqlite3_errmsg(handle) : "no memory"));
}

Result<Handle> open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    Handle handle(raw);
    if (code != SQLITE_OK) {
        return unreadable(raw);
    }
    sqlite3_busy_timeout(raw, rights_busy_ms);
    return handle;
}

/// The first column of all rows (at most `limit`).
Result<std::vector<std::string>> column(sqlite3* handle, const char* sql, std::initializer_list<std::string_view> values,
                                        std::size_t limit) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle, sql, -1, &raw, nullptr) != SQLITE_OK) {
        return unreadable(handle);
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    int index = 1;
    for (const std::string_view value : values) {
        sqlite3_bind_text64(raw, index++, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    std::vector<std::string> out;
    for (;;) {
        const int code = sqlite3_step(raw);
        if (code == SQLITE_DONE || out.size() == limit) {
            return out;
        }
        if (code != SQLITE_ROW) {
            return unreadable(handle);
        }
        if (const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0))) {
            out.emplace_back(text);
        }
    }
}

/// The first column of the first row, 0 without a row.
Result<std::int64_t> number(const std::string& path, const char* sql, std::initializer_list<std::string_view> values) {
    const auto handle = open(path);
    if (!handle) {
        return fail(handle.error());
    }
    const auto rows = column(handle->get(), sql, values, 1);
    if (!rows) {
        return fail(rows.error());
    }
    std::int64_t value = 0;
    if (!rows->empty()) {
        std::from_chars(rows->front().data(), rows->front().data() + rows->front().size(), value);
    }
    return value;
}

} // namespace

namespace {

/// Whether there is a row for this address, with its tag or without.
Result<bool> is_row(const std::string& path, const char* sql, const std::string& address, const std::string& user) {
    const auto handle = open(path);
    if (!handle) {
        return fail(handle.error());
    }
    for (const std::string& form : {address, without_tag(address)}) {
        const auto rows = column(handle->get(), sql, {form, user}, 1);
        if (!rows) {
            return fail(rows.error());
        }
        if (!rows->empty()) {
            return true;
        }
    }
    return false;
}

} // namespace

Result<bool> DatabaseRights::may_send(const std::string& user, const std::string& address) {
    return is_row(path_, "SELECT user FROM engine_sender WHERE address = ?1 AND user = ?2", address, user);
}

Result<bool> DatabaseRights::leads_only_to(const std::string& address, const std::string& user) {
    return is_row(path_, "SELECT user FROM engine_own_alias WHERE address = ?1 AND user = ?2", address, user);
}

Result<std::vector<std::string>> DatabaseRights::domains() const {
    const auto handle = open(path_);
    return handle ? column(handle->get(), "SELECT name FROM engine_open_domain ORDER BY name", {}, signing_domains_listed_max) : fail(handle.error());
}

Result<std::int64_t> DatabaseRights::session_clock() { return number(path_, "SELECT sequence FROM engine_session_clock", {}); }

Result<std::int64_t> DatabaseRights::session_end(const std::string& user) {
    return number(path_, "SELECT sequence FROM engine_session_end WHERE user = ?1", {user});
}

Result<std::vector<std::string>> DatabaseRights::mailboxes_of(const std::string& recipient, bool& all_here) {
    all_here = true;
    const auto handle = open(path_);
    if (!handle) {
        return fail(handle.error());
    }
    std::vector<std::string> found;
    std::deque<std::string> open_ends = {without_tag(recipient)};
    for (std::size_t lookups = 0; !open_ends.empty(); ++lookups) {
        if (lookups == rights_lookups_max || found.size() > rights_mailboxes_max) {
            all_here = false;
            break;
        }
        const std::string address = std::move(open_ends.front());
        open_ends.pop_front();
        const auto targets = column(handle->get(), "SELECT target FROM engine_alias WHERE address = ?1", {address}, 256);
        if (!targets) {
            return fail(targets.error());
        }
        if (!targets->empty()) {
            open_ends.insert(open_ends.end(), targets->begin(), targets->end());
            continue;
        }
        const auto mailbox = column(handle->get(), "SELECT address FROM engine_mailbox WHERE address = ?1", {address}, 1);
        if (!mailbox) {
            return fail(mailbox.error());
        }
        if (mailbox->empty()) {
            all_here = false;
        } else if (std::find(found.begin(), found.end(), address) == found.end()) {
            found.push_back(address);
        }
    }
    return found;
}

} // namespace hameau::milter
