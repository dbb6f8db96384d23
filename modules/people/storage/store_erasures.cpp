// Certificates of erasure: that an association was erased, how much of what, when, and on whose word. They outlive it, so nothing in them
// is about a person.
#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/people/storage/store.hpp"

namespace hameau::people {

namespace json = boost::json;

Status Store::note_holdings(const std::string& slug, const std::string& holdings) {
    auto change = ask("UPDATE association SET holdings = ? WHERE slug = ?");
    change.bind(1, holdings).bind(2, slug);
    return run(std::move(change));
}

std::string Store::erasure_facts(const Association& association, std::size_t members, std::size_t groups) {
    json::object out;
    out["members"] = members;
    out["groups"] = groups;
    out["domains"] = association.domains.size();
    json::object bytes;
    for (const auto& [module, used] : usage(association.slug)) {
        bytes[module] = used;
    }
    out["bytes"] = std::move(bytes);
    auto query = ask("SELECT holdings FROM association WHERE slug = ?");
    query.bind(1, association.slug);
    boost::system::error_code failed;
    json::value holdings = row(query) ? json::parse(query.text(0), failed) : json::value();
    out["services"] = !failed && holdings.is_object() ? std::move(holdings) : json::value(json::object());
    out["mail_off"] = !mail_enabled_;
    return json::serialize(out);
}

Status Store::certify(const Association& association, std::string_view way, const std::string& facts, std::size_t accounts) {
    json::value all = json::parse(facts);
    all.as_object()["accounts"] = accounts;
    auto change = ask("INSERT INTO erasure(id, association, name, way, binned_ms, begun_ms, facts) VALUES (?, ?, ?, ?, ?, ?, ?)");
    change.bind(1, new_id()).bind(2, association.slug).bind(3, association.name).bind(4, way).bind(5, association.binned_ms);
    change.bind(6, now_ms()).bind(7, json::serialize(all));
    return run(std::move(change));
}

Status Store::settle_erasures(const std::string& association) {
    auto change = ask("UPDATE erasure SET done_ms = ?1 WHERE association = ?2 AND done_ms = 0 "
                      "AND NOT EXISTS (SELECT 1 FROM association_task WHERE association = ?2)");
    change.bind(1, now_ms()).bind(2, association);
    return run(std::move(change));
}

std::vector<std::string> Store::all_names() {
    auto query = ask("SELECT login FROM person UNION SELECT name FROM person UNION SELECT contact FROM person UNION SELECT address FROM sign_in_address "
                     "UNION SELECT slug FROM association UNION SELECT name FROM association UNION SELECT name FROM domain "
                     "UNION SELECT slug FROM circle UNION SELECT name FROM circle UNION SELECT coalesce(address, '') FROM circle UNION SELECT address FROM circle_outside "
                     "UNION SELECT login FROM removed_member UNION SELECT address FROM refused_address "
                     "UNION SELECT association FROM erasure UNION SELECT name FROM erasure UNION SELECT association FROM association_task "
                     "UNION SELECT value FROM house WHERE name = 'name'");
    std::vector<std::string> out;
    while (row(query)) {
        out.push_back(query.text(0));
    }
    return out;
}

std::vector<Store::Erasure> Store::erasures(std::int64_t before_ms, std::size_t limit) {
    auto query = ask("SELECT id, association, name, way, binned_ms, begun_ms, done_ms, facts FROM erasure WHERE begun_ms < ? ORDER BY begun_ms DESC LIMIT ?");
    query.bind(1, before_ms).bind(2, static_cast<std::int64_t>(limit));
    std::vector<Erasure> out;
    while (row(query)) {
        Erasure one;
        one.id = query.text(0);
        one.association = query.text(1);
        one.name = query.text(2);
        one.way = query.text(3);
        one.binned_ms = query.number(4);
        one.begun_ms = query.number(5);
        one.done_ms = query.number(6);
        one.facts = query.text(7);
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace hameau::people
