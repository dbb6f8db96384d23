// Store: persons, memberships, addresses to sign in with.
#include "modules/people/storage/store.hpp"

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace {

Person read_person(const Statement& statement) {
    Person person;
    person.id = statement.text(0);
    person.login = statement.text(1);
    person.name = statement.text(2);
    person.password_hash = statement.text(3);
    person.admin = statement.number(4) != 0;
    person.disabled = statement.number(5) != 0;
    person.contact = statement.text(6);
    person.shut_out = statement.number(7) != 0;
    return person;
}

/// What read_person() reads; `p` is the person.
#define PERSON_COLUMNS                                                                                               \
    "p.id, p.login, p.name, p.password_hash, p.admin, p.disabled, p.contact, p.admin = 0 AND NOT EXISTS (SELECT 1 "  \
    "FROM membership own JOIN association used ON used.slug = own.association WHERE own.person = p.id AND used.binned_ms = 0) "

void bind_person(Statement& statement, const Person& person) {
    statement.bind(1, person.login).bind(2, person.name);
    if (person.password_hash.empty()) {
        statement.bind_null(3);
    } else {
        statement.bind(3, person.password_hash);
    }
    statement.bind(4, person.admin).bind(5, person.disabled).bind(6, person.contact).bind(7, person.id);
}

} // namespace

