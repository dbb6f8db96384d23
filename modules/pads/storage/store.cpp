// The rows of pads in pads.db. Each change is one transaction; the log and the history are in store_log and store_history.
#include "modules/pads/storage/store.hpp"

#include <algorithm>

#include "daemon/store/before_migration.hpp"

namespace hameau::pads {

namespace {

constexpr std::string_view columns =
    "number, id, association, slug, title, members, link, link_key, created_ms, created_by, creator, "
    "updated_ms, updated_by, deleted_ms, people, people_members";

/// Logins and ids hold no blank.
std::string join(const std::vector<std::string>& logins) {
    std::string text;
    for (const std::string& login : logins) {
        text += (text.empty() ? "" : " ") + login;
    }
    return text;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> logins;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        logins.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return logins;
}

PadRow read_row(const Statement& row) {
    PadRow pad;
    pad.number = row.number(0);
    pad.id = row.text(1);
    pad.association = row.text(2);
    pad.slug = row.text(3);
    pad.title = row.text(4);
    pad.access.members = permission_from(row.view(5)).value_or(Permission::none);
    pad.access.link = permission_from(row.view(6)).value_or(Permission::none);
    pad.link_key = row.text(7);
    pad.created_ms = row.number(8);
    pad.created_by = row.text(9);
    pad.creator = row.text(10);
    pad.updated_ms = row.number(11);
    pad.updated_by = row.text(12);
    if (!row.is_null(13)) {
        pad.deleted_ms = row.number(13);
    }
    pad.access.people = split(row.view(14));
    pad.access.members_named = split(row.view(15));
    return pad;
}

Result<std::vector<std::string>> read_texts(Statement query) {
    std::vector<std::string> found;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return found;
        }
        found.push_back(query.text(0));
    }
}

std::string select_pads(std::string_view condition) {
    return "SELECT " + std::string(columns) + " FROM pad " + std::string(condition);
}

} // namespace

PadStore::PadStore(Database& database, std::shared_ptr<LogIndex> index) :
    database_(database), index_(std::move(index)), begin_(database.prepare("BEGIN IMMEDIATE")), commit_(database.prepare("COMMIT")),
    insert_update_(database.prepare("INSERT INTO pad_update (pad, author, time_ms, bytes, added, removed, seq, cut) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")),
    insert_client_(database.prepare("INSERT OR IGNORE INTO pad_client (pad, client, author, brought, first_ms) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5)")),
    log_row_(database.prepare("SELECT seq, author, time_ms, added, removed, bytes FROM pad_update WHERE seq = ?1")) {}

Status PadStore::transaction(const std::function<Status()>& work) {
    if (auto begun = begin_.run(); !begun) {
        return begun;
    }
    Status done = work();
    if (done) {
        done = commit_.run();
    }
    if (!done) {
        // A full disk may have rolled it back already; then there is nothing to end.
        (void)database_.execute("ROLLBACK");
    }
    return done;
}

/// An open pad's last edit stands in its log only.
Status PadStore::note_newest(PadRow& pad) {
    const auto seq = index_->last(database_, pad.number);
    if (!seq || *seq == 0) {
        return seq ? Status() : Status(fail(seq.error()));
    }
    auto newest = database_.prepare("SELECT time_ms, name FROM pad_update JOIN author ON author.number = pad_update.author WHERE seq = ?1");
    const auto row = newest.bind(1, *seq).step();
    if (!row) {
        return fail(row.error());
    }
    if (*row) {
        pad.updated_ms = newest.number(0);
        pad.updated_by = newest.text(1);
    }
    return {};
}

Result<std::optional<PadRow>> PadStore::read_one(Statement& query) {
    const auto found = query.step();
    if (!found) {
        return fail(found.error());
    }
    if (!*found) {
        return std::nullopt;
    }
    PadRow pad = read_row(query);
    if (auto noted = note_newest(pad); !noted) {
        return fail(std::move(noted.error()));
    }
    return pad;
}

Status PadStore::create(PadRow& pad, const Edit* content) {
    return create_with(pad, [this, content](std::int64_t number) -> Status {
        if (content == nullptr) {
            return {};
        }
        const std::vector<Edit> edits{*content};
        const auto seq = append(number, edits, {});
        return seq ? Status{} : Status(fail(seq.error()));
    });
}

Status PadStore::create_with(PadRow& pad, const std::function<Status(std::int64_t number)>& fill) {
    const Status done = database_.transaction([&]() -> Status {
        auto insert = database_.prepare(
            "INSERT INTO pad (id, association, slug, title, members, link, link_key, created_ms, created_by, creator, "
            "updated_ms, updated_by, people, people_members) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
        insert.bind(1, pad.id).bind(2, pad.association).bind(3, pad.slug).bind(4, pad.title);
        insert.bind(5, to_text(pad.access.members)).bind(6, to_text(pad.access.link)).bind(7, pad.link_key);
        insert.bind(8, pad.created_ms).bind(9, pad.created_by).bind(10, pad.creator);
        insert.bind(11, pad.updated_ms).bind(12, pad.updated_by).bind(13, join(pad.access.people));
        insert.bind(14, join(pad.access.members_named));
        if (auto done = insert.run(); !done) {
            return done;
        }
        pad.number = database_.last_insert_id();
        return fill(pad.number);
    });
    if (done) {
        committed();
    } else {
        rolled_back();
    }
    return done;
}

Result<std::optional<PadRow>> PadStore::find_by_id(std::string_view id) {
    const std::string sql = select_pads("WHERE id = ?1");
    auto query = database_.prepare(sql);
    query.bind(1, id);
    return read_one(query);
}

Result<std::optional<PadRow>> PadStore::find_by_slug(std::string_view association, std::string_view slug) {
    const std::string sql = select_pads("WHERE association = ?1 AND slug = ?2 AND deleted_ms IS NULL");
    auto query = database_.prepare(sql);
    query.bind(1, association).bind(2, slug);
    return read_one(query);
}

Result<std::vector<PadRow>> PadStore::list(std::string_view association, Bin bin, std::string_view after,
                                           std::size_t limit) {
    // In the bin a slug may occur twice: the id is the key there.
    const std::string sql = select_pads(
        bin == Bin::inside ? "WHERE association = ?1 AND deleted_ms IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3"
                           : "WHERE association = ?1 AND deleted_ms IS NULL AND slug > ?2 ORDER BY slug LIMIT ?3");
    auto query = database_.prepare(sql);
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    std::vector<PadRow> pads;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return pads;
        }
        pads.push_back(read_row(query));
        if (auto noted = note_newest(pads.back()); !noted) {
            return fail(std::move(noted.error()));
        }
    }
}

