// Store: what people tells. Events come in order and at least once, but nothing here relies on either: what an event
// names and mail does not know yet gets an empty row, which the later event fills.
#include "modules/mail/policy.hpp"
#include "modules/mail/storage/store.hpp"

namespace hameau::mail {

namespace {
constexpr std::string_view owners_of_association = "SELECT member FROM mailbox WHERE association = ?1 UNION SELECT b.member FROM mailbox b "
                                                   "JOIN forward f ON f.mailbox = b.address JOIN mailbox o ON o.address = f.target "
                                                   "WHERE o.association = ?1";
}

Status Store::give_domain(const std::string& name, const std::string& association, std::int64_t position) {
    // Another association's addresses there stay, unserved, and hold their names until their managers remove them or the
    // domain comes back: an event never takes anybody's address and mail away. What lies in its bin keeps no name there.
    auto freed = ask("DELETE FROM address WHERE kind = 'reserved' AND substr(address, instr(address, '@') + 1) = ?1 AND "
                     "EXISTS (SELECT 1 FROM retired_box r WHERE owner = 'bin/' || r.folder AND r.association <> ?2)");
    if (auto done = run(std::move(freed.bind(1, name).bind(2, association))); !done) {
        return done;
    }
    // What was outside until now kept its capitals; an address of ours has none.
    for (const std::string_view sql : {"UPDATE OR REPLACE alias_target SET target = lower(target) WHERE target <> lower(target) AND substr(target, instr(target, '@') + 1) = ?",
                                       "UPDATE OR REPLACE forward SET target = lower(target) WHERE target <> lower(target) AND substr(target, instr(target, '@') + 1) = ?",
                                       "UPDATE OR REPLACE circle_outside SET address = lower(address) WHERE address <> lower(address) AND substr(address, instr(address, '@') + 1) = ?"}) {
        auto lowered = ask(sql);
        lowered.bind(1, name);
        if (auto done = run(std::move(lowered)); !done) {
            return done;
        }
    }
    auto change = ask("INSERT INTO domain(name, association, position) VALUES (?, ?, ?) "
                      "ON CONFLICT(name) DO UPDATE SET association = excluded.association, position = excluded.position");
    change.bind(1, name).bind(2, association).bind(3, position);
    return run(std::move(change));
}

Status Store::put_association(const Association& association) {
    auto change = ask("INSERT INTO association(slug, name, quota_bytes, closed) VALUES (?, ?, ?, ?) ON CONFLICT(slug) DO UPDATE SET "
                      "name = excluded.name, quota_bytes = excluded.quota_bytes, closed = excluded.closed");
    change.bind(1, association.slug).bind(2, association.name).bind(3, static_cast<std::int64_t>(association.quota_bytes));
    change.bind(4, association.closed);
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    touch_owners("SELECT DISTINCT member FROM mailbox WHERE association = ?", association.slug);
    // Addresses in a domain that was given up stay, served no more (the engine_* views), until it comes back or is
    // another association's.
    auto remove = ask("DELETE FROM domain WHERE association = ?");
    remove.bind(1, association.slug);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    std::int64_t position = 0;
    for (const std::string& name : association.domains) {
        if (auto done = give_domain(name, association.slug, position++); !done) {
            return done;
        }
    }
    return {};
}

Status Store::erase_association(const std::string& slug) {
    touch_owners(owners_of_association, slug);
    auto change = ask("DELETE FROM association WHERE slug = ?");
    change.bind(1, slug);
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    // Asked again, it does not begin again with folders that are gone.
    auto mark = ask("UPDATE retired_box SET erase = 1 WHERE association = ? AND erase <> 3");
    mark.bind(1, slug);
    return run(std::move(mark));
}

Status Store::put_member(const Member& member) {
    // The newest event says whose login it is; the other member's own event is on its way.
    auto yield = ask("UPDATE member SET login = '?' || id WHERE login = ? AND id <> ?");
    yield.bind(1, member.login).bind(2, member.id);
    touch_owners("SELECT id FROM member WHERE login = ?", member.login);
    if (auto done = run(std::move(yield)); !done) {
        return done;
    }
    touched_.insert(member.id);
    auto change = ask("INSERT INTO member(id, login, name, disabled, password_hash, contact) VALUES (?, ?, ?, ?, ?, ?) "
                      "ON CONFLICT(id) DO UPDATE SET login = excluded.login, name = excluded.name, disabled = excluded.disabled, "
                      "password_hash = excluded.password_hash, contact = excluded.contact");
    change.bind(1, member.id).bind(2, member.login).bind(3, member.name).bind(4, member.disabled).bind(6, member.contact);
    if (member.password_hash.empty()) {
        change.bind_null(5);
    } else {
        change.bind(5, member.password_hash);
    }
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    // Of an association that they leave, they keep no open session either.
    auto left = ask("INSERT OR IGNORE INTO session_to_end(user) SELECT b.address FROM mailbox b WHERE b.member = ?1 AND "
                    "b.association NOT IN (SELECT value FROM json_each(?2))");
    std::string slugs = "[";
    for (const auto& [slug, role] : member.associations) {
        slugs.append(slugs.size() > 1 ? ",\"" : "\"").append(slug).append("\"");
    }
    left.bind(1, member.id).bind(2, slugs + "]");
    if (auto done = run(std::move(left)); !done) {
        return done;
    }
    auto remove = ask("DELETE FROM membership WHERE member = ?");
    remove.bind(1, member.id);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    for (const auto& [slug, role] : member.associations) {
        auto known = ask("INSERT OR IGNORE INTO association(slug, name, quota_bytes) VALUES (?1, ?1, 0)");
        known.bind(1, slug);
        auto insert = ask("INSERT OR REPLACE INTO membership(association, member, role) VALUES (?, ?, ?)");
        insert.bind(1, slug).bind(2, member.id).bind(3, role);
        auto done = run(std::move(known));
        done = done ? run(std::move(insert)) : done;
        if (!done) {
            return done;
        }
    }
    return {};
}

Status Store::erase_member(const std::string& id) {
    touched_.insert(id);
    touch_owners("SELECT b.member FROM mailbox b JOIN forward f ON f.mailbox = b.address JOIN mailbox o ON o.address = f.target "
                 "WHERE o.member = ?",
                 id);
    auto change = ask("DELETE FROM member WHERE id = ?");
    change.bind(1, id);
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    // A member removed by mistake does not take the messages along at once: they wait as long as a bin does.
    auto mark = ask("UPDATE retired_box SET erase = 2 WHERE member = ? AND erase = 0");
    mark.bind(1, id);
    return run(std::move(mark));
}

Result<Store::PutCircle> Store::put_circle(const Circle& circle) {
    const std::string owner = circle.association + "/" + circle.slug;
    PutCircle out;
    auto known = ask("INSERT OR IGNORE INTO association(slug, name, quota_bytes) VALUES (?1, ?1, 0)");
    known.bind(1, circle.association);
    auto yield = ask("UPDATE circle SET address = NULL WHERE address = ?1 AND NOT (association = ?2 AND slug = ?3)");
    yield.bind(1, circle.address).bind(2, circle.association).bind(3, circle.slug);
    Status ready = run(std::move(known));
    ready = ready ? run(std::move(yield)) : ready;
    // Emptied first: its entries go with it, and the search for loops below sees the group without them.
    ready = ready ? erase_circle(circle.association, circle.slug) : ready;
    if (ready && !circle.address.empty()) {
        out.holder = holder_but(circle.address, owner);
        ready = clear_reservation(circle.address, owner);
    }
    if (!ready) {
        return fail(std::move(ready.error()));
    }
    auto insert = ask("INSERT INTO circle(association, slug, name, address, may_send) VALUES (?, ?, ?, ?, ?)");
    insert.bind(1, circle.association).bind(2, circle.slug).bind(3, circle.name).bind(5, circle.may_send);
    if (circle.address.empty() || out.holder != Holder::nobody) {
        insert.bind_null(4);
    } else {
        insert.bind(4, circle.address);
    }
    if (auto done = run(std::move(insert)); !done) {
        return fail(std::move(done.error()));
    }
    for (const std::string& id : circle.members) {
        auto member = ask("INSERT OR IGNORE INTO member(id, login, name, disabled) VALUES (?1, '?' || ?1, '', 1)");
        member.bind(1, id);
        auto entry = ask("INSERT OR IGNORE INTO circle_member(association, circle, member) VALUES (?, ?, ?)");
        entry.bind(1, circle.association).bind(2, circle.slug).bind(3, id);
        auto done = run(std::move(member));
        done = done ? run(std::move(entry)) : done;
        if (!done) {
            return fail(std::move(done.error()));
        }
    }
    for (const std::string& address : circle.outside) {
        if (!circle.address.empty() && loop(circle.address, {address})) {
            out.left_out.push_back(address);
            continue;
        }
        auto entry = ask("INSERT OR IGNORE INTO circle_outside(association, circle, address) VALUES (?, ?, ?)");
        entry.bind(1, circle.association).bind(2, circle.slug).bind(3, address);
        if (auto done = run(std::move(entry)); !done) {
            return fail(std::move(done.error()));
        }
    }
    return out;
}

Status Store::erase_circle(const std::string& association, const std::string& slug) {
    auto change = ask("DELETE FROM circle WHERE association = ? AND slug = ?");
    change.bind(1, association).bind(2, slug);
    return run(std::move(change));
}

} // namespace hameau::mail