Status Store::status() {
    if (auto failure = take_failure()) {
        return fail(std::move(*failure));
    }
    return {};
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

std::string Store::house_value(std::string_view name) {
    auto query = ask("SELECT value FROM house WHERE name = ?");
    query.bind(1, name);
    return row(query) ? query.text(0) : std::string();
}

std::string Store::house_language() { return house_value("language") == "en" ? "en" : "fr"; }

void Store::set_house_value(std::string_view name, std::string_view value) {
    auto change = ask("INSERT INTO house(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value");
    change.bind(1, name).bind(2, value);
    row(change);
}

std::optional<Person> Store::one_person(Statement statement) {
    return row(statement) ? std::optional<Person>(read_person(statement)) : std::nullopt;
}

std::optional<Person> Store::person(std::string_view id) {
    auto query = ask("SELECT " PERSON_COLUMNS "FROM person p WHERE p.id = ?");
    query.bind(1, id);
    return one_person(std::move(query));
}

std::optional<Person> Store::person_by_login(std::string_view login) {
    auto query = ask("SELECT " PERSON_COLUMNS "FROM person p WHERE p.login = ?");
    query.bind(1, login);
    return one_person(std::move(query));
}

std::optional<Person> Store::person_by_sign_in(std::string_view typed) {
    if (typed.find('@') == std::string_view::npos) {
        return person_by_login(ascii_lower(typed));
    }
    auto query = ask("SELECT " PERSON_COLUMNS "FROM person p "
                     "JOIN sign_in_address a ON a.person = p.id WHERE a.address = ?");
    query.bind(1, address_as_kept(ascii_lower(typed)));
    return one_person(std::move(query));
}

std::vector<std::pair<std::string, Role>> Store::memberships(const std::string& person) {
    auto query = ask("SELECT m.association, m.role FROM membership m JOIN association a ON a.slug = m.association "
                     "WHERE m.person = ? AND a.binned_ms = 0 ORDER BY m.association");
    return roles_in(query.bind(1, person));
}

std::vector<std::pair<std::string, Role>> Store::memberships_anywhere(const std::string& person) {
    auto query = ask("SELECT association, role FROM membership WHERE person = ? ORDER BY association");
    return roles_in(query.bind(1, person));
}

/// Rows of an association and a role.
std::vector<std::pair<std::string, Role>> Store::roles_in(Statement& query) {
    std::vector<std::pair<std::string, Role>> out;
    while (row(query)) {
        out.emplace_back(query.text(0), role_of(query.view(1)));
    }
    return out;
}

bool Store::has_membership(const std::string& person) {
    auto query = ask("SELECT 1 FROM membership WHERE person = ?");
    query.bind(1, person);
    return row(query);
}

Account Store::account(const Person& person) {
    Account account;
    account.admin = person.admin;
    auto query = ask("SELECT association FROM membership WHERE person = ? ORDER BY association");
    query.bind(1, person.id);
    while (row(query)) {
        account.associations.push_back(query.text(0));
    }
    return account;
}

Status Store::insert_person(const Person& person) {
    auto change = ask("INSERT INTO person(login, name, password_hash, admin, disabled, contact, id, created_ms) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    bind_person(change, person);
    change.bind(8, now_ms());
    return run(std::move(change));
}

Status Store::update_person(const Person& person) {
    auto change = ask("UPDATE person SET login = ?, name = ?, password_hash = ?, admin = ?, disabled = ?, contact = ? "
                      "WHERE id = ?");
    bind_person(change, person);
    return run(std::move(change));
}

Status Store::erase_person(const std::string& id) {
    auto change = ask("DELETE FROM person WHERE id = ?");
    change.bind(1, id);
    return run(std::move(change));
}

std::size_t Store::count_admins() { return count(ask("SELECT count(*) FROM person WHERE admin = 1 AND disabled = 0")); }

Status Store::set_membership(const std::string& association, const std::string& person, Role role) {
    auto out = ask("DELETE FROM removed_member WHERE association = ? AND person = ?");
    if (auto done = run(std::move(out.bind(1, association).bind(2, person))); !done) {
        return done;
    }
    auto change = ask("INSERT INTO membership(association, person, role) VALUES (?, ?, ?) "
                      "ON CONFLICT(association, person) DO UPDATE SET role = excluded.role");
    change.bind(1, association).bind(2, person).bind(3, to_text(role));
    return run(std::move(change));
}

Status Store::erase_membership(const std::string& association, const std::string& person) {
    auto ends = ask("DELETE FROM invitation WHERE association = ? AND person = ?");
    ends.bind(1, association).bind(2, person);
    if (auto done = run(std::move(ends)); !done) {
        return done;
    }
    auto change = ask("DELETE FROM membership WHERE association = ? AND person = ?");
    change.bind(1, association).bind(2, person);
    const auto done = run(std::move(change));
    return done ? note_power_end(person, association, "left") : done;
}

Status Store::note_power_end(const std::string& person, const std::string& association, std::string_view reason) {
    // To the end of the present second: SQLite 3.40 knows no finer time, and what was made in it may be older than the end.
    auto change = ask("INSERT INTO power_end(person, association, reason, ended_ms) VALUES (?, ?, ?, strftime('%s', 'now') * 1000 + 999) "
                      "ON CONFLICT(person, association) DO UPDATE SET reason = excluded.reason, ended_ms = excluded.ended_ms");
    change.bind(1, person).bind(2, association).bind(3, reason);
    return run(std::move(change));
}

Result<std::string> Store::power_ended(const std::string& person, const std::string& association, std::int64_t made_ms) {
    const auto found = this->person(person);
    auto member = ask("SELECT 1 FROM membership WHERE person = ? AND association = ?");
    member.bind(1, person).bind(2, association);
    const bool stands = found && (found->admin || row(member));
    auto query = ask("SELECT reason FROM power_end WHERE person = ? AND association IN (?, '') AND ended_ms >= ? ORDER BY ended_ms LIMIT 1");
    query.bind(1, person).bind(2, association).bind(3, made_ms);
    const std::string reason = !stands ? "left" : row(query) ? query.text(0) : std::string();
    if (auto failed = take_failure()) {
        return fail(std::move(*failed));
    }
    return reason;
}

std::size_t Store::count_managers(const std::string& association) {
    auto query = ask("SELECT count(*) FROM membership m JOIN person p ON p.id = m.person "
                     "WHERE m.association = ? AND m.role = 'manager' AND p.disabled = 0");
    query.bind(1, association);
    return count(std::move(query));
}

std::size_t Store::count_members(const std::string& association) {
    auto query = ask("SELECT count(*) FROM membership WHERE association = ?");
    query.bind(1, association);
    return count(std::move(query));
}

std::vector<Member> Store::members(const std::string& association, const std::string& after_login, std::size_t limit) {
    auto query = ask("SELECT " PERSON_COLUMNS ", m.role, "
                     "(SELECT address FROM sign_in_address a WHERE a.person = p.id ORDER BY a.association <> ?1, position, address LIMIT 1), "
                     "EXISTS (SELECT 1 FROM invitation i WHERE i.person = p.id AND i.expires_ms > ?4) "
                     "FROM membership m JOIN person p ON p.id = m.person "
                     "WHERE m.association = ?1 AND p.login > ?2 ORDER BY p.login LIMIT ?3");
    query.bind(1, association).bind(2, after_login).bind(3, static_cast<std::int64_t>(limit)).bind(4, now_ms());
    std::vector<Member> out;
    while (row(query)) {
        Member member;
        member.person = read_person(query);
        member.role = role_of(query.view(8));
        member.mailbox = query.text(9);
        member.invited = query.number(10) != 0;
        out.push_back(std::move(member));
    }
    return out;
}

std::optional<Member> Store::member(const std::string& association, const std::string& login) {
    auto query = ask("SELECT " PERSON_COLUMNS ", m.role, "
                     "(SELECT address FROM sign_in_address a WHERE a.person = p.id ORDER BY a.association <> ?1, position, address LIMIT 1), "
                     "EXISTS (SELECT 1 FROM invitation i WHERE i.person = p.id AND i.expires_ms > ?3) "
                     "FROM membership m JOIN person p ON p.id = m.person WHERE m.association = ?1 AND p.login = ?2");
    query.bind(1, association).bind(2, login).bind(3, now_ms());
    if (!row(query)) {
        return std::nullopt;
    }
    Member member;
    member.person = read_person(query);
    member.role = role_of(query.view(8));
    member.mailbox = query.text(9);
    member.invited = query.number(10) != 0;
    return member;
}

std::vector<Member> Store::namesakes(const std::string& association, std::string_view name, std::size_t limit) {
    const std::string wanted = without_accents(name);
    std::vector<Member> found;
    for (Member& member : members(association, "", members_per_association_max)) {
        if (found.size() < limit && without_accents(member.person.name) == wanted) {
            found.push_back(std::move(member));
        }
    }
    return found;
}

void Store::keep_trial_card(const std::string& person, std::string_view password) {
    auto change = ask("INSERT OR REPLACE INTO trial_card(person, password) VALUES (?, ?)");
    change.bind(1, person).bind(2, password);
    row(change);
}

void Store::forget_trial_card(const std::string& person) {
    auto change = ask("DELETE FROM trial_card WHERE person = ?");
    change.bind(1, person);
    row(change);
}

std::vector<std::pair<Person, std::string>> Store::trial_cards() {
    auto query = ask("SELECT " PERSON_COLUMNS ", c.password FROM trial_card c "
                     "JOIN person p ON p.id = c.person WHERE disabled = 0 ORDER BY created_ms, login LIMIT 12");
    std::vector<std::pair<Person, std::string>> out;
    while (row(query)) {
        Person person = read_person(query);
        person.password_hash.clear();
        if (person.may_sign_in()) {
            out.emplace_back(std::move(person), query.text(8));
        }
    }
    return out;
}

} // namespace hameau::people
