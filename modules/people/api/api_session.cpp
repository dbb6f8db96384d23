// Signing in and out, recovery codes in use, and the gate's questions about a token.
#include <algorithm>

#include "daemon/base/io.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/new_password.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/passwords.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::string_view cookie_attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";

std::string cookie(std::string_view name, std::string_view value, std::int64_t max_age_seconds) {
    std::string out = std::string(name).append("=").append(value).append(cookie_attributes);
    if (max_age_seconds >= 0) {
        out += "; Max-Age=" + std::to_string(max_age_seconds);
    }
    return out;
}

} // namespace

std::optional<People::Attempt> People::attempt_of(const Request& request, const std::string& account, const std::string& person, int work) {
    const Settings& settings = context_->settings();
    constexpr std::string_view exempt = "people.limits.exempt_networks";
    const std::string prefix = address_prefix(request);
    if (request.who.caller == Caller::admin || (settings.has(exempt) && is_exempt(prefix, settings.text(exempt)))) {
        return std::nullopt;
    }
    // A computer that this person used before is counted by itself: others on its network cannot hold it up.
    const std::string_view device = cookie_of(request, device_cookie);
    if (!person.empty() && device.size() == token_characters) {
        const std::string hash = token_hash(device);
        if (store_->is_device_of(hash, person)) {
            return Attempt{throttle_key(account, "device " + hash), "", work};
        }
    }
    return Attempt{throttle_key(account, prefix), prefix == "?" ? "" : prefix, work};
}

Duration People::begin(const std::optional<Attempt>& attempt) {
    if (!attempt) {
        return Duration(0);
    }
    Duration wait = attempt->prefix.empty() ? Duration(0) : tries_.wait_for(attempt->prefix, attempt->work);
    wait = wait > Duration(0) ? wait : throttle_.begin(attempt->key);
    if (wait == Duration(0) && !attempt->prefix.empty()) {
        tries_.take(attempt->prefix, attempt->work);
    }
    return wait;
}

void People::succeed(const std::optional<Attempt>& attempt) {
    if (attempt) {
        throttle_.succeed(attempt->key);
        tries_.give_back(attempt->prefix, attempt->work);
    }
}

void People::withdraw(const std::optional<Attempt>& attempt) {
    if (attempt) {
        throttle_.withdraw(attempt->key);
        tries_.give_back(attempt->prefix, attempt->work);
    }
}

Result<People::Credentials> People::open_session(const Person& person, bool shared, const std::string& old_session,
                                                 bool known_device) {
    Credentials made;
    made.token = new_token();
    made.session.id = new_id();
    made.session.shared = shared;
    made.session.person = person;
    if (!shared && !known_device) {
        made.device = new_token();
    }
    const std::int64_t now = wall_ms_();
    const std::int64_t length = setting_ms("people.session_length", session_ms_default);
    const Status done = store_->transaction([&]() -> Status {
        if (!old_session.empty()) {
            if (auto erased = store_->erase_session(old_session); !erased) {
                return erased;
            }
        }
        if (auto kept = store_->insert_session(token_hash(made.token), made.session.id, person.id, shared, now, now + length); !kept) {
            return kept;
        }
        return made.device.empty() ? Status{} : store_->insert_device(token_hash(made.device), person.id, now);
    });
    if (!done) {
        return fail(done.error());
    }
    if (!old_session.empty()) {
        revoke_session(old_session);
    }
    return made;
}

void People::set_cookies(Response& response, const Credentials& credentials) const {
    const std::int64_t seconds = setting_ms("people.session_length", session_ms_default) / 1000;
    // On a shared computer the cookie ends with the browser; the session itself ends sooner.
    response.headers.emplace_back("Set-Cookie", cookie(session_cookie, credentials.token, credentials.session.shared ? -1 : seconds));
    if (!credentials.device.empty()) {
        response.headers.emplace_back("Set-Cookie", cookie(device_cookie, credentials.device, device_cookie_seconds));
    }
}

Response People::signed_in(int status, const Person& person, const Credentials& credentials) {
    Actor actor;
    actor.admin = person.admin;
    actor.shared = credentials.session.shared;
    actor.person = person.id;
    actor.login = person.login;
    actor.name = person.name;
    actor.associations = store_->memberships(person.id);
    Response response = json_response(status, session_document(actor));
    set_cookies(response, credentials);
    return response;
}

