// Deploy tokens in the place of a session: the gate's question whom one opens the door for, the modules' question who that is now, and
// sites' question which of its tokens stand. Sites keeps the tokens, and says of each which site it is for; whether who made it still
// has what it was made with is known here. No cookie and no session comes of it.
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

/// "token-ID" stands where a session's name stands; a session's own name holds no "-".
constexpr std::string_view token_prefix = "token-";
/// In the place of a login, for what bounds guesses.
constexpr std::string_view no_login = "token";

std::int64_t number_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

} // namespace

bool People::is_token_session(std::string_view session) { return session.starts_with(token_prefix); }

Task<Result<std::optional<json::object>>> People::ask_about_token(json::object question) {
    std::string text = json::serialize(question);
    auto told = co_await context_->call("sites", "POST", "/internal/token", std::move(text));
    if (told && told->status == 404) {
        co_return std::optional<json::object>();
    }
    const auto* body = told && told->status == 200 ? std::get_if<std::string>(&told->body) : nullptr;
    auto parsed = body != nullptr ? parse_json_object(*body) : Result<json::object>(fail(ErrorKind::unavailable, "sites does not answer"));
    if (!parsed) {
        co_return fail(ErrorKind::unavailable, "sites does not answer");
    }
    co_return std::optional<json::object>(std::move(*parsed));
}

Task<Response> People::token_session(Request& request, json::object token) {
    const std::string id = text_in(token, "id");
    const std::string member = text_in(token, "member");
    const auto reason = store_->power_ended(member, text_in(token, "association"), number_in(token, "created_ms"));
    if (!reason) {
        co_return problem(request, 503, "busy");
    }
    if (!reason->empty()) {
        json::object ends;
        ends["id"] = id;
        ends["end"] = *reason;
        // Whether sites writes it down now or at the next question: it opens nothing.
        (void)co_await ask_about_token(std::move(ends));
        co_return say(request, 404, "not_found");
    }
    auto person = store_->person(member);
    if (!person || !person->may_sign_in() || id.empty()) {
        co_return say(request, 404, "not_found");
    }
    Session session;
    session.id = std::string(token_prefix).append(id);
    session.person = std::move(*person);
    co_return json_response(200, identity_document(session));
}

Task<Response> People::open_with_token(Request& request, json::object body) {
    JsonFields fields(body);
    Length any;
    any.most = 256;
    const Secret token(fields.raw_text("token", any));
    any.most = 64;
    const std::string scope = fields.text("scope", any);
    const std::string prefix = fields.text("prefix", any);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    if (const Duration wait = app_wait(prefix, no_login, token.reveal()); wait > Duration(0)) {
        json::object out;
        out["wait_seconds"] = (wait.count() + 999) / 1000;
        co_return json_response(429, out);
    }
    json::object question;
    question["token"] = token.reveal();
    auto told = co_await ask_about_token(std::move(question));
    if (!told) {
        co_return problem(request, 503, "busy");
    }
    Response response = say(request, 404, "not_found");
    if (*told && scope == "deploy") {
        response = co_await token_session(request, std::move(**told));
    }
    if (response.status == 404) {
        right_lately_.forget(no_login, token.reveal());
        app_tries_.take(prefix);
    } else if (response.status == 200) {
        right_lately_.note(no_login, token.reveal());
    }
    co_return response;
}

Task<Response> People::identify_token(Request& request, std::string session) {
    json::object question;
    question["id"] = session.substr(token_prefix.size());
    auto told = co_await ask_about_token(std::move(question));
    if (!told) {
        co_return problem(request, 503, "busy");
    }
    if (!*told) {
        co_return say(request, 404, "not_found");
    }
    co_return co_await token_session(request, std::move(**told));
}

Task<Response> People::internal_token_holders(Request& request) {
    const Judge judge = [this, &request] { return refuse_unless_internal(request, "sites"); };
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    json::array ended;
    const json::value* holders = opened.body.if_contains("holders");
    for (std::size_t i = 0; holders != nullptr && holders->is_array() && i < holders->get_array().size(); ++i) {
        const json::object* one = holders->get_array()[i].if_object();
        const auto reason = one == nullptr ? Result<std::string>(std::string())
                                           : store_->power_ended(text_in(*one, "member"), text_in(*one, "association"), number_in(*one, "created_ms"));
        if (!reason) {
            co_return problem(request, 503, "busy");
        }
        if (!reason->empty()) {
            json::object item;
            item["id"] = text_in(*one, "id");
            item["reason"] = *reason;
            ended.push_back(std::move(item));
        }
    }
    json::object out;
    out["ended"] = std::move(ended);
    co_return json_response(200, out);
}

} // namespace hameau::people