Result<std::size_t> PadStore::count(std::string_view association) {
    auto query = database_.prepare("SELECT count(*) FROM pad WHERE association = ?1");
    query.bind(1, association);
    const auto row = query.step();
    if (!row) {
        return fail(row.error());
    }
    return static_cast<std::size_t>(query.number(0));
}

Status PadStore::change(std::int64_t number, const PadChange& change) {
    auto statement = database_.prepare(
        "UPDATE pad SET title = coalesce(?2, title), members = coalesce(?3, members), link = coalesce(?4, link), "
        "link_key = coalesce(?5, link_key), slug = coalesce(?6, slug), deleted_ms = CASE WHEN ?9 THEN ?7 ELSE deleted_ms END, "
        "people = coalesce(?8, people), people_members = coalesce(?10, people_members) WHERE number = ?1");
    const auto bind = [&statement](int column, const std::optional<std::string>& value) {
        if (value) {
            statement.bind(column, *value);
        } else {
            statement.bind_null(column);
        }
    };
    const auto& access = change.access;
    const std::optional<std::string> none;
    statement.bind(1, number);
    bind(2, change.title);
    bind(3, access ? std::optional(std::string(to_text(access->members))) : none);
    bind(4, access ? std::optional(std::string(to_text(access->link))) : none);
    bind(5, change.link_key);
    bind(6, change.slug);
    bind(8, access ? std::optional(join(access->people)) : none);
    bind(10, access ? std::optional(join(access->members_named)) : none);
    if (change.deleted_ms && *change.deleted_ms) {
        statement.bind(7, **change.deleted_ms);
    } else {
        statement.bind_null(7);
    }
    statement.bind(9, std::int64_t{change.deleted_ms ? 1 : 0});
    return statement.run();
}

Result<std::vector<std::string>> PadStore::associations() {
    return read_texts(database_.prepare("SELECT association FROM pad UNION SELECT association FROM image"));
}

Status PadStore::set_closed(std::string_view association, bool closed) {
    auto change = database_.prepare(closed ? "INSERT OR IGNORE INTO closed_association (slug) VALUES (?1)"
                                           : "DELETE FROM closed_association WHERE slug = ?1");
    return change.bind(1, association).run();
}

Result<std::vector<std::string>> PadStore::closed_associations() {
    return read_texts(database_.prepare("SELECT slug FROM closed_association"));
}

Result<std::vector<PadRow>> PadStore::without_members() {
    auto query = database_.prepare(select_pads("WHERE people <> '' AND people_members = ''"));
    std::vector<PadRow> rows;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return rows;
        }
        rows.push_back(read_row(query));
    }
}

Status PadStore::erase(std::int64_t number) {
    auto statement = database_.prepare("DELETE FROM pad WHERE number = ?1");
    return statement.bind(1, number).run();
}

void PadStore::forget_copies() { hameau::forget_copies(database_); }

Result<bool> PadStore::erase_from_bin(std::int64_t number) {
    auto statement = database_.prepare("DELETE FROM pad WHERE number = ?1 AND deleted_ms IS NOT NULL");
    if (auto done = statement.bind(1, number).run(); !done) {
        return fail(done.error());
    }
    return database_.changes() > 0;
}

Status PadStore::erase_association(std::string_view association) {
    return database_.transaction([&] {
        auto statement = database_.prepare("DELETE FROM pad WHERE association = ?1");
        Status done = statement.bind(1, association).run();
        for (const std::string_view sql : {"DELETE FROM image WHERE association = ?1", "DELETE FROM closed_association WHERE slug = ?1"}) {
            auto more = database_.prepare(sql);
            done = done ? more.bind(1, association).run() : done;
        }
        if (done) {
            // Names of people who wrote nowhere else go too.
            done = database_.execute("DELETE FROM author WHERE number NOT IN (SELECT author FROM pad_update UNION "
                                     "SELECT author FROM pad_history UNION SELECT author FROM pad_client)");
        }
        author_numbers_.clear();
        return done;
    });
}

Result<std::size_t> PadStore::purge(std::int64_t before_ms) {
    auto statement = database_.prepare("DELETE FROM pad WHERE deleted_ms < ?1");
    if (auto done = statement.bind(1, before_ms).run(); !done) {
        return fail(done.error());
    }
    return static_cast<std::size_t>(database_.changes());
}

} // namespace hameau::pads