json::object People::session_document(const Actor& actor) {
    json::object out;
    out["login"] = actor.login;
    out["name"] = actor.name;
    out["member"] = actor.person;
    out["admin"] = actor.admin;
    out["shared_computer"] = actor.shared;
    json::array list;
    const auto add = [this, &list](const Association& association, Role role) {
        json::object item;
        item["slug"] = association.slug;
        item["name"] = association.name;
        item["role"] = to_text(role);
        if (role == Role::manager) {
            add_usage(item, association);
        }
        list.push_back(std::move(item));
    };
    if (actor.admin) {
        for (const Association& association : store_->associations("", associations_max)) {
            add(association, Role::manager);
        }
    } else {
        for (const auto& [slug, role] : actor.associations) {
            if (const auto association = store_->association(slug)) {
                add(*association, role);
            }
        }
    }
    out["associations"] = std::move(list);
    return out;
}

Task<Response> People::sign_in(Request& request) {
    const auto body = co_await read_json(request, body_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    JsonFields fields(*body);
    Length any;
    any.most = 254;
    const std::string typed = fields.text("login", any);
    any.most = password_characters_max;
    const Secret password(fields.raw_text("password", any));
    const bool shared = fields.boolean("shared_computer", false);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const auto person = store_->person_by_sign_in(typed);
    const std::string id = person ? person->id : std::string();
    const std::string account = person ? id : "login " + ascii_lower(typed);
    const auto attempt = attempt_of(request, account, id);
    const Duration wait = begin(attempt);
    if (wait > Duration(0)) {
        co_return say_wait(request, wait);
    }
    // An unknown login costs the same work: password_matches() compares with a hash that nobody has.
    const std::string hash = person && person->may_sign_in() ? person->password_hash : std::string();
    bool right = false;
    std::function<void()> work = [&right, &hash, &password] { right = password_matches(hash, password.reveal()); };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran) {
        withdraw(attempt);
        Error busy;
        busy.kind = ErrorKind::unavailable;
        co_return say_failed(request, busy);
    }
    const auto now = right ? store_->person(id) : std::nullopt;
    if (!now || !now->may_sign_in() || now->password_hash != hash) {
        co_return say(request, 401, "wrong_credentials");
    }
    succeed(attempt);
    const Actor before = actor_of(request);
    const std::string_view device = cookie_of(request, device_cookie);
    const bool known = device.size() == token_characters && store_->is_device_of(token_hash(device), id);
    const auto made = open_session(*now, shared, before.session, known);
    if (!made) {
        co_return say_failed(request, made.error());
    }
    Response response = signed_in(200, *now, *made);
    co_return response;
}

Task<Response> People::show_session(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_signed_out(request, actor)) {
        co_return std::move(*refused);
    }
    co_return json_response(200, session_document(actor));
}

Task<Response> People::sign_out(Request& request) {
    const Actor actor = actor_of(request);
    Response response = empty_response(204);
    if (!actor.session.empty()) {
        if (const auto done = store_->erase_session(actor.session); !done) {
            co_return say_failed(request, done.error());
        }
        revoke_session(actor.session);
    }
    response.headers.emplace_back("Set-Cookie", cookie(session_cookie, "", 0));
    if (actor.shared) {
        response.headers.emplace_back("Clear-Site-Data", "\"cache\",\"cookies\",\"storage\"");
    }
    co_return response;
}

Status People::use_recovery(const std::string& id, const std::vector<std::string>& code_hashes, const Secret& password,
                            const std::string& hash, Recovered& recovered) {
    auto now = store_->person(id);
    const bool used = now && now->may_sign_in() && std::any_of(code_hashes.begin(), code_hashes.end(), [&](const std::string& code_hash) {
        return store_->use_recovery_code(id, code_hash);
    });
    if (!used) {
        return store_->status();
    }
    std::vector<std::string> names = names_around(id, std::string());
    names.insert(names.end(), {now->name, now->login});
    if (guessable(password.reveal(), names) != Guessable::none) {
        recovered = Recovered::own_name;
        return fail(ErrorKind::invalid, "refused");  // rolls back: the code is not used up
    }
    recovered = Recovered::yes;
    now->password_hash = hash;
    store_->forget_trial_card(id);
    auto done = store_->update_person(*now);
    // Somebody may know more than the password: a recovery ends every way in but itself.
    done = done ? store_->erase_sessions(id, "") : done;
    done = done ? store_->erase_devices(id) : done;
    done = done ? store_->erase_invitation(id) : done;
    done = done ? store_->emit_app_passwords_erased(id) : done;
    return done ? store_->emit_member(id) : done;
}

