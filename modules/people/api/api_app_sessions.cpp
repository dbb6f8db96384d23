// App passwords of programs that speak HTTP (scope `deploy`): the gate's question who one opens the door for, and the
// modules' question who that is now. Mail keeps the app passwords; nothing of them is kept here, so that a revoked one is
// over at once. No cookie and no session comes of it.
#include "modules/people/people_module.hpp"

#include <boost/json.hpp>

#include "daemon/base/json_text.hpp"
#include "daemon/base/text.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/problem.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

/// "app-SCOPE-ID" stands where a session's name stands; a session's own name holds no "-".
constexpr std::string_view app_prefix = "app-";

} // namespace

Task<Result<std::optional<json::object>>> People::ask_about_app_password(std::string path, json::object question) {
    if (!store_->mail_enabled()) {
        co_return fail(ErrorKind::unavailable, "mail keeps the app passwords, and is switched off");
    }
    std::string text = json::serialize(question);
    auto told = co_await context_->call("mail", "POST", std::move(path), std::move(text));
    if (told && told->status == 404) {
        co_return std::optional<json::object>();
    }
    const auto* body = told && told->status == 200 ? std::get_if<std::string>(&told->body) : nullptr;
    auto parsed = body != nullptr ? parse_json_object(*body) : Result<json::object>(fail(ErrorKind::unavailable, "mail does not answer"));
    if (!parsed) {
        co_return fail(ErrorKind::unavailable, "mail does not answer");
    }
    co_return std::optional<json::object>(std::move(*parsed));
}

Response People::app_session(const Request& request, const std::string& member, const std::string& scope, const std::string& id) {
    auto person = store_->person(member);
    if (!person || !person->may_sign_in() || id.empty()) {
        return say(request, 404, "not_found");
    }
    Session session;
    session.id = std::string(app_prefix).append(scope).append("-").append(id);
    session.person = std::move(*person);
    return json_response(200, identity_document(session));
}

Duration People::app_wait(const std::string& prefix, std::string_view login, std::string_view password) const {
    const Settings& settings = context_->settings();
    constexpr std::string_view exempt = "people.limits.exempt_networks";
    const bool counted = !(settings.has(exempt) && is_exempt(prefix, settings.text(exempt))) && !right_lately_.knows(login, password);
    return counted ? app_tries_.wait_for(prefix) : Duration(0);
}

Task<Response> People::internal_app_session(Request& request) {
    const Judge judge = [this, &request] { return refuse_unless_internal(request, "gate"); };
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    if (opened.body.contains("token")) {
        co_return co_await open_with_token(request, std::move(opened.body));
    }
    JsonFields fields(opened.body);
    Length any;
    any.most = 254;
    const std::string typed = fields.text("login", any);
    any.most = password_characters_max;
    const Secret password(fields.raw_text("password", any));
    any.most = 64;
    const std::string scope = fields.text("scope", any);
    const std::string prefix = fields.text("prefix", any);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const auto person = store_->person_by_sign_in(typed);
    const std::string id = person ? person->id : std::string();
    // Of 128 random bits nothing is guessed: what is bounded is the work that an address makes in vain. Only what was wrong
    // counts, so that programs with a right one may call as often and as many at a time as they like.
    if (const Duration wait = app_wait(prefix, typed, password.reveal()); wait > Duration(0)) {
        json::object out;
        out["wait_seconds"] = (wait.count() + 999) / 1000;
        co_return json_response(429, out);
    }
    json::object question;
    question["password"] = password.reveal();
    question["scope"] = scope;
    const auto told = co_await ask_about_app_password("/internal/app-password-check", std::move(question));
    if (!told) {
        co_return say(request, 503, "mail_off");
    }
    if (!*told || id.empty() || text_in(**told, "member") != id) {
        right_lately_.forget(typed, password.reveal());
        app_tries_.take(prefix);
        co_return say(request, 404, "not_found");
    }
    right_lately_.note(typed, password.reveal());
    co_return app_session(request, id, scope, text_in(**told, "id"));
}

Task<Response> People::identify_app(Request& request, std::string session) {
    const std::size_t dash = session.find('-', app_prefix.size());
    if (dash == std::string::npos) {
        co_return say(request, 404, "not_found");
    }
    const std::string scope = session.substr(app_prefix.size(), dash - app_prefix.size());
    const std::string id = session.substr(dash + 1);
    json::object question;
    question["id"] = id;
    question["scope"] = scope;
    const auto told = co_await ask_about_app_password("/internal/app-password-holder", std::move(question));
    if (!told) {
        co_return say(request, 503, "mail_off");
    }
    co_return *told ? app_session(request, text_in(**told, "member"), scope, id) : say(request, 404, "not_found");
}

bool People::is_app_session(std::string_view session) { return session.starts_with(app_prefix); }

} // namespace hameau::people
