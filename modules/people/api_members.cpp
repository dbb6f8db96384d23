// Members of an association: list, add, change, remove, invite again.
#include "daemon/base/io.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

json::object member_document(const Member& member, bool all) {
    json::object out;
    const Person& person = member.person;
    out["id"] = person.id;
    out["login"] = person.login;
    out["name"] = person.name;
    out["role"] = person.admin ? std::string_view("admin") : to_text(member.role);
    out["state"] = person.disabled ? "disabled" : person.password_hash.empty() ? "invited" : "active";
    if (all) {
        out["contact"] = person.contact;
        out["invitation_open"] = member.invited;
    }
    if (!member.mailbox.empty()) {
        out["mailbox"] = member.mailbox;
    }
    return out;
}

} // namespace

void People::check_mailbox(JsonFields& fields, const std::optional<std::string>& mailbox, const std::string& slug) {
    const auto association = store_->association(slug);
    if (!mailbox || !association) {
        return;
    }
    std::string shown;
    for (const std::string& domain : association->domains) {
        if (mailbox->ends_with("@" + domain)) {
            return;
        }
        shown += (shown.empty() ? "" : ", ") + domain;
    }
    Parameters parameters;
    parameters.emplace_back("domains", shown);
    fields.refuse_field("mailbox", "mailbox_domain", std::move(parameters));
}

