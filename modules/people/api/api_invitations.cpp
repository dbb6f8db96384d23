// Invitations: a link or a typable code.
#include "daemon/base/io.hpp"
#include "modules/people/new_password.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

Error too_busy() {
    Error error;
    error.kind = ErrorKind::unavailable;
    error.message = "too much slow work waits";
    return error;
}

std::string password_state(const Person& person) {
    return person.password_hash.empty() ? std::string() : token_hash(person.password_hash);
}

Task<Result<People::NewInvitation>> People::make_invitation(std::string prefix) {
    NewInvitation made;
    made.token = new_token();
    made.code = new_code();
    const std::string salt = store_->house_value("code_salt");
    std::optional<std::string> hash;
    std::function<void()> work = [&hash, &made, &salt] { hash = hash_code(made.code, salt); };
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || !hash) {
        co_return fail(too_busy());
    }
    made.code_hash = std::move(*hash);
    co_return made;
}

Status People::keep_invitation(const NewInvitation& made, const Actor& maker, const std::string& person, const std::string& association) {
    const auto invited = store_->person(person);
    if (!invited) {
        return store_->status();
    }
    const std::int64_t now = wall_ms_();
    Invitation invitation;
    invitation.person = *invited;
    invitation.association = association;
    invitation.token_hash = token_hash(made.token);
    invitation.expires_ms = now + invitation_ms;
    invitation.maker = maker.house ? std::string() : maker.person;
    invitation.account = store_->account(*invited);
    const auto member = store_->member(association, invited->login);
    invitation.manager = member && member->role == Role::manager;
    invitation.password_state = password_state(*invited);
    return store_->put_invitation(invitation, made.code_hash, now);
}

std::optional<Actor> People::actor_of_person(const std::string& id) {
    const auto person = store_->person(id);
    if (!person || !person->may_sign_in()) {
        return std::nullopt;
    }
    Actor actor;
    actor.admin = person->admin;
    actor.person = person->id;
    actor.login = person->login;
    actor.name = person->name;
    actor.associations = store_->memberships(person->id);
    return actor;
}

bool People::holds(const Invitation& invitation) {
    InvitationFacts facts;
    facts.then = invitation.account;
    facts.manager_then = invitation.manager;
    facts.password_then = invitation.password_state;
    facts.disabled = !invitation.person.may_sign_in();
    facts.account = store_->account(invitation.person);
    for (const auto& [slug, role] : store_->memberships(invitation.person.id)) {
        facts.role = slug == invitation.association ? role : facts.role;
    }
    facts.password = password_state(invitation.person);
    if (invitation.maker.empty()) {
        Actor house;
        house.house = house.admin = true;
        facts.maker = std::move(house);
    } else {
        facts.maker = actor_of_person(invitation.maker);
    }
    return invitation_holds(facts);
}

bool People::invitation_is_open(const std::string& person) {
    const auto invitation = store_->invitation_of(person, wall_ms_());
    return invitation && holds(*invitation);
}

json::object People::invitation_document(const Request& request, const NewInvitation& invitation) const {
    std::string house(request.header("hameau-scheme-host"));
    const Settings& settings = context_->settings();
    if (house.empty() && settings.has("house.host")) {
        house = "https://" + settings.text("house.host");
        if (settings.has("house.https_port") && settings.text("house.https_port") != "443") {
            house += ":" + settings.text("house.https_port");
        }
    }
    json::object out;
    // The token travels in the fragment: it reaches no log and no Referer.
    out["url"] = house + "/invitation#" + invitation.token;
    out["code"] = shown_code(invitation.code);
    out["expires"] = format_utc(wall_ms_() + invitation_ms);
    return out;
}

