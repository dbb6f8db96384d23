// Deploy tokens: made, listed and ended by people; asked about by people (the module), which tells the gate whom one opens the door
// for. Who made a token may leave at any time: people keeps that fact and is asked, and a token that has lost its member ends for good.
#include <algorithm>

#include "daemon/base/io.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/opening.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

constexpr Event token_made{"sites.token_made", Level::info};
constexpr Event token_ended{"sites.token_ended", Level::info};

/// As people names a token in the place of a session.
constexpr std::string_view session_prefix = "token-";

bool is_people(const Request& request) { return request.who.caller == Caller::module && request.who.module == "people"; }

json::value time_or_null(std::int64_t ms) { return ms > 0 ? json::value(format_utc(ms)) : json::value(nullptr); }

json::object holder_document(const Token& token, const std::string& association) {
    json::object out;
    out["id"] = token.id;
    out["member"] = token.member;
    out["association"] = association;
    out["created_ms"] = token.created_ms;
    return out;
}

bool manages(const Request& request, const Site& site) {
    return request.who.caller == Caller::admin || request.who.role_in(site.association) >= Role::manager;
}

} // namespace

std::optional<Response> Sites::refuse_token(const Request& request, const Site& site) {
    if (!request.who.session.starts_with(session_prefix)) {
        return std::nullopt;
    }
    const auto token = Tokens(context_->database()).by_id(request.who.session.substr(session_prefix.size()));
    if (!token || token->ended_ms > 0) {
        return say(request, 401, "token_ended");
    }
    return token->site == site.id ? std::nullopt : std::optional<Response>(say(request, 403, "token_elsewhere"));
}

json::object Sites::token_document(const Request& request, const Token& token) const {
    json::object out;
    out["id"] = token.id;
    out["name"] = token.name;
    out["by"] = token.login;
    out["created"] = format_utc(token.created_ms);
    out["used"] = time_or_null(token.used_ms);
    out["ended"] = time_or_null(token.ended_ms);
    out["mine"] = token.member == request.who.member;
    out["reason"] = nullptr;
    if (token.ended_ms > 0) {
        out["reason"] = text_of(sites_catalogue, language_of(request), "token_" + token.reason, {});
    }
    return out;
}

/// Ends those whose member has lost what they were made with. People that does not answer leaves the list as it is.
Task<bool> Sites::judge_tokens(const Site& site) {
    Tokens tokens(context_->database());
    json::array holders;
    for (const Token& token : tokens.of_site(site.id)) {
        if (token.ended_ms == 0) {
            holders.push_back(holder_document(token, site.association));
        }
    }
    if (holders.empty()) {
        co_return true;
    }
    json::object question;
    question["holders"] = std::move(holders);
    std::string text = json::serialize(question);
    auto answer = co_await context_->call("people", "POST", "/internal/token-holders", std::move(text));
    if (!answer || answer->status != 200) {
        co_return false;
    }
    const json::object told = object_in(body_text(*answer));
    const json::value* ended = told.if_contains("ended");
    for (std::size_t i = 0; ended != nullptr && ended->is_array() && i < ended->get_array().size(); ++i) {
        const json::object* one = ended->get_array()[i].if_object();
        if (one != nullptr) {
            end_token(text_in(*one, "id"), text_in(*one, "reason"));
        }
    }
    co_return true;
}

void Sites::end_token(const std::string& id, std::string_view reason) {
    const std::string_view known = reason == "recovered" ? "recovered" : reason == "revoked" ? "revoked" : "left";
    if (auto ended = Tokens(context_->database()).end(id, known, now_ms()); !ended) {
        trouble_ = ended.error().message;
        return;
    }
    context_->journal().write(token_ended, {{"token", id}, {"reason", std::string(known)}});
}

Task<Response> Sites::list_tokens(Request& request) {
    auto found = find_site(request, publishing_role());
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site site = std::get<Site>(found);
    const bool judged = co_await judge_tokens(site);
    if (!judged) {
        co_return say(request, 503, "people_away");
    }
    json::array items;
    for (const Token& token : Tokens(context_->database()).of_site(site.id)) {
        if (token.member == request.who.member || manages(request, site)) {
            items.push_back(token_document(request, token));
        }
    }
    co_return list_response(std::move(items), "");
}

Task<Response> Sites::add_token(Request& request) {
    const Finder<Site> find = [this, &request] { return find_site(request, publishing_role()); };
    auto opened = co_await open_row(context_, request, find, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    // A token stands for a member; the command `hameau` acts for none.
    if (request.who.member.empty()) {
        co_return say(request, 403, "token_of_nobody");
    }
    JsonFields fields(opened.body);
    Length length;
    length.most = token_name_characters_max;
    Token token;
    token.name = fields.text("name", length);
    if (!fields.finish()) {
        co_return fields.refuse(request, sites_catalogue);
    }
    Tokens tokens(context_->database());
    const auto all = tokens.of_site(opened.row->id);
    if (static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Token& one) { return one.ended_ms == 0; })) >= tokens_max) {
        Parameters parameters;
        parameters.emplace_back("limit", std::to_string(tokens_max));
        co_return say(request, 422, "too_many_tokens", parameters);
    }
    token.id = new_id();
    token.site = opened.row->id;
    token.member = request.who.member;
    token.login = request.who.login;
    token.created_ms = now_ms();
    const auto text = tokens.add(token);
    if (!text) {
        co_return say_failed(request, text.error());
    }
    context_->journal().write(token_made, {{"host", opened.row->host}, {"token", token.id}, {"by", token.login}});
    json::object out = token_document(request, token);
    out["token"] = *text;
    co_return json_response(201, out);
}

Task<Response> Sites::remove_token(Request& request) {
    auto found = find_site(request, publishing_role());
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site& site = std::get<Site>(found);
    Tokens tokens(context_->database());
    const auto token = tokens.by_id(std::string(request.parameter("id")));
    const bool theirs = token && (token->member == request.who.member || manages(request, site));
    if (!theirs || token->site != site.id) {
        co_return say(request, 404, "no_token");
    }
    // The first time it ends and stays on the list with the reason; one that has ended leaves the list.
    const Status done = token->ended_ms > 0 ? tokens.erase(token->id) : tokens.end(token->id, "revoked", now_ms());
    if (!done) {
        co_return say_failed(request, done.error());
    }
    if (token->ended_ms == 0) {
        context_->journal().write(token_ended, {{"token", token->id}, {"reason", "revoked"}, {"by", request.who.login}});
    }
    co_return empty_response(204);
}

Task<Response> Sites::internal_token(Request& request) {
    const Judge judge = [this, &request] { return is_people(request) ? std::nullopt : std::optional<Response>(say(request, 403, "forbidden")); };
    auto opened = co_await open_body(nullptr, request, judge, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    Tokens tokens(context_->database());
    const std::string text = text_in(opened.body, "token");
    const auto token = text.empty() ? tokens.by_id(text_in(opened.body, "id")) : tokens.by_text(text);
    const auto site = token && token->ended_ms == 0 ? store_->site_by_id(token->site) : std::nullopt;
    if (!site) {
        co_return say(request, 404, "no_token");
    }
    if (const std::string reason = text_in(opened.body, "end"); !reason.empty()) {
        end_token(token->id, reason);
    } else if (!text.empty()) {
        if (auto noted = tokens.note_use(token->id, now_ms()); !noted) {
            co_return say_failed(request, noted.error());
        }
    }
    co_return json_response(200, holder_document(*token, site->association));
}

} // namespace hameau::sites
