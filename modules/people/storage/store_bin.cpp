// Store: the bin of members. A removed member is a row of `removed_member`, which keeps what brings the membership back. With
// the last membership the account goes into the bin too: it is disabled, gives its login free and is unknown to mail until it
// comes back. Called by api_bin.cpp, archive.cpp and at the start. Never asks who may.
#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "daemon/store/before_migration.hpp"
#include "modules/people/storage/store.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

#define REMOVED_COLUMNS                                                                                                      \
    "r.association, r.person, CASE WHEN p.binned > 0 THEN r.login ELSE p.login END, p.name, p.admin, r.role, r.circles, " \
    "r.password_state, r.removed_ms, p.binned FROM removed_member r JOIN person p ON p.id = r.person "

/// person.binned: 0 while the account is in use.
constexpr int binned_enabled = 1;

RemovedMember read_removed(const Statement& found) {
    RemovedMember out;
    out.association = found.text(0);
    out.person = found.text(1);
    out.login = found.text(2);
    out.name = found.text(3);
    out.admin = found.number(4) != 0;
    out.role = role_of(found.view(5));
    boost::system::error_code failed;
    const json::value circles = json::parse(found.text(6), failed);
    for (const json::value& slug : !failed && circles.is_array() ? circles.get_array() : json::array()) {
        out.circles.emplace_back(slug.is_string() ? std::string(slug.get_string()) : std::string());
    }
    out.password_state = found.text(7);
    out.removed_ms = found.number(8);
    out.account = found.number(9) != 0;
    return out;
}

} // namespace

std::vector<RemovedMember> Store::removed_members(const std::string& association, const std::string& after, std::size_t limit, std::int64_t since_ms) {
    auto query = ask("SELECT " REMOVED_COLUMNS "WHERE r.association = ? AND r.person > ? AND r.removed_ms > ? ORDER BY r.person LIMIT ?");
    query.bind(1, association).bind(2, after).bind(3, since_ms).bind(4, static_cast<std::int64_t>(limit));
    std::vector<RemovedMember> out;
    while (row(query)) {
        out.push_back(read_removed(query));
    }
    return out;
}

std::optional<RemovedMember> Store::removed_member(const std::string& association, const std::string& id_or_login, std::int64_t since_ms) {
    auto query = ask("SELECT " REMOVED_COLUMNS "WHERE r.association = ?1 AND r.removed_ms > ?3 AND (r.person = ?2 OR "
                     "CASE WHEN p.binned > 0 THEN r.login ELSE p.login END = ?2) ORDER BY r.person = ?2 DESC, r.removed_ms DESC, r.person LIMIT 1");
    query.bind(1, association).bind(2, id_or_login).bind(3, since_ms);
    return row(query) ? std::optional(read_removed(query)) : std::nullopt;
}

Status Store::bin_person(const Person& person) {
    // No login that anybody can type: the former one is free from now on.
    auto change = ask("UPDATE person SET login = '?' || id, binned = 1 + disabled, disabled = 1 WHERE id = ? AND binned = 0");
    if (auto done = run(std::move(change.bind(1, person.id))); !done) {
        return done;
    }
    for (const std::string_view sql : {"DELETE FROM session WHERE person = ?", "DELETE FROM device WHERE person = ?",
                                       "DELETE FROM invitation WHERE person = ?", "DELETE FROM trial_card WHERE person = ?",
                                       "DELETE FROM sign_in_address WHERE person = ?"}) {
        auto ends = ask(sql);
        if (auto done = run(std::move(ends.bind(1, person.id))); !done) {
            return done;
        }
    }
    return emit_member_erased(person.id);
}

Status Store::unbin_person(const std::string& id, const std::string& login) {
    auto change = ask("UPDATE person SET login = ?2, disabled = binned <> ?3, binned = 0 WHERE id = ?1 AND binned > 0");
    change.bind(1, id).bind(2, login).bind(3, binned_enabled);
    return run(std::move(change));
}

bool Store::lies_in_a_bin(const std::string& person) {
    auto query = ask("SELECT 1 FROM removed_member WHERE person = ?");
    query.bind(1, person);
    return row(query);
}

bool Store::is_binned(const std::string& person) {
    auto query = ask("SELECT 1 FROM person WHERE id = ? AND binned > 0");
    query.bind(1, person);
    return row(query);
}

