// One's own account: password, sign-out everywhere, recovery codes, app passwords (which mail keeps).
#include "daemon/base/ids.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/people/new_password.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {
constexpr Length given_password{1, password_characters_max};
} // namespace

Result<bool> People::put_password(const Actor& actor, const std::string& former_hash, const std::string& hash) {
    bool changed = false;
    const Status done = store_->transaction([&]() -> Status {
        auto now = store_->person(actor.person);
        changed = store_->proven_ms(actor.session) > 0 && now && now->may_sign_in() && now->password_hash == former_hash;
        if (!changed) {
            return store_->status();
        }
        now->password_hash = hash;
        if (auto kept = store_->update_person(*now); !kept) {
            return kept;
        }
        store_->forget_trial_card(now->id);
        auto ended = store_->erase_sessions(now->id, actor.session);
        ended = ended ? store_->erase_invitation(now->id) : ended;
        ended = ended ? store_->note_proven(actor.session, wall_ms_()) : ended;
        return ended ? store_->emit_member(now->id) : ended;
    });
    return done ? Result<bool>(changed) : fail(done.error());
}

Task<Response> People::change_password(Request& request) {
    const Judge judge = unless_signed_in(request);
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const Actor actor = actor_of(request);
    JsonFields fields(opened.body);
    Length any;
    any.most = password_characters_max;
    const Secret current(fields.raw_text("current", any));
    const Secret fresh = new_password(fields, "new", password_length(), true);
    std::vector<std::string> names = names_around(actor.person, std::string());
    names.insert(names.end(), {actor.name, actor.login});
    check_password(fields, "new", fresh, std::move(names));
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const auto person = store_->person(actor.person);
    if (!person) {
        co_return say(request, 401, "signed_out");
    }
    // Whoever found an open session must not guess the password with it: counted for this session alone.
    const std::string key = throttle_key(actor.person, "session " + actor.session);
    const Duration wait = throttle_.begin(key);
    if (wait > Duration(0)) {
        co_return say_wait(request, wait);
    }
    bool right = false;
    std::optional<std::string> hash;
    std::function<void()> work = [&] {
        right = password_matches(person->password_hash, current.reveal());
        if (right) {
            hash = hash_password(fresh.reveal());
        }
    };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || (right && !hash)) {
        throttle_.withdraw(key);
        co_return say(request, 503, "busy");
    }
    if (!right) {
        co_return say(request, 403, "wrong_current");
    }
    throttle_.succeed(key);
    const Result<bool> changed = put_password(actor, person->password_hash, *hash);
    if (!changed) {
        co_return say_failed(request, changed.error());
    }
    if (!*changed) {
        co_return say(request, 403, "wrong_current");
    }
    // The gate forgets all of the person's sessions and asks again for the one that stays.
    revoke_person(actor.person);
    Response response = empty_response(204);
    co_return co_await after_delivery(request, std::move(response), Urgency::before_answering);
}

Task<Response> People::sign_out_everywhere(Request& request) {
    const Actor actor = actor_of(request);
    if (actor.person.empty()) {
        co_return say(request, 401, "signed_out");
    }
    const Status done = store_->transaction([&]() -> Status {
        auto erased = store_->erase_sessions(actor.person, "");
        return erased ? store_->erase_devices(actor.person) : erased;
    });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    revoke_person(actor.person);
    Response response = empty_response(204);
    response.headers.emplace_back("Set-Cookie", std::string(session_cookie) + "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    if (actor.shared) {
        response.headers.emplace_back("Clear-Site-Data", "\"cache\",\"cookies\",\"storage\"");
    }
    co_return response;
}

Task<Response> People::count_recovery_codes(Request& request) {
    const Actor actor = actor_of(request);
    if (actor.person.empty()) {
        co_return say(request, 401, "signed_out");
    }
    json::object out;
    out["codes"] = json::array();
    out["left"] = store_->count_recovery_codes(actor.person);
    co_return json_response(200, out);
}

Task<Response> People::make_recovery_codes(Request& request) {
    const Judge judge = unless_signed_in(request);
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const Actor actor = actor_of(request);
    JsonFields fields(opened.body);
    const Secret current(fields.optional_raw_text("current", given_password).value_or(""));
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    auto unproven = co_await prove(request, actor, current);
    if (unproven) {
        co_return std::move(*unproven);
    }
    std::vector<std::string> codes;
    for (std::size_t i = 0; i < recovery_codes; ++i) {
        codes.push_back(new_code());
    }
    std::vector<std::string> hashes;
    const std::string salt = store_->house_value("code_salt") + actor.person;
    std::function<void()> work = [&] {
        for (const std::string& code : codes) {
            if (auto hash = hash_code(code, salt)) {
                hashes.push_back(std::move(*hash));
            }
        }
    };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || hashes.size() != codes.size()) {
        co_return say(request, 503, "busy");
    }
    Refusal refusal;
    const Status done = store_->transaction([&]() -> Status {
        const auto judged = judge_again(refusal, judge);
        return judged ? store_->replace_recovery_codes(actor.person, hashes) : judged;
    });
    if (!done) {
        co_return refused_or_failed(request, refusal, done.error());
    }
    json::array shown;
    for (const std::string& code : codes) {
        shown.emplace_back(shown_code(code));
    }
    json::object out;
    out["codes"] = std::move(shown);
    out["left"] = codes.size();
    co_return json_response(200, out);
}

