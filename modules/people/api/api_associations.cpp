// Associations and their groups.
#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

json::object association_document(const Association& association, Role role) {
    json::object out;
    out["slug"] = association.slug;
    out["name"] = association.name;
    out["role"] = to_text(role);
    out["domains"] = json::value_from(association.domains);
    out["members"] = association.members;
    out["quota_bytes"] = association.quota_bytes;
    return out;
}

namespace {

json::object group_document(const Circle& circle) {
    json::object out;
    out["slug"] = circle.slug;
    out["name"] = circle.name;
    json::array members;
    for (const auto& [id, login] : circle.members) {
        members.emplace_back(login);
    }
    out["members"] = std::move(members);
    out["outside"] = json::value_from(circle.outside);
    if (circle.address.empty()) {
        out["address"] = nullptr;
    } else {
        out["address"] = circle.address;
    }
    out["may_send"] = circle.may_send;
    return out;
}

} // namespace

std::vector<std::string> People::read_domains(JsonFields& fields) {
    Length length;
    length.most = 253;
    std::vector<std::string> domains;
    for (const std::string& typed : fields.optional_texts("domains", domains_per_association_max, length).value_or(std::vector<std::string>())) {
        std::string domain = domain_as_kept(typed);
        if (!is_host_name(domain)) {
            fields.refuse_field("domains", "field.host");
        } else if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
            domains.push_back(std::move(domain));
        }
    }
    return domains;
}

Task<Response> People::list_associations(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_signed_out(request, actor)) {
        co_return std::move(*refused);
    }
    const auto page = read_page(request);
    if (!page) {
        co_return problem(request, 400, "bad_page");
    }
    if (request.query_parameter("bin") == "1") {
        auto refused = refuse_unless_admin(request, actor);
        co_return refused ? std::move(*refused) : list_binned_associations(*page);
    }
    std::vector<Association> found;
    if (actor.admin) {
        found = store_->associations(page->after, page->limit + 1);
    } else {
        for (const auto& [slug, role] : actor.associations) {
            auto association = slug > page->after && found.size() <= page->limit ? store_->association(slug) : std::nullopt;
            if (association) {
                found.push_back(std::move(*association));
            }
        }
    }
    json::array items;
    for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
        const Role role = actor.role_in(found[i].slug);
        json::object item = association_document(found[i], role);
        if (role == Role::manager) {
            add_usage(item, found[i]);
        }
        items.push_back(std::move(item));
    }
    co_return list_response(std::move(items), found.size() > page->limit ? found[page->limit - 1].slug : "");
}

Task<Response> People::show_association(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::member)) {
        co_return std::move(*refused);
    }
    const Association association = store_->association(slug).value_or(Association());
    json::object out = association_document(association, actor.role_in(slug));
    if (actor.manages(slug)) {
        add_usage(out, association);
    }
    if (actor.admin) {
        out["accounts_only_here"] = store_->count_only_there(slug);
    }
    co_return json_response(200, out);
}

Status People::put_association_now(const Association& association, bool move_domains) {
    for (const std::string& domain : association.domains) {
        const std::string owner = move_domains ? store_->owner_of_domain(domain) : association.slug;
        if (auto released = owner == association.slug ? Status{} : store_->release_domain(domain); !released) {
            return released;
        }
    }
    auto put = store_->put_association(association);
    return put ? store_->emit_association(association.slug) : put;
}

Status People::change_association_now(const std::string& slug, const AssociationChange& change) {
    Association now = store_->association(slug).value_or(Association());
    now.name = change.name.value_or(now.name);
    now.domains = change.domains.value_or(now.domains);
    now.quota_bytes = change.quota_bytes.value_or(now.quota_bytes);
    return put_association_now(now, change.move_domains);
}