Status Store::remove_member(const std::string& association, const Member& found, const std::string& password_state, std::int64_t now_ms) {
    const std::string& id = found.person.id;
    auto query = ask("SELECT circle FROM circle_member WHERE association = ? AND person = ? ORDER BY circle");
    query.bind(1, association).bind(2, id);
    std::vector<std::string> circles;
    while (row(query)) {
        circles.push_back(query.text(0));
    }
    auto done = erase_membership(association, id);
    auto keep = ask("INSERT OR REPLACE INTO removed_member(association, person, login, role, circles, password_state, removed_ms) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)");
    keep.bind(1, association).bind(2, id).bind(3, found.person.login).bind(4, to_text(found.role));
    keep.bind(5, json::serialize(json::value_from(circles))).bind(6, password_state).bind(7, now_ms);
    auto addresses = ask("DELETE FROM sign_in_address WHERE person = ? AND association = ?");
    done = done ? run(std::move(keep)) : done;
    done = done ? run(std::move(addresses.bind(1, id).bind(2, association))) : done;
    done = done ? emit_boxes(id, association, "left") : done;
    for (const std::string& circle : circles) {
        done = done ? emit_circle(association, circle) : done;
    }
    // An account without any association goes with its last one; an admin's is the house's.
    const bool last = !has_membership(id) && !found.person.admin;
    done = done && !last ? end_if_shut_out(id) : done;
    done = done ? last ? bin_person(found.person) : emit_member(id) : done;
    return done ? status() : done;
}

Status Store::restore_member(const RemovedMember& removed, const std::string& login, std::vector<std::string>& groups_lost) {
    auto done = removed.account ? unbin_person(removed.person, login) : Status{};
    done = done ? set_membership(removed.association, removed.person, removed.role) : done;
    done = done ? emit_member(removed.person) : done;
    done = done ? emit_boxes(removed.person, removed.association, "back") : done;
    for (const std::string& slug : removed.circles) {
        if (slug.starts_with('-')) {
            groups_lost.push_back(slug.substr(1));  // erased since (erase_circle)
            continue;
        }
        const auto found = circle(removed.association, slug);
        if (!found) {
            groups_lost.push_back(slug);
            continue;
        }
        auto insert = ask("INSERT OR IGNORE INTO circle_member(association, circle, person) VALUES (?, ?, ?)");
        insert.bind(1, removed.association).bind(2, slug).bind(3, removed.person);
        done = done ? run(std::move(insert)) : done;
        done = done ? emit_circle(removed.association, slug) : done;
    }
    return done ? status() : done;
}

Status Store::leave_bin(const std::string& association, const std::string& person) {
    auto query = ask("SELECT 1 FROM removed_member WHERE association = ? AND person = ?");
    query.bind(1, association).bind(2, person);
    return row(query) ? emit_boxes(person, association, "anew") : Status{};
}

Status Store::purge_member(const std::string& association, const std::string& person) {
    auto remove = ask("DELETE FROM removed_member WHERE association = ? AND person = ?");
    auto done = run(std::move(remove.bind(1, association).bind(2, person)));
    done = done ? emit_boxes(person, association, "erased") : done;
    done = done ? erase_if_nowhere(person) : done;
    return done ? status() : done;
}

Status Store::erase_if_nowhere(const std::string& person) {
    auto query = ask("SELECT 1 FROM person p WHERE p.id = ? AND p.binned > 0 AND NOT EXISTS (SELECT 1 FROM removed_member r WHERE r.person = p.id)");
    query.bind(1, person);
    if (!row(query)) {
        return {};
    }
    const auto done = erase_person(person);
    if (done) {
        forget_copies(database_);  // of before an update: the person is in them
    }
    return done ? emit_member_erased(person) : done;
}

std::vector<std::string> Store::in_bin_of(const std::string& association) {
    auto query = ask("SELECT person FROM removed_member WHERE association = ? ORDER BY person");
    query.bind(1, association);
    std::vector<std::string> out;
    while (row(query)) {
        out.push_back(query.text(0));
    }
    return out;
}

Status Store::purge_removed_before(std::int64_t time_ms) {
    auto query = ask("SELECT association, person FROM removed_member WHERE removed_ms <= ? ORDER BY removed_ms");
    query.bind(1, time_ms);
    std::vector<std::pair<std::string, std::string>> over;
    while (row(query)) {
        over.emplace_back(query.text(0), query.text(1));
    }
    for (const auto& [association, person] : over) {
        if (auto done = purge_member(association, person); !done) {
            return done;
        }
    }
    return {};
}

} // namespace hameau::people
