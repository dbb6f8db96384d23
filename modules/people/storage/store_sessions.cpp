// Store: sessions, known devices, invitations, recovery codes, declared hashes. Only hashes of secrets come here.
#include <algorithm>

#include "modules/people/storage/store.hpp"

namespace hameau::people {

Status Store::insert_session(const std::string& token_hash, const std::string& id, const std::string& person,
                             bool shared, std::int64_t now_ms, std::int64_t expires_ms) {
    auto insert = ask("INSERT INTO session(token_hash, id, person, shared, created_ms, seen_ms, proven_ms, expires_ms) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5, ?6)");
    insert.bind(1, token_hash).bind(2, id).bind(3, person).bind(4, shared).bind(5, now_ms).bind(6, expires_ms);
    if (auto done = run(std::move(insert)); !done) {
        return done;
    }
    auto trim = ask("DELETE FROM session WHERE person = ?1 AND token_hash NOT IN "
                    "(SELECT token_hash FROM session WHERE person = ?1 ORDER BY created_ms DESC, id LIMIT ?2)");
    trim.bind(1, person).bind(2, static_cast<std::int64_t>(sessions_per_person_max));
    return run(std::move(trim));
}

std::optional<Session> Store::session(const std::string& token_hash, std::int64_t now_ms, std::int64_t shared_idle_ms) {
    auto query = ask("SELECT id, person, shared, seen_ms FROM session WHERE token_hash = ? AND expires_ms > ?");
    query.bind(1, token_hash).bind(2, now_ms);
    return one_session(std::move(query), now_ms, shared_idle_ms);
}

std::optional<Session> Store::session_by_id(const std::string& id, std::int64_t now_ms, std::int64_t shared_idle_ms) {
    auto query = ask("SELECT id, person, shared, seen_ms FROM session WHERE id = ? AND expires_ms > ?");
    query.bind(1, id).bind(2, now_ms);
    return one_session(std::move(query), now_ms, shared_idle_ms);
}

std::optional<Session> Store::one_session(Statement query, std::int64_t now_ms, std::int64_t shared_idle_ms) {
    if (!row(query)) {
        return std::nullopt;
    }
    Session session;
    session.id = query.text(0);
    session.shared = query.number(2) != 0;
    session.seen_ms = query.number(3);
    auto owner = person(query.view(1));
    if (!owner || !owner->may_sign_in() || (session.shared && now_ms - session.seen_ms >= shared_idle_ms)) {
        return std::nullopt;
    }
    session.person = std::move(*owner);
    return session;
}

std::int64_t Store::proven_ms(const std::string& session) {
    auto query = ask("SELECT proven_ms FROM session WHERE id = ?");
    query.bind(1, session);
    return row(query) ? query.number(0) : 0;
}

Status Store::note_proven(const std::string& session, std::int64_t now_ms) {
    auto change = ask("UPDATE session SET proven_ms = ? WHERE id = ?");
    change.bind(1, now_ms).bind(2, session);
    return run(std::move(change));
}

void Store::touch_session(const std::string& token_hash, std::int64_t now_ms) {
    auto change = ask("UPDATE session SET seen_ms = ? WHERE token_hash = ?");
    change.bind(1, now_ms).bind(2, token_hash);
    row(change);
}

Status Store::erase_session(const std::string& id) {
    auto change = ask("DELETE FROM session WHERE id = ?");
    change.bind(1, id);
    return run(std::move(change));
}

Status Store::erase_sessions(const std::string& person, const std::string& keep) {
    auto change = ask("DELETE FROM session WHERE person = ? AND id <> ?");
    change.bind(1, person).bind(2, keep);
    return run(std::move(change));
}

Status Store::erase_devices(const std::string& person) {
    auto change = ask("DELETE FROM device WHERE person = ?");
    change.bind(1, person);
    return run(std::move(change));
}

Status Store::insert_device(const std::string& token_hash, const std::string& person, std::int64_t now_ms) {
    auto insert = ask("INSERT INTO device(token_hash, person, created_ms) VALUES (?, ?, ?)");
    insert.bind(1, token_hash).bind(2, person).bind(3, now_ms);
    if (auto done = run(std::move(insert)); !done) {
        return done;
    }
    auto trim = ask("DELETE FROM device WHERE person = ?1 AND token_hash NOT IN "
                    "(SELECT token_hash FROM device WHERE person = ?1 ORDER BY created_ms DESC, token_hash LIMIT ?2)");
    trim.bind(1, person).bind(2, static_cast<std::int64_t>(devices_per_person_max));
    return run(std::move(trim));
}

bool Store::is_device_of(const std::string& token_hash, const std::string& person) {
    auto query = ask("SELECT 1 FROM device WHERE token_hash = ? AND person = ?");
    query.bind(1, token_hash).bind(2, person);
    return row(query);
}

Status Store::put_invitation(const Invitation& invitation, const std::string& code_hash, std::int64_t now_ms) {
    auto change = ask("INSERT OR REPLACE INTO invitation(person, association, token_hash, code_hash, created_ms, expires_ms, "
                      "maker, admin, manager, associations, password_state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    std::string slugs = " ";
    for (const std::string& slug : invitation.account.associations) {
        slugs += slug + " ";
    }
    change.bind(1, invitation.person.id).bind(2, invitation.association).bind(3, invitation.token_hash).bind(4, code_hash);
    change.bind(5, now_ms).bind(6, invitation.expires_ms).bind(7, invitation.maker).bind(8, invitation.account.admin);
    change.bind(9, invitation.manager).bind(10, slugs).bind(11, invitation.password_state);
    return run(std::move(change));
}

#define INVITATION_QUERY                                                                                                  \
    "SELECT i.person, i.association, a.name, i.expires_ms, i.token_hash, i.maker, i.admin, i.manager, i.associations, "   \
    "i.password_state FROM invitation i JOIN association a ON a.slug = i.association "

std::optional<Invitation> Store::one_invitation(Statement query) {
    if (!row(query)) {
        return std::nullopt;
    }
    Invitation invitation;
    auto invited = person(query.view(0));
    if (!invited) {
        return std::nullopt;
    }
    invitation.person = std::move(*invited);
    invitation.association = query.text(1);
    invitation.association_name = query.text(2);
    invitation.expires_ms = query.number(3);
    invitation.token_hash = query.text(4);
    invitation.maker = query.text(5);
    invitation.account.admin = query.number(6) != 0;
    invitation.manager = query.number(7) != 0;
    std::string_view slugs = query.view(8);
    while (!slugs.empty()) {
        const std::size_t space = std::min(slugs.find(' '), slugs.size());
        if (space > 0) {
            invitation.account.associations.emplace_back(slugs.substr(0, space));
        }
        slugs.remove_prefix(std::min(space + 1, slugs.size()));
    }
    invitation.password_state = query.text(9);
    return invitation;
}

std::optional<Invitation> Store::invitation(const std::string& token_or_code_hash, std::int64_t now_ms) {
    auto query = ask(INVITATION_QUERY "WHERE (i.token_hash = ?1 OR i.code_hash = ?1) AND i.expires_ms > ?2");
    query.bind(1, token_or_code_hash).bind(2, now_ms);
    return one_invitation(std::move(query));
}

std::optional<Invitation> Store::invitation_of(const std::string& person, std::int64_t now_ms) {
    auto query = ask(INVITATION_QUERY "WHERE i.person = ?1 AND i.expires_ms > ?2");
    query.bind(1, person).bind(2, now_ms);
    return one_invitation(std::move(query));
}

Status Store::erase_invitation(const std::string& person) {
    auto change = ask("DELETE FROM invitation WHERE person = ?");
    change.bind(1, person);
    return run(std::move(change));
}

bool Store::use_invitation(const std::string& person, const std::string& token_hash) {
    auto change = ask("DELETE FROM invitation WHERE person = ? AND token_hash = ? RETURNING 1");
    change.bind(1, person).bind(2, token_hash);
    const bool used = row(change);
    while (row(change)) {
    }
    return used;
}

Status Store::replace_recovery_codes(const std::string& person, const std::vector<std::string>& hashes) {
    auto remove = ask("DELETE FROM recovery_code WHERE person = ?");
    remove.bind(1, person);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    for (const std::string& hash : hashes) {
        auto insert = ask("INSERT OR IGNORE INTO recovery_code(person, code_hash) VALUES (?, ?)");
        insert.bind(1, person).bind(2, hash);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

std::size_t Store::count_recovery_codes(const std::string& person) {
    auto query = ask("SELECT count(*) FROM recovery_code WHERE person = ?");
    query.bind(1, person);
    return count(std::move(query));
}

bool Store::use_recovery_code(const std::string& person, const std::string& hash) {
    auto change = ask("DELETE FROM recovery_code WHERE person = ? AND code_hash = ? RETURNING 1");
    change.bind(1, person).bind(2, hash);
    const bool used = row(change);
    while (row(change)) {
    }
    return used;
}

std::vector<std::pair<std::string, std::string>> Store::declared() {
    auto query = ask("SELECT name, hash FROM declared ORDER BY name");
    std::vector<std::pair<std::string, std::string>> out;
    while (row(query)) {
        out.emplace_back(query.text(0), query.text(1));
    }
    return out;
}

Status Store::set_declared(std::string_view name, std::optional<std::string_view> hash) {
    if (!hash) {
        auto remove = ask("DELETE FROM declared WHERE name = ?");
        remove.bind(1, name);
        return run(std::move(remove));
    }
    auto change = ask("INSERT INTO declared(name, hash) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET hash = excluded.hash");
    change.bind(1, name).bind(2, *hash);
    return run(std::move(change));
}

void Store::end_all_sessions() {
    for (const std::string_view sql : {"DELETE FROM session", "DELETE FROM invitation", "DELETE FROM device"}) {
        auto remove = ask(sql);
        row(remove);
    }
}

void Store::erase_outdated(std::int64_t now_ms) {
    for (const std::string_view sql : {"DELETE FROM session WHERE expires_ms <= ?", "DELETE FROM invitation WHERE expires_ms <= ?"}) {
        auto remove = ask(sql);
        remove.bind(1, now_ms);
        row(remove);
    }
}

} // namespace hameau::people
