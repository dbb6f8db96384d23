// The people of an archive, for `hameau import` (admin's socket only): what is in the way is listed before anything is written; then the
// association, its members and groups come in one transaction, with a row of `imported` that names the archive. So the same command may
// come again, after a kill in the middle too: it goes on with the same archive, and never mixes two.
#include "daemon/base/io.hpp"
#include "daemon/base/json_text.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/import_answer.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr hameau::Event association_imported{"people.association_imported", Level::notice};

void add_conflict(json::array& list, std::string_view kind, std::string_view name, std::string_view sentence) {
    json::object item;
    item["kind"] = kind;
    item["name"] = name;
    item["sentence"] = sentence;
    list.push_back(std::move(item));
}

json::object state_document(std::string_view state, json::array conflicts) {
    json::object out;
    out["state"] = state;
    out["conflicts"] = std::move(conflicts);
    return out;
}

std::vector<std::string> domains_in(const json::object& archive) {
    std::vector<std::string> out;
    const json::value* domains = archive.if_contains("domains");
    for (const json::value& value : domains != nullptr && domains->is_array() ? domains->as_array() : json::array()) {
        out.emplace_back(value.is_string() ? value.as_string() : json::string());
    }
    return out;
}

} // namespace

void People::add_slug_conflict(json::array& list, const std::string& slug) {
    if (!store_->is_slug_free(slug)) {
        const auto there = store_->association_anywhere(slug);
        add_conflict(list, "association", slug, !there ? "an association of that name is being erased; try again later"
                                               : there->binned_ms > 0 ? "an association of that name is in the bin (hameau association restore or remove --purge); or choose another name with --as"
                                                                      : "there is an association of that name; choose another one with --as. (If an import of another file left it there: go on with that file, or take it away by hameau erase " + slug + " --now.)");
    }
}

void People::add_login_conflicts(json::array& list, const json::array& members, bool same) {
    for (const json::value& value : members) {
        const json::object* member = value.if_object();
        const std::string id = member != nullptr ? text_in(*member, "id") : std::string();
        const std::string login = member != nullptr ? text_in(*member, "login") : std::string();
        const auto same_login = store_->person_by_login(login);
        const auto same_id = store_->person(id);
        if (same_login && same_login->id != id) {
            add_conflict(list, "login", login, "somebody else in this house has it (" + same_login->name + "); give the member another one: --login " + login + "=NEW");
        } else if (same_id && same_id->login != login && !store_->is_binned(id)) {
            add_conflict(list, "login", login, "the same person is here as " + same_id->login + ": --login " + login + "=" + same_id->login);
        } else if (same_id && !same) {
            // Ids are in every archive: a file may name anybody, also somebody whose account is in a bin.
            add_conflict(list, "login", login, "this person is here already (" + same_id->name + "); if it is the same one, and you trust who made the file: --same");
        }
    }
}

Task<json::array> People::import_conflicts(std::string slug, json::object archive, bool same) {
    json::array list;
    add_slug_conflict(list, slug);
    const std::vector<std::string> domains = domains_in(archive);
    for (const std::string& domain : domains) {
        const std::string owner = store_->owner_of_domain(domain);
        if (!owner.empty()) {
            add_conflict(list, "domain", domain, "it belongs to the association " + owner + "; take another one: --domain " + domain + "=NEW");
            continue;
        }
        const Request nobody{};
        const std::vector<std::string> wanted{domain};
        const DomainQuestion question = domain_question(slug, wanted, true);
        const auto refused = co_await refuse_domains(nobody, question);
        if (refused) {
            add_conflict(list, "domain", domain, "mailboxes or sites of others carry its name still (hameau show tells which)");
        }
    }
    const json::value* members = archive.if_contains("members");
    if (members != nullptr && members->is_array()) {
        add_login_conflicts(list, members->as_array(), same);
    }
    co_return list;
}

/// `association`, `archive`: of the command; the body is people/association.json. `dry=1`: only says what is in the way.
Task<Response> People::internal_import(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const std::string archive = request.query_parameter("archive").value_or("");
    auto body = co_await read_json(request, archive_bytes_max);
    if (!body) {
        co_return refuse_import(422, "people/association.json cannot be read");
    }
    const auto begun = store_->imported(slug);
    if (begun && begun->archive == archive && store_->association(slug)) {
        const json::value* domains = body->if_contains("domains");
        const bool same = domains != nullptr && json::value_from(store_->association(slug)->domains) == *domains;
        json::array conflicts;
        if (!same) {
            add_conflict(conflicts, "association", slug, "this archive was imported under other domains; use the same --domain as then, or another name with --as");
        }
        co_return json_response(200, state_document(begun->done ? "done" : "begun", std::move(conflicts)));
    }
    const ImportTrust trust{request.query_parameter("trusted") == "1", request.query_parameter("same") == "1"};
    json::object asked = *body;
    std::string name = slug;
    json::array conflicts = co_await import_conflicts(std::move(name), std::move(asked), trust.same);
    if (!conflicts.empty() || request.query_parameter("dry") == "1") {
        co_return json_response(200, state_document("new", std::move(conflicts)));
    }
    const DomainQuestion question = domain_question(slug, domains_in(*body), true);
    const Status done = store_->transaction([&]() -> Status {
        // The answers of the others came a while ago: what people itself knows of the domains is judged again.
        Refusal refusal;
        if (!judge_domains(refusal, request, question)) {
            return fail(ErrorKind::conflict, "one of its domains was taken meanwhile. Nothing was imported. Give the same command again: it says what is in the way.");
        }
        const Status put = import_now(slug, *body, trust);
        return put ? store_->note_import(slug, archive, false) : put;
    });
    if (!done) {
        co_return refuse_import(done.error());
    }
    context_->journal().write(association_imported, {{"association", slug}});
    const bool told = co_await delivered();
    co_return told ? json_response(200, state_document("begun", json::array())) : refuse_import(503, "mail has not heard of the association yet; run the same command again");
}

Task<Response> People::internal_import_done(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const auto begun = store_->imported(slug);
    if (!begun || begun->archive != request.query_parameter("archive").value_or("")) {
        co_return refuse_import(404, "no such import was begun");
    }
    const Status done = store_->transaction([&] { return store_->note_import(slug, begun->archive, true); });
    co_return done ? empty_response(204) : refuse_import(done.error());
}

} // namespace hameau::people
