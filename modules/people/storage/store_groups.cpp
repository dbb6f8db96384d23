// Store: associations with their domains, and groups ("circle": GROUP is a word of SQL).
#include <algorithm>

#include "daemon/base/io.hpp"
#include "modules/people/storage/store.hpp"
#include "modules/support/domain_holds.hpp"

namespace hameau::people {

#define ASSOCIATION_COLUMNS \
    "slug, name, quota_bytes, (SELECT count(*) FROM membership m WHERE m.association = slug), binned_ms "

Association Store::read_association(Statement& statement) {
    Association association;
    association.slug = statement.text(0);
    association.name = statement.text(1);
    association.quota_bytes = static_cast<std::uint64_t>(statement.number(2));
    association.members = statement.number(3);
    association.binned_ms = statement.number(4);
    auto domains = ask("SELECT name FROM domain WHERE association = ? ORDER BY position");
    domains.bind(1, association.slug);
    while (row(domains)) {
        association.domains.push_back(domains.text(0));
    }
    return association;
}

std::optional<Association> Store::association(std::string_view slug) {
    auto found = association_anywhere(slug);
    return found && found->binned_ms == 0 ? std::move(found) : std::nullopt;
}

std::optional<Association> Store::association_anywhere(std::string_view slug) {
    auto query = ask("SELECT " ASSOCIATION_COLUMNS "FROM association WHERE slug = ?");
    query.bind(1, slug);
    return row(query) ? std::optional<Association>(read_association(query)) : std::nullopt;
}

std::vector<Association> Store::read_associations(Statement query) {
    std::vector<Association> out;
    while (row(query)) {
        out.push_back(read_association(query));
    }
    return out;
}

std::vector<Association> Store::associations(const std::string& after_slug, std::size_t limit) {
    auto query = ask("SELECT " ASSOCIATION_COLUMNS "FROM association WHERE binned_ms = 0 AND slug > ? ORDER BY slug LIMIT ?");
    query.bind(1, after_slug).bind(2, static_cast<std::int64_t>(limit));
    return read_associations(std::move(query));
}

std::vector<Association> Store::binned_associations(const std::string& after, std::size_t limit, std::int64_t since_ms) {
    auto query = ask("SELECT " ASSOCIATION_COLUMNS "FROM association WHERE binned_ms > ? AND slug > ? ORDER BY slug LIMIT ?");
    query.bind(1, std::max<std::int64_t>(since_ms, 0)).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    return read_associations(std::move(query));
}

std::size_t Store::count_associations() { return count(ask("SELECT count(*) FROM association")); }

Status Store::put_association(const Association& association) {
    auto change = ask("INSERT INTO association(slug, name, quota_bytes, created_ms) VALUES (?, ?, ?, ?) "
                      "ON CONFLICT(slug) DO UPDATE SET name = excluded.name, quota_bytes = excluded.quota_bytes");
    change.bind(1, association.slug).bind(2, association.name);
    change.bind(3, static_cast<std::int64_t>(association.quota_bytes)).bind(4, now_ms());
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    auto remove = ask("DELETE FROM domain WHERE association = ?");
    remove.bind(1, association.slug);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    std::int64_t position = 0;
    for (const std::string& name : association.domains) {
        auto insert = ask("INSERT INTO domain(name, association, position) VALUES (?, ?, ?)");
        insert.bind(1, name).bind(2, association.slug).bind(3, position++);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

std::string Store::owner_of_domain(const std::string& name) {
    auto query = ask("SELECT association FROM domain WHERE name = ?");
    query.bind(1, name);
    return row(query) ? query.text(0) : std::string();
}

Status Store::release_domain(const std::string& name) {
    const std::string owner = owner_of_domain(name);
    auto remove = ask("DELETE FROM domain WHERE name = ?");
    remove.bind(1, name);
    auto done = owner.empty() ? Status{} : run(std::move(remove));
    return done && !owner.empty() ? emit_association(owner) : done;
}

std::vector<Carried> Store::carried(const std::string& domain, const std::string& association, bool others, bool mailboxes) {
    auto query = ask("SELECT 'group', association, address FROM circle WHERE (association <> ?2) = ?4 AND substr(address, instr(address, '@') + 1) = ?1 "
                     "UNION ALL SELECT 'mailbox', association, address FROM sign_in_address "
                     "WHERE ?3 AND (association <> ?2) = ?4 AND substr(address, instr(address, '@') + 1) = ?1 ORDER BY 1, 2, 3");
    query.bind(1, domain).bind(2, association).bind(3, mailboxes).bind(4, others);
    std::vector<Carried> found;
    while (row(query)) {
        found.push_back({query.text(0), query.text(1), query.text(2)});
    }
    return found;
}

std::vector<std::string> Store::domains_below(const Association& association) {
    auto query = ask("SELECT name FROM domain WHERE association <> ? ORDER BY name");
    query.bind(1, association.slug);
    std::vector<std::string> found;
    while (row(query)) {
        const std::string name = query.text(0);
        const bool below = std::any_of(association.domains.begin(), association.domains.end(),
                                       [&name](const std::string& own) { return is_at_or_below(name, own); });
        if (below) {
            found.push_back(name);
        }
    }
    return found;
}

Status Store::erase_association(const std::string& slug) {
    auto change = ask("DELETE FROM association WHERE slug = ?");
    change.bind(1, slug);
    return run(std::move(change));
}

std::vector<std::pair<std::string, std::uint64_t>> Store::usage(const std::string& association) {
    auto query = ask("SELECT module, bytes FROM usage WHERE association = ? ORDER BY module");
    query.bind(1, association);
    std::vector<std::pair<std::string, std::uint64_t>> out;
    while (row(query)) {
        out.emplace_back(query.text(0), static_cast<std::uint64_t>(query.number(1)));
    }
    return out;
}

std::int64_t Store::usage_told_ms(const std::string& association, std::string_view module) {
    auto query = ask("SELECT told_ms FROM usage WHERE association = ? AND module = ?");
    query.bind(1, association).bind(2, module);
    return row(query) ? query.number(0) : 0;
}

Status Store::set_usage(const std::string& association, std::string_view module, std::uint64_t bytes, std::int64_t now_ms) {
    auto change = ask("INSERT INTO usage(association, module, bytes, told_ms) VALUES (?, ?, ?, ?) ON CONFLICT(association, module) "
                      "DO UPDATE SET bytes = excluded.bytes, told_ms = excluded.told_ms");
    change.bind(1, association).bind(2, module).bind(3, static_cast<std::int64_t>(bytes)).bind(4, now_ms);
    return run(std::move(change));
}

void Store::read_circle_entries(Circle& circle) {
    auto members = ask("SELECT p.id, p.login FROM circle_member c JOIN person p ON p.id = c.person "
                       "WHERE c.association = ? AND c.circle = ? ORDER BY p.login");
    members.bind(1, circle.association).bind(2, circle.slug);
    while (row(members)) {
        circle.members.emplace_back(members.text(0), members.text(1));
    }
    auto outside = ask("SELECT address FROM circle_outside WHERE association = ? AND circle = ? ORDER BY address");
    outside.bind(1, circle.association).bind(2, circle.slug);
    while (row(outside)) {
        circle.outside.push_back(outside.text(0));
    }
}

std::vector<Circle> Store::circles(const std::string& association, const std::string& after_slug, std::size_t limit) {
    auto query = ask("SELECT association, slug, name, address, may_send FROM circle "
                     "WHERE association = ? AND slug > ? ORDER BY slug LIMIT ?");
    query.bind(1, association).bind(2, after_slug).bind(3, static_cast<std::int64_t>(limit));
    std::vector<Circle> out;
    while (row(query)) {
        Circle circle;
        circle.association = query.text(0);
        circle.slug = query.text(1);
        circle.name = query.text(2);
        circle.address = query.text(3);
        circle.may_send = query.number(4) != 0;
        read_circle_entries(circle);
        out.push_back(std::move(circle));
    }
    return out;
}

std::optional<Store::Imported> Store::imported(const std::string& association) {
    auto query = ask("SELECT archive, done FROM imported WHERE association = ?");
    query.bind(1, association);
    if (!row(query)) {
        return std::nullopt;
    }
    return Imported{query.text(0), query.number(1) != 0};
}

Status Store::note_import(const std::string& association, const std::string& archive, bool done) {
    auto change = ask("INSERT INTO imported(association, archive, done, changed_ms) VALUES (?, ?, ?, ?) ON CONFLICT(association) "
                      "DO UPDATE SET archive = excluded.archive, done = excluded.done, changed_ms = excluded.changed_ms");
    change.bind(1, association).bind(2, archive).bind(3, done).bind(4, now_ms());
    return run(std::move(change));
}

std::optional<Circle> Store::circle(const std::string& association, const std::string& slug) {
    auto query = ask("SELECT name, address, may_send FROM circle WHERE association = ? AND slug = ?");
    query.bind(1, association).bind(2, slug);
    if (!row(query)) {
        return std::nullopt;
    }
    Circle circle;
    circle.association = association;
    circle.slug = slug;
    circle.name = query.text(0);
    circle.address = query.text(1);
    circle.may_send = query.number(2) != 0;
    read_circle_entries(circle);
    return circle;
}

std::size_t Store::count_circles(const std::string& association) {
    auto query = ask("SELECT count(*) FROM circle WHERE association = ?");
    query.bind(1, association);
    return count(std::move(query));
}

Status Store::put_circle(const Circle& circle) {
    auto change = ask("INSERT INTO circle(association, slug, name, address, may_send) VALUES (?, ?, ?, ?, ?) "
                      "ON CONFLICT(association, slug) DO UPDATE SET name = excluded.name, address = excluded.address, "
                      "may_send = excluded.may_send");
    change.bind(1, circle.association).bind(2, circle.slug).bind(3, circle.name).bind(5, circle.may_send);
    if (circle.address.empty()) {
        change.bind_null(4);
    } else {
        change.bind(4, circle.address);
    }
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    for (const std::string_view sql : {"DELETE FROM circle_member WHERE association = ? AND circle = ?",
                                       "DELETE FROM circle_outside WHERE association = ? AND circle = ?"}) {
        auto remove = ask(sql);
        remove.bind(1, circle.association).bind(2, circle.slug);
        if (auto done = run(std::move(remove)); !done) {
            return done;
        }
    }
    for (const auto& [id, login] : circle.members) {
        auto insert = ask("INSERT OR IGNORE INTO circle_member(association, circle, person) VALUES (?, ?, ?)");
        insert.bind(1, circle.association).bind(2, circle.slug).bind(3, id);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    for (const std::string& address : circle.outside) {
        auto insert = ask("INSERT OR IGNORE INTO circle_outside(association, circle, address) VALUES (?, ?, ?)");
        insert.bind(1, circle.association).bind(2, circle.slug).bind(3, address);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

Status Store::erase_circle(const std::string& association, const std::string& slug) {
    // A group that is made again under this name is another one: who is in the bin does not come back into it.
    auto forget = ask("UPDATE removed_member SET circles = (SELECT json_group_array(CASE value WHEN ?2 THEN '-' || ?2 ELSE value END) "
                      "FROM json_each(circles)) WHERE association = ?1 AND EXISTS (SELECT 1 FROM json_each(circles) WHERE value = ?2)");
    forget.bind(1, association).bind(2, slug);
    const auto done = run(std::move(forget));
    auto change = ask("DELETE FROM circle WHERE association = ? AND slug = ?");
    change.bind(1, association).bind(2, slug);
    return done ? run(std::move(change)) : done;
}

} // namespace hameau::people
