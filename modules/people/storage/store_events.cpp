// Store: the outbox. Each event is a whole upsert, built from the state within the transaction that changed it.
#include <boost/json.hpp>

#include "modules/people/storage/store.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

} // namespace

Status Store::emit(const std::string& text, Keep keep) {
    if (!mail_enabled_ && keep == Keep::while_on) {
        return {};
    }
    auto insert = ask("INSERT INTO outbox(event) VALUES (?)");
    insert.bind(1, text);
    return run(std::move(insert));
}

Status Store::emit_association(const std::string& slug) {
    const auto found = association_anywhere(slug);
    if (!found) {
        return status();
    }
    json::object event;
    event["kind"] = "association";
    event["closed"] = found->binned_ms > 0;
    event["slug"] = found->slug;
    event["name"] = found->name;
    event["domains"] = json::value_from(found->domains);
    event["quota_bytes"] = found->quota_bytes;
    return emit(json::serialize(event));
}

Status Store::emit_association_erased(const std::string& slug) {
    json::object event;
    event["kind"] = "association-erased";
    event["slug"] = slug;
    return emit(json::serialize(event), Keep::always);
}

Status Store::emit_member(const std::string& id) {
    const auto found = person(id);
    if (!found) {
        return status();
    }
    json::object event;
    event["kind"] = "member";
    event["id"] = found->id;
    event["login"] = found->login;
    event["name"] = found->name;
    event["disabled"] = !found->may_sign_in();
    event["password_hash"] = text_or_null(found->password_hash);
    json::array list;
    for (const auto& [slug, role] : memberships(id)) {
        json::object item;
        item["slug"] = slug;
        item["role"] = to_text(role);
        list.push_back(std::move(item));
    }
    event["associations"] = std::move(list);
    event["contact"] = found->contact;
    return emit(json::serialize(event));
}

Status Store::emit_mailbox(const std::string& person, const std::string& association, const std::string& address,
                           const std::string& from, Telling telling) {
    json::object event;
    event["kind"] = "mailbox";
    event["member"] = person;
    event["association"] = association;
    event["address"] = address;
    event["from"] = text_or_null(from);
    event["again"] = telling == Telling::again;
    return emit(json::serialize(event));
}

Status Store::emit_member_erased(const std::string& id) {
    json::object event;
    event["kind"] = "member-erased";
    event["id"] = id;
    return emit(json::serialize(event), Keep::always);
}

Status Store::emit_boxes(const std::string& person, const std::string& association, std::string_view state) {
    json::object event;
    event["kind"] = "boxes";
    event["member"] = person;
    event["association"] = association;
    event["state"] = state;
    // Kept while mail is off, all of them: "back" without its "left" would be nothing, and the other way round a loss.
    return emit(json::serialize(event), Keep::always);
}

Status Store::emit_app_passwords_erased(const std::string& id) {
    json::object event;
    event["kind"] = "app-passwords-erased";
    event["id"] = id;
    // Deploy tokens are passwords for programs too; sites asks about them.
    const auto done = note_power_end(id, "", "recovered");
    return done ? emit(json::serialize(event), Keep::always) : done;
}

Status Store::emit_circle(const std::string& association, const std::string& slug) {
    const auto found = circle(association, slug);
    if (!found) {
        return status();
    }
    json::object event;
    event["kind"] = "group";
    event["association"] = association;
    event["slug"] = slug;
    event["name"] = found->name;
    event["address"] = text_or_null(found->address);
    json::array members;
    for (const auto& [id, login] : found->members) {
        members.emplace_back(id);
    }
    event["members"] = std::move(members);
    event["outside"] = json::value_from(found->outside);
    event["may_send"] = found->may_send;
    return emit(json::serialize(event));
}

Status Store::emit_circle_erased(const std::string& association, const std::string& slug) {
    json::object event;
    event["kind"] = "group-erased";
    event["association"] = association;
    event["slug"] = slug;
    return emit(json::serialize(event), Keep::always);
}

Status Store::emit_all() {
    const auto all = associations("", associations_max);
    auto slugs = ask("SELECT slug FROM association ORDER BY slug");
    while (row(slugs)) {
        if (auto done = emit_association(slugs.text(0)); !done) {
            return done;
        }
    }
    auto people = ask("SELECT id FROM person WHERE binned = 0 ORDER BY id");
    while (row(people)) {
        if (auto done = emit_member(people.text(0)); !done) {
            return done;
        }
    }
    auto addresses = ask("SELECT a.person, a.association, a.address FROM sign_in_address a "
                         "JOIN membership m ON m.person = a.person AND m.association = a.association ORDER BY a.address");
    while (row(addresses)) {
        if (auto done = emit_mailbox(addresses.text(0), addresses.text(1), addresses.text(2), "", Telling::again); !done) {
            return done;
        }
    }
    for (const Association& association : all) {
        for (const Circle& circle : circles(association.slug, "", groups_per_association_max)) {
            if (auto done = emit_circle(association.slug, circle.slug); !done) {
                return done;
            }
        }
    }
    return status();
}

std::optional<Event> Store::first_event() {
    auto query = ask("SELECT id, event FROM outbox ORDER BY id LIMIT 1");
    if (!row(query)) {
        return std::nullopt;
    }
    Event event;
    event.id = query.number(0);
    event.text = query.text(1);
    return event;
}

Status Store::erase_event(std::int64_t id) {
    auto change = ask("DELETE FROM outbox WHERE id = ?");
    change.bind(1, id);
    return run(std::move(change));
}

std::int64_t Store::last_event() {
    auto query = ask("SELECT coalesce(max(id), 0) FROM outbox");
    return row(query) ? query.number(0) : 0;
}

} // namespace hameau::people
