// Members of an association: list, add, change, remove, invite again.
#include "daemon/base/io.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/new_password.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

json::object member_document(const Member& member, bool all) {
    json::object out;
    const Person& person = member.person;
    out["id"] = person.id;
    out["login"] = person.login;
    out["name"] = person.name;
    out["role"] = person.admin ? std::string_view("admin") : to_text(member.role);
    out["disabled"] = person.disabled;
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

void People::check_mailbox(JsonFields& fields, const std::optional<std::string>& mailbox, const std::string& slug) {
    const auto association = store_->association(slug);
    if (!mailbox || !association) {
        return;
    }
    if (!store_->mail_enabled()) {
        // Nobody would make it: the response and the welcome sheet would show an address that does not exist.
        fields.refuse_field("mailbox", "mailbox_none");
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
    const bool bin = request.query_parameter("bin") == "1";
    auto opened = open_page(request, refuse_below(request, actor, slug, bin ? Role::manager : Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    if (bin) {
        co_return list_removed(slug, opened.page);
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

/// What a call asks for and what is made of it. `person` becomes the account that is there where the login is known.
struct People::NewMember {
    std::string slug;
    Person person;
    std::string role;
    Secret password;
    bool invite = false;
    bool existing = false;
    std::optional<std::string> mailbox;
    std::optional<NewInvitation> invitation;
};

People::NewMember People::read_new_member(JsonFields& fields, const Request& request, const std::string& slug) {
    NewMember wanted;
    wanted.slug = slug;
    wanted.person.id = new_id();
    wanted.person.login = fields.login("login");
    wanted.person.name = fields.text("name");
    wanted.role = fields.optional_choice("role", "member|manager|admin").value_or("member");
    wanted.password = new_password(fields, "password", password_length(), false);
    std::vector<std::string> names = names_around(std::string(), slug);
    names.insert(names.end(), {wanted.person.name, wanted.person.login});
    check_password(fields, "password", wanted.password, std::move(names));
    wanted.invite = fields.boolean("invite", false);
    wanted.mailbox = fields.optional_address("mailbox");
    check_mailbox(fields, wanted.mailbox, slug);
    wanted.person.disabled = fields.boolean("disabled", false);
    wanted.person.contact = fields.optional_outside_address("contact").value_or("");
    wanted.person.admin = wanted.role == "admin";
    if (wanted.person.admin && !actor_of(request).admin) {
        fields.refuse_field("role", "admin_role");
    }
    return wanted;
}

Status People::join_account(const Request& request, NewMember& wanted, const Person& found, Refusal& refusal) {
    const Actor actor = actor_of(request);
    if (store_->member(wanted.slug, found.login)) {
        return refuse(refusal, request, 409, "member_exists", login_parameters(wanted.slug, wanted.person, found.name));
    }
    // An account of the house joins one more association; only who answers for it may do that.
    bool known = actor.admin;
    for (const auto& [other, other_role] : store_->memberships(found.id)) {
        known = known || actor.manages(other);
    }
    if (!known) {
        return refuse(refusal, request, 409, "login_taken", login_parameters(wanted.slug, wanted.person, ""));
    }
    if ((!wanted.person.password_hash.empty() && !actor.house) || wanted.invite) {
        return refuse(refusal, request, 409, "person_has_account", login_parameters(wanted.slug, wanted.person, ""));
    }
    wanted.existing = true;
    Person changed = found;
    changed.admin = changed.admin || wanted.person.admin;
    wanted.person = changed;
    return store_->update_person(changed);
}

Status People::put_new_member(const Request& request, NewMember& wanted, Refusal& refusal, const Judge& judge) {
    // The password was hashed meanwhile: the caller may have lost the right.
    if (auto judged = judge_again(refusal, judge); !judged) {
        return judged;
    }
    const Actor actor = actor_of(request);
    if (wanted.person.admin && !actor.admin) {
        return refuse(refusal, request, 403, "forbidden");
    }
    if (store_->count_members(wanted.slug) >= members_per_association_max) {
        Parameters parameters;
        parameters.emplace_back("max", std::to_string(members_per_association_max));
        return refuse(refusal, request, 422, "ceiling", parameters);
    }
    const std::string owner = wanted.person.id;
    const auto found = store_->person_by_login(wanted.person.login);
    auto done = found ? join_account(request, wanted, *found, refusal) : store_->insert_person(wanted.person);
    const std::string& id = wanted.person.id;
    done = done ? store_->leave_bin(wanted.slug, id) : done;
    done = done ? store_->set_membership(wanted.slug, id, wanted.role == "member" ? Role::member : Role::manager) : done;
    if (done && wanted.mailbox) {
        // The address is kept for `owner`; a login that changed hands meanwhile gets none.
        done = id == owner ? store_->set_mailbox(id, wanted.slug, *wanted.mailbox) : Status(fail(ErrorKind::conflict, "another person"));
        if (!done && done.error().kind == ErrorKind::conflict) {
            return refuse(refusal, request, 409, "mailbox_taken", login_parameters(wanted.slug, wanted.person, ""));
        }
    }
    done = done && wanted.invitation ? keep_invitation(*wanted.invitation, actor, id, wanted.slug) : done;
    if (done && trial_ && request.who.caller == Caller::admin && !wanted.existing && !wanted.password.empty()) {
        store_->keep_trial_card(id, wanted.password.reveal());
    }
    done = done ? store_->emit_member(id) : done;
    done = done && wanted.mailbox ? store_->emit_mailbox(id, wanted.slug, *wanted.mailbox) : done;
    return done ? store_->status() : done;
}

Task<std::optional<Response>> People::prepare_member(const Request& request, NewMember& wanted) {
    const std::string prefix = address_prefix(request);
    if (!wanted.password.empty()) {
        std::optional<std::string> hash;
        std::function<void()> work = [&hash, &wanted] { hash = hash_password(wanted.password.reveal()); };
        std::string who = prefix;
        const bool ran = co_await slow(std::move(who), std::move(work));
        if (!ran || !hash) {
            co_return say(request, 503, "busy");
        }
        wanted.person.password_hash = std::move(*hash);
    }
    if (wanted.invite) {
        std::string who = prefix;
        auto made = co_await make_invitation(std::move(who));
        if (!made) {
            co_return say_failed(request, made.error());
        }
        wanted.invitation = std::move(*made);
    }
    co_return std::nullopt;
}

Task<Response> People::add_member(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = below(request, slug, Role::manager);
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    NewMember wanted = read_new_member(fields, request, slug);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    auto unready = co_await prepare_member(request, wanted);
    if (unready) {
        co_return std::move(*unready);
    }
    AddressWish wish;
    wish.field = "mailbox";
    wish.kind = "mailbox";
    wish.association = slug;
    wish.address = wanted.mailbox.value_or("");
    if (wanted.mailbox) {
        // An account that is known keeps its id; a login that is refused below needs no address.
        const auto known = store_->person_by_login(wanted.person.login);
        wanted.person.id = known ? known->id : wanted.person.id;
        wish.owner = wanted.person.id;
        auto refused = co_await reserve_address(request, wish);
        if (refused && !store_->member(slug, wanted.person.login)) {
            co_return std::move(*refused);
        }
    }
    Refusal refusal;
    const Status done = store_->transaction([&] { return put_new_member(request, wanted, refusal, judge); });
    if (!done) {
        if (wanted.mailbox) {
            co_await release_address(std::move(wish));
        }
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (wanted.person.admin) {
        finish_setup();
    }
    if (wanted.existing) {
        revoke_person(wanted.person.id);
    }
    // What is answered is read once mail has the change: an address in the response is a mailbox.
    const bool all = co_await delivered();
    const auto added = store_->member(slug, wanted.person.login);
    if (!added || (!all && wanted.mailbox && store_->first_event())) {
        co_return added ? say(request, 503, "mail_pending") : say(request, 404, "not_found");
    }
    json::object out = member_document(*added, true);
    if (wanted.invitation) {
        out["invitation"] = invitation_document(request, *wanted.invitation);
    }
    co_return json_response(201, out);
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
    if (name.size() > name_bytes_max || !is_plain_text(name)) {
        Parameters parameters;
        parameters.emplace_back("max", "200");
        co_return say(request, 422, "field.long", parameters);
    }
    const Proposal proposal = propose(slug, name);
    json::array same;
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

/// What a PATCH of a member asks for.
struct People::MemberPatch {
    std::optional<std::string> role;
    std::optional<std::string> name;
    std::optional<bool> disabled;
    std::optional<std::string> contact;
    bool no_contact = false;
    std::optional<std::string> mailbox;
    bool no_mailbox = false;
    std::string id;   ///< of the person
    std::string had;  ///< the address in this association before; empty: none
    bool moves() const { return mailbox && *mailbox != had; }
};

People::MemberPatch People::read_member_patch(JsonFields& fields, const Actor& actor, const std::string& slug, const Member& found) {
    MemberPatch patch;
    patch.id = found.person.id;
    patch.had = store_->mailbox_in(patch.id, slug);
    patch.role = fields.optional_choice("role", "member|manager|admin");
    patch.name = fields.optional_text("name");
    patch.disabled = fields.optional_boolean("disabled");
    patch.contact = fields.optional_outside_address("contact");
    patch.no_contact = fields.is_null("contact");
    patch.mailbox = fields.optional_address("mailbox");
    patch.no_mailbox = fields.is_null("mailbox");
    check_mailbox(fields, patch.mailbox, slug);
    if (patch.no_mailbox && !patch.had.empty() && store_->mail_enabled()) {
        fields.refuse_field("mailbox", "mailbox_remove");
    }
    if (patch.role == "admin" && !actor.admin) {
        fields.refuse_field("role", "admin_role");
    }
    return patch;
}

bool People::leaves_managers(const std::string& slug, const Member& found, const Person& person, Role wanted) {
    const bool was_manager = found.role == Role::manager && !found.person.disabled;
    if (!leaves_someone(store_->count_managers(slug), was_manager, wanted == Role::manager && !person.disabled)) {
        return false;
    }
    for (const auto& [other, other_role] : store_->memberships_anywhere(person.id)) {
        // Switching an account off takes a manager away from the other associations too, from those in the bin when they come back.
        const bool manages_other = other != slug && other_role == Role::manager && !found.person.disabled;
        if (!leaves_someone(store_->count_managers(other), manages_other, !person.disabled)) {
            return false;
        }
    }
    return true;
}

Status People::put_member_patch(const Request& request, const std::string& slug, const Member& found, const MemberPatch& patch,
                                Refusal& refusal) {
    const std::string& id = patch.id;
    const auto& role = patch.role;
    Person person = found.person;
    const bool mailbox_too = patch.mailbox || patch.no_mailbox;
    const bool account_too = patch.name || patch.disabled || patch.contact || patch.no_contact || mailbox_too || person.admin;
    if (role == "admin" && !actor_of(request).admin) {
        return refuse(refusal, request, 403, "admin_role");
    }
    if (account_too && !may_change_account(actor_of(request), store_->account(person))) {
        return refuse(refusal, request, 403, "account_elsewhere");
    }
    const Role wanted = !role ? found.role : *role == "member" ? Role::member : Role::manager;
    person.name = patch.name.value_or(person.name);
    person.disabled = patch.disabled.value_or(person.disabled);
    person.contact = patch.no_contact ? std::string() : patch.contact.value_or(person.contact);
    // "manager" or "member" asked for an admin takes the house's role away; only an admin comes here with it.
    person.admin = role ? *role == "admin" : person.admin;
    if (!leaves_managers(slug, found, person, wanted)) {
        return refuse(refusal, request, 409, "last_manager");
    }
    const bool was_admin = found.person.admin && !found.person.disabled;
    if (!leaves_someone(store_->count_admins(), was_admin, person.admin && !person.disabled)) {
        return refuse(refusal, request, 409, "last_admin");
    }
    auto done = store_->update_person(person);
    done = done ? store_->set_membership(slug, id, wanted) : done;
    // An invitation gives what its person was when it was made, and no more.
    const bool raised = (person.admin && !found.person.admin) || (wanted == Role::manager && found.role != Role::manager);
    done = done && raised ? store_->erase_invitation(id) : done;
    if (done && patch.moves()) {
        done = store_->set_mailbox(id, slug, *patch.mailbox, patch.had);
        if (!done && done.error().kind == ErrorKind::conflict) {
            return refuse(refusal, request, 409, "mailbox_taken");
        }
    }
    done = done && patch.no_mailbox && !patch.had.empty() ? store_->set_mailboxes(id, {}) : done;
    if (done && person.disabled) {
        // What is switched on again later begins without what was open before.
        done = store_->erase_sessions(id, "");
        done = done ? store_->erase_invitation(id) : done;
    }
    done = done ? store_->end_if_shut_out(id) : done;
    done = done ? store_->emit_member(id) : done;
    done = done && patch.moves() ? store_->emit_mailbox(id, slug, *patch.mailbox, patch.had) : done;
    return done ? store_->status() : done;
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
    JsonFields fields(opened.body);
    const MemberPatch patch = read_member_patch(fields, actor_of(request), slug, *opened.row);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    AddressWish wish;
    wish.field = "mailbox";
    wish.kind = "mailbox";
    wish.association = slug;
    wish.address = patch.mailbox.value_or("");
    wish.owner = patch.id;
    if (patch.moves() && may_change_account(actor_of(request), store_->account(opened.row->person))) {
        auto refused = co_await reserve_address(request, wish);
        if (refused) {
            co_return std::move(*refused);
        }
        // Mail was waited for: who asks, and whom it is about, is judged again.
        auto again = find();
        if (auto* no = std::get_if<Response>(&again)) {
            co_return std::move(*no);
        }
        opened.row = std::move(std::get<Member>(again));
        if (opened.row->person.id != patch.id || store_->mailbox_in(patch.id, slug) != patch.had) {
            co_return say(request, 503, "busy");
        }
    }
    // Nothing is waited for between here and the transaction: it judges the same state.
    Refusal refusal;
    const Status done = store_->transaction([&] { return put_member_patch(request, slug, *opened.row, patch, refusal); });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    if (patch.role || patch.disabled || patch.name) {
        revoke_person(patch.id);
    }
    if (patch.role == "admin") {
        finish_setup();
    }
    const bool all = co_await delivered();
    const auto changed = store_->member(slug, login);
    if (!all && (patch.disabled || (patch.moves() && store_->first_event()))) {
        co_return say(request, 503, "mail_pending");
    }
    co_return changed ? json_response(200, member_document(*changed, true)) : empty_response(204);
}

Task<Response> People::erase_member(Request& request) {
    if (request.query_parameter("purge") == "1") {
        co_return co_await purge_member(request);
    }
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
        return store_->remove_member(slug, *found, password_state(found->person), wall_ms_());
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