Task<std::variant<Invitation, Response>> People::find_invitation(Request& request) {
    std::variant<Invitation, Response> outcome;
    const std::string typed(request.parameter("invitation"));
    std::vector<std::string> hashes;
    std::optional<Attempt> attempt;
    if (typed.size() == token_characters) {
        hashes.push_back(token_hash(typed));
    } else {
        // Short enough to be guessed one day: tries are slowed down for each address prefix.
        const std::vector<std::string> readings = readings_of_code(typed);
        attempt = attempt_of(request, "invitation code", "", static_cast<int>(readings.size()));
        const Duration wait = begin(attempt);
        if (wait > Duration(0)) {
            outcome = say_wait(request, wait);
            co_return outcome;
        }
        if (!readings.empty()) {
            const std::string salt = store_->house_value("code_salt");
            std::function<void()> work = [&hashes, &readings, &salt] { hashes = hash_codes(readings, salt); };
            std::string prefix = address_prefix(request);
            const bool ran = co_await slow(std::move(prefix), std::move(work));
            if (!ran || hashes.size() != readings.size()) {
                withdraw(attempt);
                outcome = say_failed(request, too_busy());
                co_return outcome;
            }
        }
    }
    std::optional<Invitation> found;
    for (const std::string& hash : hashes) {
        found = found ? std::move(found) : store_->invitation(hash, wall_ms_());
    }
    if (!found || !holds(*found)) {
        outcome = say(request, 404, "invitation_gone");
        co_return outcome;
    }
    succeed(attempt);
    outcome = std::move(*found);
    co_return outcome;
}

Task<Response> People::show_invitation(Request& request) {
    auto outcome = co_await find_invitation(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Invitation& invitation = std::get<Invitation>(outcome);
    json::object out;
    out["name"] = invitation.person.name;
    out["login"] = invitation.person.login;
    out["association"] = invitation.association_name;
    out["expires"] = format_utc(invitation.expires_ms);
    co_return json_response(200, out);
}

Task<Response> People::accept_invitation(Request& request) {
    // Nobody is asked who they are: the invitation itself is the right, and it is looked at after the body has come.
    const Judge anyone = [] { return std::optional<Response>(); };
    auto opened = co_await open_body(nullptr, request, anyone, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    auto outcome = co_await find_invitation(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Invitation invitation = std::move(std::get<Invitation>(outcome));
    JsonFields fields(opened.body);
    const Secret password = new_password(fields, "password", password_length(), true);
    const bool shared = fields.boolean("shared_computer", false);
    check_password(fields, "password", password, {invitation.person.name, invitation.person.login, invitation.association_name});
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    std::optional<std::string> hash;
    std::function<void()> work = [&hash, &password] { hash = hash_password(password.reveal()); };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || !hash) {
        co_return say_failed(request, too_busy());
    }
    const std::string id = invitation.person.id;
    bool taken = false;
    std::optional<Person> person;
    const Status done = store_->transaction([&]() -> Status {
        person = store_->person(id);
        // Used, renewed or without its reason since the password was hashed: only what holds now is taken.
        const auto now = store_->invitation_of(id, wall_ms_());
        taken = person && now && now->token_hash == invitation.token_hash && holds(*now) &&
                store_->use_invitation(id, invitation.token_hash);
        if (!taken) {
            return store_->status();
        }
        const bool had_password = !person->password_hash.empty();
        person->password_hash = *hash;
        if (auto told = had_password ? store_->emit_app_passwords_erased(id) : Status{}; !told) {
            return told;
        }
        if (auto changed = store_->update_person(*person); !changed) {
            return changed;
        }
        store_->forget_trial_card(id);
        if (auto erased = store_->erase_sessions(id, ""); !erased) {
            return erased;
        }
        return store_->emit_member(id);
    });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    if (!taken) {
        co_return say(request, 404, "invitation_gone");
    }
    revoke_person(id);
    const auto made = open_session(*person, shared, actor_of(request).session, false);
    if (!made) {
        co_return say_failed(request, made.error());
    }
    Response response = signed_in(201, *person, *made);
    co_return co_await after_delivery(request, std::move(response), Urgency::before_answering);
}

} // namespace hameau::people