Task<Response> People::list_members(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    auto opened = open_page(request, refuse_below(request, actor, slug, Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    auto members = store_->members(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(members, opened.page, [](const auto& row) { return row.person.login; });
    json::array items;
    for (auto& row : members) {
        row.invited = row.invited && invitation_is_open(row.person.id);
        json::object item = member_document(row, actor.manages(slug));
        if (actor.manages(slug)) {
            // A page does not show verbs that would be refused.
            item["may_change_account"] = may_change_account(actor, store_->account(row.person));
        }
        items.push_back(std::move(item));
    }
    co_return list_response(std::move(items), next);
}

Parameters People::login_parameters(const std::string& slug, const Person& asked, const std::string& holder) {
    Parameters parameters;
    parameters.emplace_back("login", asked.login);
    parameters.emplace_back("name", holder);
    parameters.emplace_back("free", propose(slug, asked.name).login);
    return parameters;
}

Task<Response> People::add_member(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = below(request, slug, Role::manager);
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    Person person;
    person.id = new_id();
    person.login = fields.login("login");
    person.name = fields.text("name");
    const std::string role = fields.optional_choice("role", "member|manager|admin").value_or("member");
    const auto typed_password = fields.optional_raw_text("password", password_length());
    const Secret password(typed_password.value_or(""));
    check_password(fields, "password", password, {person.name, person.login});
    const bool invite = fields.boolean("invite", false);
    const auto mailbox = fields.optional_address("mailbox");
    check_mailbox(fields, mailbox, slug);
    person.contact = fields.optional_address("contact").value_or("");
    if (role == "admin" && !actor_of(request).admin) {
        fields.refuse_field("role", "admin_role");
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    person.admin = role == "admin";
    const std::string prefix = address_prefix(request);
    std::optional<std::string> hash;
    if (!password.empty()) {
        std::function<void()> work = [&hash, &password] { hash = hash_password(password.reveal()); };
        std::string who = prefix;
        const bool ran = co_await slow(std::move(who), std::move(work));
        if (!ran || !hash) {
            co_return say(request, 503, "busy");
        }
    }
    person.password_hash = hash.value_or("");
    std::optional<NewInvitation> invitation;
    if (invite) {
        std::string who = prefix;
        auto made = co_await make_invitation(std::move(who));
        if (!made) {
            co_return say_failed(request, made.error());
        }
        invitation = std::move(*made);
    }
    Refusal refusal;
    bool existing = false;
    const Status done = store_->transaction([&]() -> Status {
        // The password was hashed meanwhile: the caller may have lost the right.
        if (auto judged = judge_again(refusal, judge); !judged) {
            return judged;
        }
        const Actor actor = actor_of(request);
        if (role == "admin" && !actor.admin) {
            return refuse(refusal, request, 403, "forbidden");
        }
        if (store_->count_members(slug) >= members_per_association_max) {
            Parameters parameters;
            parameters.emplace_back("max", std::to_string(members_per_association_max));
            return refuse(refusal, request, 422, "ceiling", parameters);
        }
        if (const auto found = store_->person_by_login(person.login)) {
            if (store_->member(slug, person.login)) {
                return refuse(refusal, request, 409, "member_exists", login_parameters(slug, person, found->name));
            }
            // An account of the house joins one more association; only who answers for it may do that.
            bool known = actor.admin;
            for (const auto& [other, other_role] : store_->memberships(found->id)) {
                known = known || actor.manages(other);
            }
            if (!known) {
                return refuse(refusal, request, 409, "login_taken", login_parameters(slug, person, ""));
            }
            if ((!person.password_hash.empty() && !actor.house) || invite) {
                return refuse(refusal, request, 409, "person_has_account", login_parameters(slug, person, ""));
            }
            existing = true;
            Person changed = *found;
            changed.admin = changed.admin || person.admin;
            person = changed;
            if (auto kept = store_->update_person(changed); !kept) {
                return kept;
            }
        } else {
            if (auto kept = store_->insert_person(person); !kept) {
                return kept;
            }
        }
        if (auto set = store_->set_membership(slug, person.id, role == "member" ? Role::member : Role::manager); !set) {
            return set;
        }
        if (mailbox) {
            if (auto set = store_->set_mailbox(person.id, *mailbox); !set) {
                const bool taken = set.error().kind == ErrorKind::conflict;
                return taken ? refuse(refusal, request, 409, "mailbox_taken", login_parameters(slug, person, "")) : set;
            }
        }
        if (invitation) {
            if (auto kept = keep_invitation(*invitation, actor, person.id, slug); !kept) {
                return kept;
            }
        }
        if (trial_ && request.who.caller == Caller::admin && !existing && !password.empty()) {
            store_->keep_trial_card(person.id, password.reveal());
        }
        if (auto told = store_->emit_member(person.id); !told) {
            return told;
        }
        return store_->status();
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (person.admin) {
        finish_setup();
    }
    if (existing) {
        revoke_person(person.id);
    }
    const auto added = store_->member(slug, person.login);
    if (!added) {
        co_return say(request, 404, "not_found");
    }
    json::object out = member_document(*added, true);
    if (invitation) {
        out["invitation"] = invitation_document(request, *invitation);
    }
    Response response = json_response(201, out);
    co_return co_await after_delivery(request, std::move(response), Urgency::when_possible);
}

People::Proposal People::propose(const std::string& slug, std::string_view name) {
    const auto association = store_->association(slug);
    const std::string domain = association && !association->domains.empty() ? association->domains.front() : std::string();
    Proposal proposal;
    for (std::size_t number = 1; number <= namesakes_max; ++number) {
        proposal.login = login_of_name(name, number);
        proposal.mailbox = domain.empty() ? std::string() : proposal.login + "@" + domain;
        const bool mailbox_free = domain.empty() || !store_->is_address_taken(proposal.mailbox);
        if (mailbox_free && !store_->person_by_login(proposal.login)) {
            break;
        }
    }
    return proposal;
}

Task<Response> People::propose_member(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const std::string name = request.query_parameter("name").value_or("");
    constexpr std::size_t name_bytes_max = 800;  // the 200 characters of a name
    if (name.size() > name_bytes_max || !is_plain_text(name)) {
        Parameters parameters;
        parameters.emplace_back("max", "200");
        co_return say(request, 422, "field.long", parameters);
    }
    const Proposal proposal = propose(slug, name);
    json::array same;
    constexpr std::size_t namesakes_shown = 5;
    for (const Member& member : store_->namesakes(slug, name, namesakes_shown)) {
        same.push_back(member_document(member, false));
    }
    if (auto failure = store_->take_failure()) {
        co_return say_failed(request, *failure);
    }
    json::object out;
    out["login"] = proposal.login;
    out["mailbox"] = proposal.mailbox.empty() ? json::value() : json::value(proposal.mailbox);
    out["same_name"] = std::move(same);
    co_return json_response(200, out);
}

Task<Response> People::change_member(Request& request) {
    const std::string slug(request.parameter("slug"));
    const std::string login = ascii_lower(request.parameter("login"));
    const Finder<Member> find = [this, &request, &slug, &login]() -> std::variant<Member, Response> {
        if (auto refused = refuse_below(request, actor_of(request), slug, Role::manager)) {
            return std::move(*refused);
        }
        auto member = store_->member(slug, login);
        return member ? std::variant<Member, Response>(std::move(*member)) : say(request, 404, "not_found");
    };
    auto opened = co_await open_row(nullptr, request, find, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    // Nothing is waited for between the opening and the transaction: it judges the same state.
    const Actor actor = actor_of(request);
    const Member* const found = &*opened.row;
    JsonFields fields(opened.body);
    const auto role = fields.optional_choice("role", "member|manager|admin");
    const auto name = fields.optional_text("name");
    const auto disabled = fields.optional_boolean("disabled");
    const auto contact = fields.optional_address("contact");
    const bool no_contact = fields.is_null("contact");
    const auto mailbox = fields.optional_address("mailbox");
    const bool no_mailbox = fields.is_null("mailbox");
    check_mailbox(fields, mailbox, slug);
    if (role == "admin" && !actor.admin) {
        fields.refuse_field("role", "admin_role");
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    Refusal refusal;
    std::string id;
    const Status done = store_->transaction([&]() -> Status {
        Person person = found->person;
        id = person.id;
        const bool account_too = name || disabled || contact || no_contact || mailbox || no_mailbox || person.admin;
        if (account_too && !may_change_account(actor, store_->account(person))) {
            return refuse(refusal, request, 403, "account_elsewhere");
        }
        const Role wanted = !role ? found->role : *role == "member" ? Role::member : Role::manager;
        person.name = name.value_or(person.name);
        person.disabled = disabled.value_or(person.disabled);
        person.contact = no_contact ? std::string() : contact.value_or(person.contact);
        // "manager" or "member" asked for an admin takes the house's role away; only an admin comes here with it.
        person.admin = role ? *role == "admin" : person.admin;
        const bool was_manager = found->role == Role::manager && !found->person.disabled;
        if (!leaves_someone(store_->count_managers(slug), was_manager, wanted == Role::manager && !person.disabled)) {
            return refuse(refusal, request, 409, "last_manager");
        }
        for (const auto& [other, other_role] : store_->memberships(id)) {
            // Switching an account off takes a manager away from the other associations too.
            const bool manages_other = other != slug && other_role == Role::manager && !found->person.disabled;
            if (!leaves_someone(store_->count_managers(other), manages_other, !person.disabled)) {
                return refuse(refusal, request, 409, "last_manager");
            }
        }
        const bool was_admin = found->person.admin && !found->person.disabled;
        if (!leaves_someone(store_->count_admins(), was_admin, person.admin && !person.disabled)) {
            return refuse(refusal, request, 409, "last_admin");
        }
        if (auto kept = store_->update_person(person); !kept) {
            return kept;
        }
        if (auto set = store_->set_membership(slug, id, wanted); !set) {
            return set;
        }
        // An invitation gives what its person was when it was made, and no more.
        const bool raised = (person.admin && !found->person.admin) || (wanted == Role::manager && found->role != Role::manager);
        if (auto erased = raised ? store_->erase_invitation(id) : Status{}; !erased) {
            return erased;
        }
        if (mailbox || no_mailbox) {
            if (auto set = store_->set_mailbox(id, mailbox.value_or("")); !set) {
                return set.error().kind == ErrorKind::conflict ? refuse(refusal, request, 409, "mailbox_taken") : set;
            }
        }
        if (person.disabled) {
            // What is switched on again later begins without what was open before.
            auto erased = store_->erase_sessions(id, "");
            erased = erased ? store_->erase_invitation(id) : erased;
            if (!erased) {
                return erased;
            }
        }
        if (auto told = store_->emit_member(id); !told) {
            return told;
        }
        return store_->status();
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (role || disabled || name) {
        revoke_person(id);
    }
    if (role == "admin") {
        finish_setup();
    }
    const auto changed = store_->member(slug, login);
    Response response = changed ? json_response(200, member_document(*changed, true)) : empty_response(204);
    const Urgency urgency = disabled ? Urgency::before_answering : Urgency::when_possible;
    co_return co_await after_delivery(request, std::move(response), urgency);
}

Task<Response> People::erase_member(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const std::string login = ascii_lower(request.parameter("login"));
    Refusal refusal;
    std::string id;
    const Status done = store_->transaction([&]() -> Status {
        const auto found = store_->member(slug, login);
        if (!found) {
            return refuse(refusal, request, 404, "not_found");
        }
        id = found->person.id;
        const bool was_manager = found->role == Role::manager && !found->person.disabled;
        if (!leaves_someone(store_->count_managers(slug), was_manager, false)) {
            return refuse(refusal, request, 409, "last_manager");
        }
        std::vector<std::string> touched;
        for (const Circle& circle : store_->circles(slug, "", groups_per_association_max)) {
            for (const auto& [member, member_login] : circle.members) {
                if (member == id) {
                    touched.push_back(circle.slug);
                }
            }
        }
        if (auto erased = store_->erase_membership(slug, id); !erased) {
            return erased;
        }
        for (const std::string& circle : touched) {
            if (auto told = store_->emit_circle(slug, circle); !told) {
                return told;
            }
        }
        // An account without any association ends with its last one; an admin's is the house's.
        if (store_->memberships(id).empty() && !found->person.admin) {
            if (auto erased = store_->erase_person(id); !erased) {
                return erased;
            }
            return store_->emit_member_erased(id);
        }
        if (auto told = store_->emit_member(id); !told) {
            return told;
        }
        return store_->status();
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    revoke_person(id);
    Response response = empty_response(204);
    co_return co_await after_delivery(request, std::move(response), Urgency::before_answering);
}

Task<Response> People::renew_invitation(Request& request) {
    const std::string slug(request.parameter("slug"));
    const std::string login = ascii_lower(request.parameter("login"));
    std::string id;
    // Whoever holds an invitation sets the password: making one needs the right over the whole account.
    const Judge judge = [this, &request, &slug, &login, &id]() -> std::optional<Response> {
        const Actor actor = actor_of(request);
        if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
            return refused;
        }
        const auto member = store_->member(slug, login);
        if (!member || (!id.empty() && member->person.id != id)) {
            return say(request, 404, "not_found");
        }
        id = member->person.id;
        const bool may = may_change_account(actor, store_->account(member->person));
        return may ? std::nullopt : std::optional<Response>(say(request, 403, "account_elsewhere"));
    };
    if (auto refused = judge()) {
        co_return std::move(*refused);
    }
    std::string prefix = address_prefix(request);
    const auto made = co_await make_invitation(std::move(prefix));
    if (!made) {
        co_return say_failed(request, made.error());
    }
    Refusal refusal;
    const Status done = store_->transaction([&]() -> Status {
        const auto judged = judge_again(refusal, judge);
        return judged ? keep_invitation(*made, actor_of(request), id, slug) : judged;
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    co_return json_response(201, invitation_document(request, *made));
}

} // namespace hameau::people
