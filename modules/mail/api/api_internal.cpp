// What people tells (events of the outbox, app passwords). 204 to an event means: mail.db and auth.db have it on disk.
#include "daemon/base/io.hpp"
#include "modules/mail/mail_module.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/validators.hpp"

namespace hameau::mail {

namespace json = boost::json;

namespace {

constexpr Event event_unreadable{"mail.event_unreadable", Level::error,
                                 "people and mail are of two versions; install one and restart both"};
constexpr Event group_loop{"mail.group_loop", Level::warning, "outside addresses that lead back to the group were left out"};
constexpr Event address_taken{"mail.address_taken", Level::warning, "a member or group was to have an address that is another's; people strikes it out"};

std::string read_id(JsonFields& fields, std::string_view name) {
    Length length;
    length.most = id_bytes_max;
    std::string id = fields.text(name, length);
    if (id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos) {
        fields.refuse_field(name, "field.text");
    }
    return id;
}

/// Within a transaction; the caller has seen to the refusals.
Status refused(const JsonFields& fields) {
    return fields.errors().empty() ? Status{} : Status(fail(ErrorKind::invalid, fields.errors().front().field));
}

std::string text_or_empty(JsonFields& fields, std::string_view name, std::size_t most) {
    Length length;
    length.least = 0;
    length.most = most;
    return fields.optional_text(name, length).value_or("");
}

} // namespace

Status Mail::apply_association(JsonFields& fields) {
    Association association;
    association.slug = fields.slug("slug");
    association.name = fields.text("name");
    association.quota_bytes = fields.optional_size("quota_bytes").value_or(0);
    association.closed = fields.boolean("closed", false);
    Length length;
    length.most = 253;
    association.domains = fields.texts("domains", domains_max, length);
    for (const std::string& domain : association.domains) {
        if (!is_host_name(domain)) {
            fields.refuse_field("domains", "field.host");
        }
    }
    if (auto sound = refused(fields); !sound) {
        return sound;
    }
    // Its quota, or what the others hold of it, may be another.
    measure_later(association.slug);
    for (const std::string& domain : association.domains) {
        domain_holds_.end(domain);
    }
    return store_->put_association(association);
}

Status Mail::apply_member(JsonFields& fields) {
    Member member;
    member.id = read_id(fields, "id");
    member.login = fields.login("login");
    member.name = fields.text("name");
    member.disabled = fields.boolean("disabled", false);
    member.password_hash = fields.optional_raw_text("password_hash").value_or("");
    member.contact = text_or_empty(fields, "contact", address_bytes_max);
    if (const json::array* list = fields.optional_array("associations", associations_per_member_max)) {
        for (const json::value& item : *list) {
            const json::object nothing;
            JsonFields one(item.is_object() ? item.get_object() : nothing);
            std::string slug = one.slug("slug");
            std::string role = one.choice("role", "manager|member");
            fields.take_errors("associations", one);
            member.associations.emplace_back(std::move(slug), std::move(role));
        }
    }
    const Status sound = refused(fields);
    return sound ? store_->put_member(member) : sound;
}

Status Mail::apply_mailbox(JsonFields& fields, Taken& taken) {
    WantedMailbox wanted;
    wanted.member = read_id(fields, "member");
    wanted.association = fields.slug("association");
    wanted.address = fields.address("address");
    wanted.from = fields.optional_address("from").value_or("");
    wanted.again = fields.boolean("again", false);
    if (auto sound = refused(fields); !sound) {
        return sound;
    }
    const auto put = store_->put_mailbox(wanted);
    if (!put) {
        return fail(put.error());
    }
    taken.holder = *put;
    taken.address = wanted.address;
    return {};
}

Status Mail::apply_group(JsonFields& fields, Taken& taken) {
    Circle circle;
    circle.association = fields.slug("association");
    circle.slug = fields.slug("slug");
    circle.name = fields.text("name");
    circle.address = fields.optional_address("address").value_or("");
    circle.may_send = fields.boolean("may_send", false);
    Length length;
    length.most = address_bytes_max;
    circle.members = fields.texts("members", group_entries_max, length);
    for (const std::string& typed : fields.optional_texts("outside", group_entries_max, length).value_or(std::vector<std::string>())) {
        auto address = outside_address(typed);
        if (!address) {
            fields.refuse_field("outside", "field.address");
            continue;
        }
        circle.outside.push_back(store_->as_kept(std::move(*address)));
    }
    if (auto sound = refused(fields); !sound) {
        return sound;
    }
    const auto put = store_->put_circle(circle);
    if (!put) {
        return fail(put.error());
    }
    if (!put->left_out.empty()) {
        context_->journal().write(group_loop, {{"group", circle.address}, {"left_out", std::to_string(put->left_out.size())}});
    }
    taken.holder = put->holder;
    taken.address = circle.address;
    return {};
}

Status Mail::apply_boxes(JsonFields& fields) {
    const std::string member = read_id(fields, "member");
    const std::string association = fields.slug("association");
    const std::string state = fields.choice("state", "left|back|anew|erased");
    if (auto sound = refused(fields); !sound) {
        return sound;
    }
    measure_later(association);
    if (state == "left") {
        return store_->take_boxes(member, association);
    }
    if (state == "anew") {
        return store_->boxes_into_bin(member, association);
    }
    if (state == "erased") {
        return store_->erase_boxes_of(member, association);
    }
    auto left_out = store_->give_boxes_back(member, association);
    if (!left_out) {
        return fail(std::move(left_out.error()));
    }
    if (lost_links_.size() >= lost_links_max) {
        lost_links_.erase(lost_links_.begin());
    }
    if (!left_out->empty()) {
        lost_links_[member + " " + association] = std::move(*left_out);
    }
    return {};
}

Task<Response> Mail::boxes_of_member(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string member = read_id(fields, "member");
    const std::string association = fields.slug("association");
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    const std::shared_ptr<const bool> alive = alive_;
    bool gone = true;
    for (const std::string& folder : store_->boxes_to_erase_of(member, association)) {
        std::string one = folder;
        gone = co_await erase_box_soon(std::move(one));
        if (!*alive) {
            co_return say(request, 503, "pending");
        }
        if (!gone) {
            // One wait for all of them: the others go on being erased beside (erase_boxes_later).
            break;
        }
    }
    json::object out;
    out["gone"] = gone;
    out["stay"] = json::value_from(store_->boxes_that_stay(member, association));
    const auto links = lost_links_.find(member + " " + association);
    out["links"] = json::value_from(links == lost_links_.end() ? std::vector<std::string>() : links->second);
    if (links != lost_links_.end()) {
        lost_links_.erase(links);
    }
    co_return json_response(200, out);
}

Status Mail::erase_all_app_passwords(const std::string& member) {
    // auth.db first: when it fails, the event stays with people and comes again.
    auto erased = accounts_->erase_app_passwords(member);
    return erased ? store_->end_sessions_of(member) : erased;
}

Status Mail::apply_event(std::string_view kind, JsonFields& fields, Taken& taken) {
    if (kind == "association") {
        return apply_association(fields);
    }
    if (kind == "member") {
        return apply_member(fields);
    }
    if (kind == "group") {
        return apply_group(fields, taken);
    }
    if (kind == "mailbox") {
        return apply_mailbox(fields, taken);
    }
    if (kind == "boxes") {
        return apply_boxes(fields);
    }
    std::string first;
    std::string second;
    if (kind == "association-erased") {
        first = fields.slug("slug");
    } else if (kind == "member-erased" || kind == "app-passwords-erased") {
        first = read_id(fields, "id");
    } else if (kind == "group-erased") {
        first = fields.slug("association");
        second = fields.slug("slug");
    } else {
        fields.refuse_field("kind", "field.choice");
    }
    if (auto sound = refused(fields); !sound) {
        return sound;
    }
    if (kind == "association-erased") {
        usage_->forget(first);
        return store_->erase_association(first);
    }
    if (kind == "app-passwords-erased") {
        return erase_all_app_passwords(first);
    }
    return kind == "member-erased" ? store_->erase_member(first) : store_->erase_circle(first, second);
}

Task<Response> Mail::people_event(Request& request) {
    auto opened = co_await open_from_people(request, event_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string kind = fields.text("kind");
    Taken taken;
    const Status done = store_->transaction([&] { return apply_event(kind, fields, taken); });
    if (!done && done.error().kind == ErrorKind::invalid) {
        context_->journal().write(event_unreadable, {{"kind", kind}, {"field", done.error().message}});
        co_return fields.refuse(request, mail_catalogue);
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    erase_boxes_later();
    serve_domains();
    if (!settle()) {
        co_return say(request, 503, "pending");
    }
    // The change is on the disk: people may go on with the next one. 202 says that some sessions may still be open; they
    // are ended as soon as Dovecot answers.
    const bool ended = co_await end_sessions();
    if (auto refused = refuse_taken(request, taken.address, taken.holder)) {
        // People strikes the address out: the one who has it keeps it.
        context_->journal().write(address_taken, {{"kind", kind}});
        co_return std::move(*refused);
    }
    co_return empty_response(ended ? 204 : 202);
}

Task<Response> Mail::add_app_password(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string member = read_id(fields, "member");
    const std::string name = fields.text("name");
    const auto scopes = fields.texts("scopes", scopes_max);
    for (const std::string& scope : scopes) {
        if (!is_scope(scope)) {
            Parameters parameters;
            parameters.emplace_back("choices", "imap, submission, deploy");
            fields.refuse_field("scopes", "field.choice", std::move(parameters));
        }
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    if (!store_->is_member(member)) {
        co_return say(request, 503, "member_unknown");
    }
    std::string password;
    auto id = accounts_->add_app_password(member, name, scopes, password);
    if (!id && id.error().kind == ErrorKind::too_large) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(app_passwords_per_member_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    if (!id) {
        co_return say_failed(request, id.error());
    }
    json::object out;
    out["id"] = std::move(*id);
    out["password"] = std::move(password);
    co_return json_response(201, out);
}

Task<Response> Mail::list_app_passwords(Request& request) {
    if (auto denied = refuse_unless_people(request)) {
        co_return std::move(*denied);
    }
    const auto found = accounts_->app_passwords(request.query_parameter("member").value_or(""));
    if (!found) {
        co_return say_failed(request, found.error());
    }
    json::array items;
    for (const AppPassword& one : *found) {
        json::object item;
        item["id"] = one.id;
        item["name"] = one.name;
        json::array scopes;
        for (const std::string& scope : one.scopes) {
            scopes.emplace_back(scope);
        }
        item["scopes"] = std::move(scopes);
        item["created"] = format_utc(one.created_ms);
        items.push_back(std::move(item));
    }
    co_return list_response(std::move(items), "");
}

Task<Response> Mail::erase_app_password(Request& request) {
    if (auto denied = refuse_unless_people(request)) {
        co_return std::move(*denied);
    }
    const std::string id(request.parameter("id"));
    const std::string member = request.query_parameter("member").value_or("");
    auto done = accounts_->erase_app_password(member, id);
    if (!done && done.error().kind == ErrorKind::not_found) {
        co_return say(request, 404, "no_app_password");
    }
    // Dovecot does not say with which password a session was opened: all of the member's end, and their programs sign in
    // again with what is still right.
    done = done ? store_->transaction([&] { return store_->end_sessions_of(member); }) : done;
    Response response = empty_response(204);
    co_return co_await after_change(request, std::move(done), std::move(response));
}

Task<Response> Mail::check_app_password(Request& request) {
    auto opened = co_await open_from_people(request, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const bool by_id = request.path.ends_with("/app-password-holder");
    JsonFields fields(opened.body);
    Length length;
    length.most = app_password_bytes_max;
    const std::string key = by_id ? fields.text("id", length) : fields.raw_text("password", length);
    const std::string scope = fields.text("scope", length);
    if (!fields.finish()) {
        co_return fields.refuse(request, mail_catalogue);
    }
    const auto found = by_id ? accounts_->holder_of_id(key, scope) : accounts_->holder_of_password(key, scope);
    if (!found) {
        co_return say_failed(request, found.error());
    }
    if (!*found || !store_->is_member((*found)->member)) {
        co_return say(request, 404, "no_app_password");
    }
    json::object out;
    out["id"] = (*found)->id;
    out["member"] = (*found)->member;
    co_return json_response(200, out);
}

} // namespace hameau::mail
