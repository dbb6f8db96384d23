// The /internal routes that every module answers: health, and one association out, in, closed or erased.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "daemon/host/host.hpp"
#include "daemon/host/limits.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

Response json_answer(int status, const json::value& value) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json");
    response.body = json::serialize(value);
    return response;
}

Response json_problem(int status, std::string_view title) {
    json::object problem;
    problem["type"] = "about:blank";
    problem["title"] = title;
    problem["status"] = status;
    auto response = json_answer(status, problem);
    response.headers[0].second = "application/problem+json";
    return response;
}

/// `GET /internal/health?language=fr|en`: the advice in the reader's language.
Response health_answer(const std::vector<Check>& checks, bool english) {
    json::array list;
    for (const Check& check : checks) {
        json::object item;
        item["name"] = check.name;
        item["passed"] = check.passed;
        item["advice"] = english && !check.english.empty() ? check.english : check.advice;
        list.push_back(std::move(item));
    }
    json::object answer;
    answer["checks"] = std::move(list);
    return json_answer(200, answer);
}

Task<Result<json::object>> read_object(Request& request) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto n = co_await request.body->read_some(buffer);
        if (!n) {
            co_return fail(n.error());
        }
        if (*n == 0) {
            break;
        }
        if (text.size() + *n > internal_body_bytes_max) {
            co_return fail(ErrorKind::too_large, "the body is over 64 KiB");
        }
        text.append(buffer.data(), *n);
    }
    boost::system::error_code failed;
    json::value value = json::parse(text, failed);
    if (failed || !value.is_object()) {
        co_return fail(ErrorKind::invalid, "the body is not a JSON object");
    }
    co_return std::move(value.as_object());
}

std::string text_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// What is done with one association as a whole, and whether people may ask for it beside hameau-admin.
struct Move {
    std::string_view path;
    bool by_people;
};
constexpr std::array moves = {Move{"/internal/export", false}, Move{"/internal/import", false}, Move{"/internal/erase", true},
                              Move{"/internal/close", true}, Move{"/internal/open", true}};

std::optional<Move> move_of(const Request& request) {
    const auto found = std::find_if(moves.begin(), moves.end(), [&request](const Move& move) { return move.path == request.path; });
    return found == moves.end() ? std::nullopt : std::optional(*found);
}

Task<Status> make_move(Module& module, std::string_view path, std::string slug, std::string folder) {
    Status done;
    if (path == "/internal/export") {
        done = co_await module.export_association(std::move(slug), std::move(folder));
    } else if (path == "/internal/import") {
        done = co_await module.import_association(std::move(slug), std::move(folder));
    } else if (path == "/internal/erase") {
        done = co_await module.erase_association(std::move(slug));
    } else {
        const bool closed = path == "/internal/close";
        done = co_await module.close_association(std::move(slug), closed);
    }
    co_return done;
}

Task<Response> answer_move(Module& module, Request& request) {
    const auto body = co_await read_object(request);
    if (!body) {
        co_return json_problem(400, body.error().message);
    }
    std::string slug = text_of(*body, "association");
    std::string folder = text_of(*body, "folder");
    const Status done = co_await make_move(module, request.path, std::move(slug), std::move(folder));
    if (!done) {
        const int status = done.error().kind == ErrorKind::unavailable ? 503 : 500;
        co_return json_problem(status, done.error().message);
    }
    Response response;
    response.status = 204;
    co_return response;
}

} // namespace

Task<Response> Host::answer_internal(Request& request) {
    const bool listed = std::find(manifest_.internal_callers.begin(), manifest_.internal_callers.end(),
                                  request.who.module) != manifest_.internal_callers.end();
    const bool admin = request.who.caller == Caller::admin;
    if (request.path == health_path && (listed || admin || request.who.module == "people")) {
        std::vector<Check> checks = module_->check_health();
        const std::vector<Check> probed = co_await module_->probe_health();
        checks.insert(checks.end(), probed.begin(), probed.end());
        co_return health_answer(checks, request.query_parameter("language") == "en");
    }
    const auto move = move_of(request);
    if (move && request.method == "POST" && (admin || (move->by_people && request.who.module == "people"))) {
        co_return co_await answer_move(*module_, request);
    }
    if (move || (!listed && !admin)) {
        co_return json_problem(403, "not for this caller");
    }
    co_return co_await module_->handle(request);
}

} // namespace hameau