Task<Response> People::add_association(Request& request) {
    const Judge judge = unless_admin(request);
    auto opened = co_await open_body(nullptr, request, judge, lists_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    Association association;
    association.slug = fields.slug("slug");
    association.name = fields.text("name");
    association.domains = read_domains(fields);
    association.quota_bytes = fields.optional_size("quota").value_or(quota_default);
    const bool move = fields.boolean("move_domains", false);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (auto refused = refuse_taken_slug(request, association.slug)) {
        co_return std::move(*refused);
    }
    if (store_->count_associations() >= associations_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(associations_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    if (auto refused = refuse_foreign(request, association.slug, association.domains, move)) {
        co_return std::move(*refused);
    }
    const DomainQuestion question = domain_question(association.slug, association.domains, false);
    auto in_the_way = co_await refuse_domains(request, question);
    if (in_the_way) {
        co_return std::move(*in_the_way);
    }
    Refusal refusal;
    const Status done = store_->transaction([&]() -> Status {
        // The other modules were waited for: who asks, and whether the name is free, is judged again.
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        if (auto refused = refuse_taken_slug(request, association.slug)) {
            return refuse(refusal, std::move(*refused));
        }
        if (auto judged = judge_domains(refusal, request, question); !judged) {
            return judged;
        }
        return put_association_now(association, move);
    });
    if (!done) {
        co_return !refusal.response && done.error().kind == ErrorKind::conflict ? say(request, 409, "domain_taken")
                                                                                : refused_or_failed(request, refusal, done.error());
    }
    Response response = json_response(201, association_document(association, Role::manager));
    co_return co_await after_delivery(request, std::move(response), Urgency::when_possible);
}

Task<Response> People::change_association(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Finder<Association> find = [this, &request, &slug]() -> std::variant<Association, Response> {
        if (auto refused = refuse_unless_admin(request, actor_of(request))) {
            return std::move(*refused);
        }
        auto association = store_->association(slug);
        return association ? std::variant<Association, Response>(std::move(*association)) : say(request, 404, "not_found");
    };
    auto opened = co_await open_row(nullptr, request, find, lists_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    AssociationChange change;
    change.name = fields.optional_text("name");
    if (fields.has("domains")) {
        change.domains = read_domains(fields);
    } else {
        (void)fields.optional_array("domains", 0);
    }
    change.quota_bytes = fields.optional_size("quota");
    change.move_domains = fields.boolean("move_domains", false);
    change.give_up = fields.boolean("give_up", false);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (auto refused = refuse_foreign(request, slug, change.domains.value_or(std::vector<std::string>()), change.move_domains)) {
        co_return std::move(*refused);
    }
    const DomainQuestion question = domain_question(slug, change.domains.value_or(opened.row->domains), change.give_up);
    auto in_the_way = co_await refuse_domains(request, question);
    if (in_the_way) {
        co_return std::move(*in_the_way);
    }
    Refusal refusal;
    const Status done = store_->transaction([&]() -> Status {
        // The other modules were waited for: who asks, and what the association is, is read again.
        auto found = find();
        if (auto* refused = std::get_if<Response>(&found)) {
            return refuse(refusal, std::move(*refused));
        }
        if (auto judged = change.domains ? judge_domains(refusal, request, question) : Status{}; !judged) {
            return judged;
        }
        return change_association_now(slug, change);
    });
    if (!done) {
        co_return !refusal.response && done.error().kind == ErrorKind::conflict ? say(request, 409, "domain_taken")
                                                                                : refused_or_failed(request, refusal, done.error());
    }
    Response response = json_response(200, association_document(store_->association(slug).value_or(Association()), Role::manager));
    co_return co_await after_delivery(request, std::move(response), Urgency::when_possible);
}

/// Member ids of logins with commas between; who is not there is left out.
json::object People::members_by_login(std::string_view logins) {
    json::object members;
    for (std::size_t count = 0; !logins.empty() && count < logins_per_question_max; ++count) {
        const std::size_t end = std::min(logins.find(','), logins.size());
        const std::string_view login = logins.substr(0, end);
        if (const auto person = store_->person_by_login(login)) {
            members[login] = person->id;
        }
        logins.remove_prefix(std::min(end + 1, logins.size()));
    }
    return members;
}

Task<Response> People::internal_names(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    json::object out;
    out["names"] = json::value_from(store_->all_names());
    co_return json_response(200, out);
}

Task<Response> People::internal_association(Request& request) {
    if (request.who.caller == Caller::gate) {
        co_return say(request, 403, "forbidden");
    }
    const auto association = store_->association(request.parameter("slug"));
    if (!association) {
        co_return say(request, 404, "not_found");
    }
    json::object out;
    out["slug"] = association->slug;
    out["name"] = association->name;
    out["domains"] = json::value_from(association->domains);
    out["others"] = json::value_from(store_->domains_below(*association));
    out["quota_bytes"] = association->quota_bytes;
    out["language"] = store_->house_language();
    if (const auto logins = request.query_parameter("logins")) {
        out["members"] = members_by_login(*logins);
    }
    co_return json_response(200, out);
}

Task<Response> People::list_groups(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    auto opened = open_page(request, refuse_below(request, actor, slug, Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    auto circles = store_->circles(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(circles, opened.page, [](const auto& row) { return row.slug; });
    json::array items;
    for (const auto& row : circles) {
        items.push_back(group_document(row));
    }
    co_return list_response(std::move(items), next);
}

void People::read_group(JsonFields& fields, Circle& circle, const Association& association, bool all) {
    circle.name = all ? fields.text("name") : fields.optional_text("name").value_or(circle.name);
    Length length;
    length.most = 64;
    if (const auto logins = fields.optional_texts("members", group_entries_max, length)) {
        circle.members.clear();
        for (const std::string& typed : *logins) {
            const auto member = store_->member(association.slug, ascii_lower(typed));
            if (member) {
                circle.members.emplace_back(member->person.id, member->person.login);
            } else {
                Parameters parameters;
                parameters.emplace_back("login", typed);
                fields.refuse_field("members", "not_a_member", std::move(parameters));
            }
        }
    }
    length.most = 254;
    if (const auto outside = fields.optional_texts("outside", group_entries_max, length)) {
        circle.outside.clear();
        for (const std::string& typed : *outside) {
            auto address = outside_address(typed);
            if (!address) {
                fields.refuse_field("outside", "field.address");
                continue;
            }
            // As typed; mail, which knows all domains of the house, lowers what is the house's own.
            const std::string domain = address->substr(address->find('@') + 1);
            if (std::find(association.domains.begin(), association.domains.end(), domain) != association.domains.end()) {
                address = ascii_lower(*address);
            }
            const bool twice = std::any_of(circle.outside.begin(), circle.outside.end(),
                                           [&address](const std::string& one) { return ascii_lower(one) == ascii_lower(*address); });
            if (!twice) {
                circle.outside.push_back(std::move(*address));
            }
        }
    }
    const bool no_address = fields.is_null("address");
    if (auto address = fields.optional_address("address")) {
        const std::string domain = address->substr(address->find('@') + 1);
        if (std::find(association.domains.begin(), association.domains.end(), domain) == association.domains.end()) {
            std::string shown;
            for (const std::string& known : association.domains) {
                shown += (shown.empty() ? "" : ", ") + known;
            }
            Parameters parameters;
            parameters.emplace_back("domains", shown);
            fields.refuse_field("address", "mailbox_domain", std::move(parameters));
        }
        circle.address = std::move(*address);
    } else if (no_address) {
        circle.address.clear();
    }
    circle.may_send = fields.boolean("may_send", circle.may_send);
}

Task<Response> People::put_group(const Request& request, Circle circle, const Judge& judge, int status) {
    const std::string slug = circle.association;
    const auto before = store_->circle(slug, circle.slug);
    const bool moves = !circle.address.empty() && (!before || before->address != circle.address);
    AddressWish wish;
    wish.field = "address";
    wish.kind = "group";
    wish.association = slug;
    wish.address = circle.address;
    wish.owner = slug + "/" + circle.slug;
    if (moves) {
        auto refused = co_await reserve_address(request, wish);
        if (refused) {
            co_return std::move(*refused);
        }
    }
    Refusal refusal;
    const Status done = store_->transaction([&]() -> Status {
        // Mail was waited for: who asks, and what the group is, is judged again.
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        if (moves && status == 201 && store_->circle(slug, circle.slug)) {
            return refuse(refusal, request, 409, "group_exists");
        }
        if (moves && status == 200 && store_->circle(slug, circle.slug) != before) {
            return refuse(refusal, request, 503, "busy");
        }
        auto put = store_->put_circle(circle);
        if (!put && put.error().kind == ErrorKind::conflict) {
            return refuse(refusal, request, 409, "group_address_taken");
        }
        return put ? store_->emit_circle(slug, circle.slug) : put;
    });
    if (!done) {
        if (moves) {
            co_await release_address(std::move(wish));
        }
        co_return refused_or_failed(request, refusal, done.error());
    }
    const bool all = co_await delivered();
    const auto kept = store_->circle(slug, circle.slug);
    if (!all && moves && store_->first_event()) {
        co_return say(request, 503, "mail_pending");
    }
    co_return json_response(status, group_document(kept.value_or(circle)));
}

Task<Response> People::add_group(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = below(request, slug, Role::manager);
    auto opened = co_await open_body(nullptr, request, judge, lists_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    Circle circle;
    circle.association = slug;
    circle.slug = fields.slug("slug");
    read_group(fields, circle, store_->association(slug).value_or(Association()), true);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (store_->circle(slug, circle.slug)) {
        co_return say(request, 409, "group_exists");
    }
    if (store_->count_circles(slug) >= groups_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(groups_per_association_max));
        co_return say(request, 422, "ceiling", parameters);
    }
    co_return co_await put_group(request, std::move(circle), judge, 201);
}

Task<Response> People::change_group(Request& request) {
    const std::string slug(request.parameter("slug"));
    const std::string group(request.parameter("group"));
    const Finder<Circle> find = [this, &request, &slug, &group]() -> std::variant<Circle, Response> {
        if (auto refused = refuse_below(request, actor_of(request), slug, Role::manager)) {
            return std::move(*refused);
        }
        auto circle = store_->circle(slug, group);
        return circle ? std::variant<Circle, Response>(std::move(*circle)) : say(request, 404, "not_found");
    };
    auto opened = co_await open_row(nullptr, request, find, lists_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    Circle* circle = &*opened.row;
    JsonFields fields(opened.body);
    read_group(fields, *circle, store_->association(slug).value_or(Association()), false);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const Judge judge = below(request, slug, Role::manager);
    Circle wanted = std::move(*circle);
    co_return co_await put_group(request, std::move(wanted), judge, 200);
}

Task<Response> People::erase_group(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const std::string group(request.parameter("group"));
    if (!store_->circle(slug, group)) {
        co_return say(request, 404, "not_found");
    }
    const Status done = store_->transaction([&]() -> Status {
        auto erased = store_->erase_circle(slug, group);
        return erased ? store_->emit_circle_erased(slug, group) : erased;
    });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    Response response = empty_response(204);
    co_return co_await after_delivery(request, std::move(response), Urgency::when_possible);
}

} // namespace hameau::people