Task<std::optional<Response>> People::prove(Request& request, const Actor& actor, const Secret& current) {
    std::optional<Response> refused;
    const auto person = store_->person(actor.person);
    const std::int64_t now = wall_ms_();
    const std::int64_t proven = store_->proven_ms(actor.session);
    // A clock that went back must not make an old proof fresh.
    if (current.empty() && proven <= now && now - proven <= proven_ms_max) {
        co_return refused;
    }
    if (current.empty() || !person) {
        refused = say(request, 403, "password_needed");
        co_return refused;
    }
    // As in change_password: whoever found an open session must not guess the password with it.
    const std::string key = throttle_key(actor.person, "session " + actor.session);
    const Duration wait = throttle_.begin(key);
    if (wait > Duration(0)) {
        refused = say_wait(request, wait);
        co_return refused;
    }
    bool right = false;
    std::function<void()> work = [&] { right = password_matches(person->password_hash, current.reveal()); };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran) {
        throttle_.withdraw(key);
        refused = say(request, 503, "busy");
        co_return refused;
    }
    const auto after = store_->person(actor.person);
    if (!right || !after || after->password_hash != person->password_hash) {
        refused = say(request, 403, "wrong_current");
        co_return refused;
    }
    throttle_.succeed(key);
    if (const auto noted = store_->note_proven(actor.session, wall_ms_()); !noted) {
        refused = say_failed(request, noted.error());
    }
    co_return refused;
}

Task<Response> People::forward_to_mail(const Request& request, std::string method, std::string path, std::string text) {
    if (!store_->mail_enabled()) {
        co_return say(request, 503, "mail_off");
    }
    auto answer = co_await context_->call("mail", std::move(method), std::move(path), std::move(text));
    if (!answer) {
        co_return say(request, 503, "mail_off");
    }
    Response response;
    response.status = answer->status;
    for (auto& [name, value] : answer->headers) {
        if (ascii_lower(name) == "content-type") {
            response.headers.emplace_back("Content-Type", value);
        }
    }
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = std::move(answer->body);
    co_return response;
}

Task<Response> People::app_passwords(Request& request) {
    const Actor actor = actor_of(request);
    if (actor.person.empty()) {
        co_return say(request, 401, "signed_out");
    }
    if (request.method != "POST") {
        std::string path = "/internal/app-passwords?member=" + actor.person;
        co_return co_await forward_to_mail(request, "GET", std::move(path), "");
    }
    const Judge judge = unless_signed_in(request);
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    Length length;
    length.most = 100;
    const Secret current(fields.optional_raw_text("current", given_password).value_or(""));
    json::object out;
    out["member"] = actor.person;
    out["name"] = fields.text("name", length);
    json::array scopes;
    const auto typed = fields.optional_texts("scopes", 4);
    for (const std::string& scope : typed.value_or(std::vector<std::string>{"imap", "submission"})) {
        // "dav" is a word of the contract that no part of the house answers to yet: taken, offered by no page.
        if (scope != "imap" && scope != "submission" && scope != "dav" && scope != "deploy") {
            Parameters parameters;
            parameters.emplace_back("choices", "imap, submission, deploy");
            fields.refuse_field("scopes", "field.choice", std::move(parameters));
        }
        scopes.emplace_back(scope);
    }
    out["scopes"] = std::move(scopes);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    auto unproven = co_await prove(request, actor, current);
    if (unproven) {
        co_return std::move(*unproven);
    }
    // Mail must know the member before it can keep a password for them.
    const bool known = co_await delivered();
    if (!known) {
        co_return say(request, 503, "mail_off");
    }
    // The session may have ended during the waits.
    if (auto refused = judge()) {
        co_return std::move(*refused);
    }
    std::string text = json::serialize(out);
    co_return co_await forward_to_mail(request, "POST", "/internal/app-passwords", std::move(text));
}

Task<Response> People::erase_app_password(Request& request) {
    const Actor actor = actor_of(request);
    if (actor.person.empty()) {
        co_return say(request, 401, "signed_out");
    }
    const std::string id(request.parameter("id"));
    if (!is_id(id)) {
        co_return say(request, 404, "not_found");
    }
    std::string path = "/internal/app-passwords/" + id + "?member=" + actor.person;
    co_return co_await forward_to_mail(request, "DELETE", std::move(path), "");
}

} // namespace hameau::people
