// Store: the addresses that members sign in with and groups answer to. Mail owns every address (table `address` of mail.db);
// these rows are the copy that sign-in reads. They are written together with the event that asks mail for the address, and
// struck out when mail refuses it.
#include "daemon/base/io.hpp"
#include "modules/people/storage/store.hpp"

namespace hameau::people {

std::string Store::mailbox(const std::string& person, const std::string& association) {
    auto query = ask("SELECT address FROM sign_in_address WHERE person = ? ORDER BY association <> ?, position, address LIMIT 1");
    query.bind(1, person).bind(2, association);
    return row(query) ? query.text(0) : std::string();
}

std::string Store::mailbox_in(const std::string& person, const std::string& association) {
    auto query = ask("SELECT address FROM sign_in_address WHERE person = ? AND association = ? ORDER BY position, address LIMIT 1");
    query.bind(1, person).bind(2, association);
    return row(query) ? query.text(0) : std::string();
}

Status Store::set_mailbox(const std::string& person, const std::string& association, const std::string& address, const std::string& from) {
    auto remove = ask("DELETE FROM sign_in_address WHERE person = ? AND address = ?");
    remove.bind(1, person).bind(2, from);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    auto insert = ask("INSERT INTO sign_in_address(address, person, association, position) VALUES (?1, ?2, ?3, "
                      "(SELECT count(*) FROM sign_in_address WHERE person = ?2))");
    insert.bind(1, address).bind(2, person).bind(3, association);
    return run(std::move(insert));
}

Status Store::set_mailboxes(const std::string& person, const std::vector<MailboxAddress>& addresses) {
    auto remove = ask("DELETE FROM sign_in_address WHERE person = ?");
    remove.bind(1, person);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    std::int64_t position = 0;
    for (const MailboxAddress& one : addresses) {
        // Mail owns the address: whoever had it in this copy has it no more.
        auto insert = ask("INSERT OR REPLACE INTO sign_in_address(address, person, association, position) VALUES (?, ?, ?, ?)");
        insert.bind(1, one.address).bind(2, person).bind(3, one.association).bind(4, position++);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

bool Store::is_address_taken(const std::string& address) {
    auto query = ask("SELECT count(*) FROM (SELECT address FROM sign_in_address WHERE address = ?1 UNION ALL "
                     "SELECT address FROM circle WHERE address = ?1)");
    query.bind(1, address);
    return count(std::move(query)) > 0;
}

Status Store::strike_mailbox(const std::string& person, const std::string& association, const std::string& address,
                             const std::string& from) {
    auto remove = ask("DELETE FROM sign_in_address WHERE address = ? AND person = ?");
    remove.bind(1, address).bind(2, person);
    auto back = ask("INSERT OR IGNORE INTO sign_in_address(address, person, association) SELECT ?1, ?2, ?3 WHERE ?1 <> '' "
                    "AND EXISTS (SELECT 1 FROM person WHERE id = ?2)");
    back.bind(1, from).bind(2, person).bind(3, association);
    auto keep = ask("INSERT OR REPLACE INTO refused_address(address, owner, since_ms) SELECT ?1, p.login, ?3 FROM person p WHERE p.id = ?2");
    keep.bind(1, address).bind(2, person).bind(3, now_ms());
    auto done = run(std::move(remove));
    done = done ? run(std::move(back)) : done;
    return done ? run(std::move(keep)) : done;
}

Status Store::strike_circle_address(const std::string& association, const std::string& slug, const std::string& address) {
    auto remove = ask("UPDATE circle SET address = NULL WHERE association = ? AND slug = ? AND address = ?");
    remove.bind(1, association).bind(2, slug).bind(3, address);
    auto keep = ask("INSERT OR REPLACE INTO refused_address(address, owner, since_ms) VALUES (?, ?, ?)");
    keep.bind(1, address).bind(2, association + "/" + slug).bind(3, now_ms());
    auto done = run(std::move(remove));
    return done ? run(std::move(keep)) : done;
}

std::vector<std::string> Store::refused_addresses(std::size_t limit) {
    // Over when the owner has an address again, or is no more.
    auto query = ask("SELECT r.address, r.owner FROM refused_address r WHERE "
                     "EXISTS (SELECT 1 FROM person p WHERE p.login = r.owner AND NOT EXISTS "
                     "(SELECT 1 FROM sign_in_address a WHERE a.person = p.id)) OR "
                     "EXISTS (SELECT 1 FROM circle c WHERE c.association || '/' || c.slug = r.owner AND c.address IS NULL) "
                     "ORDER BY r.since_ms LIMIT ?");
    query.bind(1, static_cast<std::int64_t>(limit));
    std::vector<std::string> out;
    while (row(query)) {
        out.push_back(query.text(0) + " (" + query.text(1) + ")");
    }
    return out;
}

} // namespace hameau::people