Task<Response> People::recover(Request& request) {
    const auto body = co_await read_json(request, body_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    JsonFields fields(*body);
    Length any;
    any.most = 254;
    const std::string typed = fields.text("login", any);
    any.most = 32;
    const std::vector<std::string> readings = readings_of_code(fields.text("code", any));
    const Secret password = new_password(fields, "password", password_length(), true);
    const bool shared = fields.boolean("shared_computer", false);
    // Only what the asker typed is compared here: the person's own name would tell who has an account.
    check_password(fields, "password", password, {typed});
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const auto person = store_->person_by_sign_in(typed);
    const std::string id = person ? person->id : std::string();
    const auto attempt = attempt_of(request, person ? id : "login " + ascii_lower(typed), id, static_cast<int>(readings.size()) + 1);
    const Duration wait = begin(attempt);
    if (wait > Duration(0)) {
        co_return say_wait(request, wait);
    }
    std::vector<std::string> code_hashes;
    std::optional<std::string> hash;
    const std::string salt = store_->house_value("code_salt") + id;
    std::function<void()> work = [&] {
        code_hashes = hash_codes(readings, salt);
        hash = hash_password(password.reveal());
    };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || !hash || code_hashes.size() != readings.size()) {
        withdraw(attempt);
        Error busy;
        busy.kind = ErrorKind::unavailable;
        co_return say_failed(request, busy);
    }
    Recovered recovered = Recovered::no;
    const Status done = store_->transaction([&] { return use_recovery(id, code_hashes, password, *hash, recovered); });
    const bool own_name = recovered == Recovered::own_name;
    const bool used = recovered == Recovered::yes;
    if (own_name) {
        succeed(attempt);
        fields.refuse_field("password", code_of(Guessable::own_name));
        co_return fields.refuse(request, people_catalogue);
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    if (!used) {
        co_return say(request, 401, "wrong_recovery");
    }
    succeed(attempt);
    revoke_person(id);
    const auto now = store_->person(id);
    const auto made = open_session(*now, shared, "", false);
    if (!made) {
        co_return say_failed(request, made.error());
    }
    Response response = signed_in(200, *now, *made);
    co_return co_await after_delivery(request, std::move(response), Urgency::before_answering);
}

Task<Response> People::internal_session(Request& request) {
    if (auto refused = refuse_unless_internal(request, "gate")) {
        co_return std::move(*refused);
    }
    const auto body = co_await read_json(request, body_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    JsonFields fields(*body);
    Length length;
    length.most = 256;
    const std::string token = fields.text("token", length);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const std::int64_t now = wall_ms_();
    const std::string hash = token_hash(token);
    const auto session = store_->session(hash, now, setting_ms("people.shared_idle", 15 * 60 * 1000));
    if (!session) {
        co_return say(request, 404, "not_found");
    }
    if (session->shared && now - session->seen_ms > shared_touch_ms) {
        store_->touch_session(hash, now);
    }
    co_return json_response(200, identity_document(*session));
}

Task<Response> People::internal_identity(Request& request) {
    if (request.who.caller != Caller::module || request.who.module == "gate") {
        co_return say(request, 403, "forbidden");
    }
    const auto body = co_await read_json(request, body_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    JsonFields fields(*body);
    Length length;
    length.most = 64;
    const std::string id = fields.text("session", length);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (is_app_session(id)) {
        co_return co_await identify_app(request, id);
    }
    if (is_token_session(id)) {
        co_return co_await identify_token(request, id);
    }
    const auto session = store_->session_by_id(id, wall_ms_(), setting_ms("people.shared_idle", 15 * 60 * 1000));
    co_return session ? json_response(200, identity_document(*session)) : say(request, 404, "not_found");
}

json::object People::identity_document(const Session& session) {
    const Person& person = session.person;
    json::object out;
    out["member"] = person.id;
    out["session"] = session.id;
    out["login"] = person.login;
    out["name"] = person.name;
    out["admin"] = person.admin;
    out["shared"] = session.shared;
    json::array list;
    const auto add = [&list](const std::string& slug, Role role) {
        json::object item;
        item["slug"] = slug;
        item["role"] = to_text(role);
        list.push_back(std::move(item));
    };
    if (person.admin) {
        for (const Association& association : store_->associations("", associations_max)) {
            add(association.slug, Role::manager);
        }
    } else {
        for (const auto& [slug, role] : store_->memberships(person.id)) {
            add(slug, role);
        }
    }
    out["associations"] = std::move(list);
    return out;
}

} // namespace hameau::people
