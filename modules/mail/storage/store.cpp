// Store: mailboxes, aliases, and where an address leads.
#include "modules/mail/storage/store.hpp"

#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/policy.hpp"

namespace hameau::mail {

namespace {

#define MAILBOX_COLUMNS                                                                                                 \
    "b.address, b.association, b.member, p.login, b.quota_bytes, b.folder, p.disabled = 0 AND EXISTS (SELECT 1 FROM "    \
    "membership s WHERE s.association = b.association AND s.member = b.member) AS enabled FROM mailbox b JOIN member p " \
    "ON p.id = b.member "
} // namespace

Status Store::transaction(const std::function<Status()>& work) {
    failure_.reset();
    const std::set<std::string> before = touched_;
    Status done = database_.transaction([&]() -> Status {
        auto changed = work();
        if (changed && failure_) {
            return fail(*std::exchange(failure_, std::nullopt));
        }
        return changed;
    });
    if (!done) {
        touched_ = before;
    }
    return done;
}

std::optional<Error> Store::take_failure() { return std::exchange(failure_, std::nullopt); }

bool Store::row(Statement& statement) {
    auto stepped = statement.step();
    if (!stepped && !failure_) {
        failure_ = std::move(stepped.error());
    }
    return stepped && *stepped;
}

std::size_t Store::count(Statement statement) {
    return row(statement) ? static_cast<std::size_t>(statement.number(0)) : 0;
}

std::vector<std::string> Store::texts(Statement statement) {
    std::vector<std::string> out;
    while (row(statement)) {
        out.push_back(statement.text(0));
    }
    return out;
}

void Store::touch_owners(std::string_view sql, const std::string& value) {
    auto query = ask(sql);
    query.bind(1, value);
    while (row(query)) {
        touched_.insert(query.text(0));
    }
}

std::optional<Association> Store::association(const std::string& slug) {
    auto query = ask("SELECT slug, name, quota_bytes, closed FROM association WHERE slug = ?");
    query.bind(1, slug);
    if (!row(query)) {
        return std::nullopt;
    }
    Association found;
    found.closed = query.number(3) != 0;
    found.slug = query.text(0);
    found.name = query.text(1);
    found.quota_bytes = static_cast<std::uint64_t>(query.number(2));
    auto domains = ask("SELECT name FROM domain WHERE association = ? ORDER BY position");
    domains.bind(1, slug);
    found.domains = texts(std::move(domains));
    return found;
}

bool Store::is_member(const std::string& id) {
    auto query = ask("SELECT 1 FROM member WHERE id = ?");
    query.bind(1, id);
    return row(query);
}

std::string Store::password_hash(const std::string& member) {
    auto query = ask("SELECT coalesce(password_hash, '') FROM member WHERE id = ?");
    query.bind(1, member);
    return row(query) ? query.text(0) : std::string();
}

std::optional<std::string> Store::member_by_login(const std::string& association, const std::string& login) {
    auto query = ask("SELECT p.id FROM member p JOIN membership s ON s.member = p.id WHERE s.association = ? AND p.login = ?");
    query.bind(1, association).bind(2, login);
    return row(query) ? std::optional(query.text(0)) : std::nullopt;
}

std::vector<std::string> Store::associations() { return texts(ask("SELECT slug FROM association ORDER BY slug")); }

std::string Store::owner_of_domain(std::string_view domain) {
    auto query = ask("SELECT association FROM domain WHERE name = ?");
    query.bind(1, domain);
    return row(query) ? query.text(0) : std::string();
}

std::vector<std::string> Store::open_domains() {
    return texts(ask("SELECT name FROM open_domain ORDER BY name"));
}

std::vector<std::string> Store::members_with_mailboxes() {
    return texts(ask("SELECT DISTINCT member FROM mailbox ORDER BY member"));
}

std::string Store::word_lists() {
    for (const std::string& slug : texts(ask("SELECT slug FROM association WHERE words = ''"))) {
        auto change = ask("UPDATE association SET words = ? WHERE slug = ? AND words = ''");
        change.bind(1, new_id()).bind(2, slug);
        (void)run(std::move(change));  // a failure stays for take_failure()
    }
    std::string lines;
    for (const std::string& line : texts(ask("SELECT d.name || ' ' || a.words FROM domain d JOIN association a ON a.slug = d.association ORDER BY d.name"))) {
        lines += line + "\n";
    }
    return lines;
}

Mailbox Store::read_mailbox(const Statement& found) {
    Mailbox mailbox;
    mailbox.address = found.text(0);
    mailbox.association = found.text(1);
    mailbox.member = found.text(2);
    mailbox.login = found.text(3);
    mailbox.quota_bytes = static_cast<std::uint64_t>(found.number(4));
    mailbox.folder = found.text(5);
    mailbox.enabled = found.number(6) != 0;
    auto targets = ask("SELECT target, state FROM forward WHERE mailbox = ? ORDER BY target");
    targets.bind(1, mailbox.address);
    while (row(targets)) {
        Forward one{targets.text(0), targets.text(1)};
        if (one.state == "running" || one.state == "agreed") {
            mailbox.forward.push_back(one.target);
        }
        mailbox.forwards.push_back(std::move(one));
    }
    return mailbox;
}

std::optional<Mailbox> Store::mailbox(const std::string& address) {
    auto query = ask("SELECT " MAILBOX_COLUMNS "WHERE b.address = ?");
    query.bind(1, address);
    return row(query) ? std::optional(read_mailbox(query)) : std::nullopt;
}

std::vector<Mailbox> Store::mailboxes(const std::string& association, const std::string& after, std::size_t limit) {
    auto query = ask("SELECT " MAILBOX_COLUMNS "WHERE b.association = ? AND b.address > ? ORDER BY b.address LIMIT ?");
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    std::vector<Mailbox> out;
    while (row(query)) {
        out.push_back(read_mailbox(query));
    }
    return out;
}

std::vector<Mailbox> Store::mailboxes_of(const std::string& member) {
    auto query = ask("SELECT " MAILBOX_COLUMNS "WHERE b.member = ? ORDER BY enabled DESC, b.created_ms, b.address");
    query.bind(1, member);
    std::vector<Mailbox> out;
    while (row(query)) {
        out.push_back(read_mailbox(query));
    }
    return out;
}

std::size_t Store::count_mailboxes(const std::string& association) {
    auto query = ask("SELECT (SELECT count(*) FROM mailbox WHERE association = ?1) + "
                     "(SELECT count(*) FROM retired_box WHERE association = ?1 AND erase = 0)");
    query.bind(1, association);
    return count(std::move(query));
}

Status Store::insert_mailbox(const Mailbox& mailbox, const std::string& by) {
    if (auto cleared = clear_reservation(mailbox.address, mailbox.member); !cleared) {
        return cleared;
    }
    auto change = ask("INSERT INTO mailbox(address, association, member, quota_bytes, folder, created_ms) VALUES (?, ?, ?, ?, ?, ?)");
    change.bind(1, mailbox.address).bind(2, mailbox.association).bind(3, mailbox.member);
    change.bind(4, static_cast<std::int64_t>(mailbox.quota_bytes)).bind(5, mailbox.folder).bind(6, now_ms());
    touched_.insert(mailbox.member);
    auto done = run(std::move(change));
    return done ? set_forward(mailbox.address, mailbox.forward, by) : done;
}

Status Store::set_quota(const std::string& address, std::uint64_t bytes) {
    touch_owners("SELECT member FROM mailbox WHERE address = ?", address);
    auto change = ask("UPDATE mailbox SET quota_bytes = ? WHERE address = ?");
    change.bind(1, static_cast<std::int64_t>(bytes)).bind(2, address);
    return run(std::move(change));
}

Status Store::set_used(const std::string& address, std::uint64_t bytes) {
    auto change = ask("UPDATE mailbox SET used_bytes = ?1 WHERE address = ?2 AND used_bytes <> ?1");
    change.bind(1, static_cast<std::int64_t>(bytes)).bind(2, address);
    return run(std::move(change));
}

bool Store::is_fresh(const std::string& address) {
    auto query = ask("SELECT 1 FROM mailbox WHERE address = ?1 AND created_ms > ?2 AND answered = 0 "
                     "AND NOT EXISTS (SELECT 1 FROM retired_box r WHERE r.address = ?1)");
    query.bind(1, address).bind(2, now_ms() - std::chrono::milliseconds(fresh_mailbox).count());
    return row(query);
}

Status Store::set_forward(const std::string& address, const std::vector<std::string>& targets, const std::string& by) {
    touch_owners("SELECT member FROM mailbox WHERE address = ?", address);
    auto present = ask("SELECT target FROM forward WHERE mailbox = ?");
    present.bind(1, address);
    for (const std::string& target : texts(std::move(present))) {
        // Other capitals are another spelling of the same target: what its owner answered stays.
        const auto same = std::find_if(targets.begin(), targets.end(), [&target](const std::string& one) { return ascii_lower(one) == ascii_lower(target); });
        if (same != targets.end() && *same != target) {
            auto spell = ask("UPDATE OR REPLACE forward SET target = ? WHERE mailbox = ? AND target = ?");
            if (auto done = run(std::move(spell.bind(1, *same).bind(2, address).bind(3, target))); !done) {
                return done;
            }
        }
        if (same == targets.end()) {
            auto remove = ask("DELETE FROM forward WHERE mailbox = ? AND target = ?");
            if (auto done = run(std::move(remove.bind(1, address).bind(2, target))); !done) {
                return done;
            }
        }
    }
    const std::string_view otherwise = by.empty() && is_fresh(address) ? "running" : "waiting";
    for (const std::string& target : targets) {
        auto insert = ask("INSERT OR IGNORE INTO forward(mailbox, target, state) SELECT b.address, ?2, "
                          "CASE WHEN b.member = ?3 OR b.member = (SELECT o.member FROM mailbox o WHERE o.address = ?4) "
                          "THEN 'agreed' ELSE ?5 END FROM mailbox b WHERE b.address = ?1");
        insert.bind(1, address).bind(2, target).bind(3, by).bind(4, without_tag(target)).bind(5, otherwise);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

Status Store::answer_forward(const std::string& address, const std::string& target, std::string_view state) {
    touch_owners("SELECT member FROM mailbox WHERE address = ?", address);
    auto known = ask("UPDATE mailbox SET answered = 1 WHERE address = ?");
    if (auto done = run(std::move(known.bind(1, address))); !done) {
        return done;
    }
    auto change = ask("UPDATE forward SET state = ? WHERE mailbox = ? AND target = ?");
    change.bind(1, state).bind(2, address).bind(3, target);
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    return database_.changes() > 0 ? Status{} : Status(fail(ErrorKind::not_found, "nobody asks for this copy"));
}

Status Store::remove_mailbox(const std::string& address, std::uint64_t used_bytes) {
    touch_owners("SELECT member FROM mailbox WHERE address = ?1 UNION SELECT b.member FROM forward f "
                 "JOIN mailbox b ON b.address = f.mailbox WHERE f.target GLOB substr(?1, 1, instr(?1, '@') - 1) || '*'",
                 address);
    // 0: Dovecot did not say; the last measure stands. The trigger takes it along into the bin.
    Status done = used_bytes > 0 ? set_used(address, used_bytes) : Status{};
    auto change = ask("DELETE FROM mailbox WHERE address = ?");
    return done ? run(std::move(change.bind(1, address))) : done;
}

std::optional<Alias> Store::alias(const std::string& address) {
    auto query = ask("SELECT address, association, may_send, former FROM alias WHERE address = ?");
    query.bind(1, address);
    if (!row(query)) {
        return std::nullopt;
    }
    Alias found{query.text(0), query.text(1), query.number(2) != 0, {}, query.text(3)};
    auto targets = ask("SELECT target FROM alias_target WHERE alias = ? ORDER BY target");
    targets.bind(1, address);
    found.targets = texts(std::move(targets));
    return found;
}

std::vector<Alias> Store::aliases(const std::string& association, const std::string& after, std::size_t limit) {
    auto query = ask("SELECT address FROM alias WHERE association = ? AND address > ? ORDER BY address LIMIT ?");
    query.bind(1, association).bind(2, after).bind(3, static_cast<std::int64_t>(limit));
    std::vector<Alias> out;
    for (const std::string& address : texts(std::move(query))) {
        if (auto found = alias(address)) {
            out.push_back(std::move(*found));
        }
    }
    return out;
}

std::size_t Store::count_aliases(const std::string& association) {
    auto query = ask("SELECT count(*) FROM alias WHERE association = ?");
    query.bind(1, association);
    return count(std::move(query));
}

Status Store::put_alias(const Alias& alias) {
    if (auto cleared = clear_reservation(alias.address, ""); !cleared) {
        return cleared;
    }
    touch_owners("SELECT b.member FROM alias a JOIN mailbox b ON b.folder = a.former WHERE a.address = ?", alias.address);
    auto change = ask("INSERT INTO alias(address, association, may_send, former) VALUES (?, ?, ?, ?) "
                      "ON CONFLICT(address) DO UPDATE SET may_send = excluded.may_send, former = excluded.former");
    change.bind(1, alias.address).bind(2, alias.association).bind(3, alias.may_send).bind(4, alias.former);
    if (auto done = run(std::move(change)); !done) {
        return done;
    }
    auto remove = ask("DELETE FROM alias_target WHERE alias = ?");
    remove.bind(1, alias.address);
    if (auto done = run(std::move(remove)); !done) {
        return done;
    }
    for (const std::string& target : alias.targets) {
        auto insert = ask("INSERT OR IGNORE INTO alias_target(alias, target) VALUES (?, ?)");
        insert.bind(1, alias.address).bind(2, target);
        if (auto done = run(std::move(insert)); !done) {
            return done;
        }
    }
    return {};
}

Status Store::erase_alias(const std::string& address) {
    touch_owners("SELECT b.member FROM forward f JOIN mailbox b ON b.address = f.mailbox WHERE f.target = ?1 "
                 "UNION SELECT b.member FROM alias a JOIN mailbox b ON b.folder = a.former WHERE a.address = ?1",
                 address);
    auto change = ask("DELETE FROM alias WHERE address = ?");
    change.bind(1, address);
    return run(std::move(change));
}

std::vector<std::string> Store::next_of(const std::string& address) {
    auto query = ask("SELECT target FROM alias_target WHERE alias = ?1 UNION ALL SELECT target FROM forward WHERE mailbox = ?1 "
                     "UNION ALL SELECT o.address FROM circle c JOIN circle_outside o ON o.association = c.association "
                     "AND o.circle = c.slug WHERE c.address = ?1 "
                     "UNION ALL SELECT target FROM engine_alias WHERE address = ?1");
    query.bind(1, address);
    return texts(std::move(query));
}

std::optional<std::string> Store::loop(const std::string& start, const std::vector<std::string>& targets) {
    // Breadth first; a tag is no other address (mail for marie+x goes where mail for marie goes).
    std::set<std::string> seen;
    std::vector<std::pair<std::string, std::string>> open;  // address, what sent there
    for (const std::string& target : targets) {
        open.emplace_back(without_tag(target), target);
    }
    for (std::size_t i = 0; i < open.size() && i < addresses_followed_max; ++i) {
        const auto [address, sender] = open[i];
        if (address == start) {
            return sender;
        }
        if (!seen.insert(address).second) {
            continue;
        }
        for (const std::string& next : next_of(address)) {
            open.emplace_back(without_tag(next), address);
        }
    }
    return std::nullopt;
}

Status Store::end_sessions_of(const std::string& member) {
    auto change = ask("INSERT OR IGNORE INTO session_to_end(user) SELECT address FROM mailbox WHERE member = ?");
    change.bind(1, member);
    return run(std::move(change));
}

std::vector<std::string> Store::sessions_to_end() { return texts(ask("SELECT user FROM session_to_end ORDER BY user")); }

Status Store::run_for_each(std::string_view sql, const std::vector<std::string>& values) {
    return transaction([&]() -> Status {
        for (const std::string& value : values) {
            auto change = ask(sql);
            change.bind(1, value);
            if (auto done = run(std::move(change)); !done) {
                return done;
            }
        }
        return {};
    });
}

Status Store::note_session_ends(const std::vector<std::string>& users) {
    return run_for_each("INSERT OR REPLACE INTO session_end(user) VALUES (?)", users);
}

Status Store::forget_sessions_to_end(const std::vector<std::string>& users) {
    return run_for_each("DELETE FROM session_to_end WHERE user = ?", users);
}

bool Store::leads_somewhere(const std::string& address) {
    std::set<std::string> seen;
    std::vector<std::string> open = {address};
    for (std::size_t i = 0; i < open.size() && i < addresses_followed_max; ++i) {
        const std::string base = without_tag(open[i]);
        if (!seen.insert(base).second) {
            continue;
        }
        // An alias may have "+" in its own name.
        const auto found = alias(open[i]) ? alias(open[i]) : alias(base);
        const bool outside = owner_of_domain(domain_of(base)).empty();
        if (outside || is_reserved_local(local_of(base)) || (!found && receives(base))) {
            return true;
        }
        const std::vector<std::string> none;
        for (const std::string& next : found ? found->targets : none) {
            open.push_back(next);
        }
    }
    return false;
}

std::string Store::probe_address() {
    auto query = ask("SELECT 'postmaster@' || domain FROM engine_postmaster JOIN engine_mailbox ON address = target LIMIT 1");
    return row(query) ? query.text(0) : std::string();
}

std::vector<std::string> Store::idle_addresses() {
    auto query = ask("SELECT address FROM alias WHERE NOT EXISTS (SELECT 1 FROM alias_target t WHERE t.alias = address) "
                     "UNION ALL SELECT target FROM (SELECT target FROM alias_target UNION SELECT target FROM forward) "
                     "JOIN domain d ON d.name = substr(target, instr(target, '@') + 1) "
                     "WHERE instr(target, '+') = 0 AND substr(target, 1, instr(target, '@') - 1) NOT IN ('postmaster', 'abuse') "
                     "AND NOT EXISTS (SELECT 1 FROM mailbox b WHERE b.address = target) "
                     "AND NOT EXISTS (SELECT 1 FROM alias a WHERE a.address = target) "
                     "AND NOT EXISTS (SELECT 1 FROM circle c WHERE c.address = target) "
                     "LIMIT ?");
    query.bind(1, static_cast<std::int64_t>(idle_addresses_max));
    return texts(std::move(query));
}

} // namespace hameau::mail
