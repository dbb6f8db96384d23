// Authors and the client ids that they write under.
#include "modules/pads/limits.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

namespace {

std::string cache_key(const Person& person) { return person.member + '\n' + person.login + '\n' + person.name; }
} // namespace

Result<std::int64_t> PadStore::author_number(const Person& person) {
    const std::string key = cache_key(person);
    if (const auto known = author_numbers_.find(key); known != author_numbers_.end()) {
        return known->second;
    }
    auto insert = database_.prepare("INSERT OR IGNORE INTO author (member, login, name) VALUES (?1, ?2, ?3)");
    if (auto done = insert.bind(1, person.member).bind(2, person.login).bind(3, person.name).run(); !done) {
        return fail(done.error());
    }
    auto query = database_.prepare("SELECT number FROM author WHERE member = ?1 AND login = ?2 AND name = ?3");
    const auto row = query.bind(1, person.member).bind(2, person.login).bind(3, person.name).step();
    if (!row) {
        return fail(row.error());
    }
    if (author_numbers_.size() >= author_cache_max) {
        author_numbers_.clear();
    }
    return author_numbers_[key] = query.number(0);
}

Status PadStore::bind_clients(std::int64_t number, const std::vector<NewClient>& clients) {
    for (const NewClient& client : clients) {
        const auto author = author_number(*client.person);
        if (!author) {
            return fail(author.error());
        }
        // Never re-bound: the first one stays (yjs-v1-notes section 10).
        insert_client_.bind(1, number).bind(2, static_cast<std::int64_t>(client.client)).bind(3, *author);
        insert_client_.bind(4, client.brought).bind(5, client.time_ms);
        if (auto done = insert_client_.run(); !done) {
            return done;
        }
    }
    return {};
}

Result<std::vector<BoundClient>> PadStore::authors(std::int64_t number) {
    auto query = database_.prepare("SELECT client, brought, member, login, name FROM pad_client JOIN author "
                                   "ON author.number = pad_client.author WHERE pad = ?1 ORDER BY first_ms, client");
    query.bind(1, number);
    std::vector<BoundClient> authors;
    for (;;) {
        const auto row = query.step();
        if (!row) {
            return fail(row.error());
        }
        if (!*row) {
            return authors;
        }
        BoundClient bound;
        bound.client = static_cast<std::uint64_t>(query.number(0));
        bound.brought = query.number(1) != 0;
        bound.person = Person{query.text(2), query.text(3), query.text(4)};
        authors.push_back(std::move(bound));
    }
}

} // namespace hameau::pads
