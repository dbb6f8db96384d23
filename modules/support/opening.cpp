// The judgement before the body and after it; see opening.hpp for why twice.
#include "modules/support/opening.hpp"

#include "modules/support/json_fields.hpp"
#include "modules/support/problem.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

/// Takes over what people says of the session now. False when the document is not what people writes.
bool take_identity(const json::object& now, Identity& who) {
    const json::value* member = now.if_contains("member");
    const json::value* login = now.if_contains("login");
    const json::value* name = now.if_contains("name");
    const json::value* admin = now.if_contains("admin");
    const json::value* list = now.if_contains("associations");
    if (member == nullptr || !member->is_string() || member->get_string() != std::string_view(who.member) ||
        login == nullptr || !login->is_string() || name == nullptr || !name->is_string() || admin == nullptr ||
        !admin->is_bool() || list == nullptr || !list->is_array()) {
        return false;
    }
    std::vector<std::pair<std::string, Role>> associations;
    for (const json::value& item : list->get_array()) {
        const json::object* one = item.if_object();
        const json::value* slug = one == nullptr ? nullptr : one->if_contains("slug");
        const json::value* role = one == nullptr ? nullptr : one->if_contains("role");
        if (slug == nullptr || !slug->is_string() || role == nullptr || !role->is_string()) {
            return false;
        }
        const bool manages = role->get_string() == "manager";
        associations.emplace_back(std::string(slug->get_string()), manages ? Role::manager : Role::member);
    }
    who.login = std::string(login->get_string());
    who.name = std::string(name->get_string());
    who.admin = admin->get_bool();
    who.associations = std::move(associations);
    return true;
}

} // namespace

Opening open_page(const Request& request, std::optional<Response> refusal) {
    Opening opening{std::move(refusal), {}, {}};
    if (opening.refused) {
        return opening;
    }
    if (auto page = read_page(request)) {
        opening.page = std::move(*page);
    } else {
        opening.refused = problem(request, 400, "bad_page");
    }
    return opening;
}

Task<std::optional<Response>> identify_again(ModuleContext& context, Request& request) {
    std::optional<Response> refused;
    // hameau-admin and other modules have no session: what they may do does not end while they send.
    // A visitor without an account has none either: the module's own judge decides about the key that they hold.
    if (request.who.caller != Caller::gate || request.who.session.empty()) {
        co_return refused;
    }
    json::object question;
    question["session"] = request.who.session;
    std::string module = "people";
    std::string method = "POST";
    std::string path = "/internal/identity";
    std::string text = json::serialize(question);
    auto answer = co_await context.call(std::move(module), std::move(method), std::move(path), std::move(text));
    if (answer && answer->status == 404) {
        refused = problem(request, 401, "signed_out");
        co_return refused;
    }
    const auto* body = answer && answer->status == 200 ? std::get_if<std::string>(&answer->body) : nullptr;
    Result<json::object> now = fail(ErrorKind::unavailable, "people does not answer");
    if (body != nullptr) {
        now = parse_json_object(*body);
    }
    if (!now || !take_identity(*now, request.who)) {
        refused = problem(request, 503, "busy");
    }
    co_return refused;
}

Task<Opening> open_body(ModuleContext* people, Request& request, const Judge& judge, std::size_t bytes_max) {
    Opening opening;
    opening.refused = judge();
    if (opening.refused) {
        co_return opening;
    }
    auto body = co_await read_json(request, bytes_max);
    if (!body) {
        opening.refused = body_problem(request, body.error());
        co_return opening;
    }
    if (people != nullptr) {
        opening.refused = co_await identify_again(*people, request);
    }
    if (!opening.refused) {
        opening.refused = judge();
    }
    if (!opening.refused) {
        opening.body = std::move(*body);
    }
    co_return opening;
}

} // namespace hameau
