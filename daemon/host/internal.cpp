// The /internal routes that every module answers: health, and one association closed, opened again or erased. Called by the
// host before the module's own routes; a path that is not one of these goes on to the module.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "daemon/host/host.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/host/limits.hpp"
#include "daemon/store/before_migration.hpp"

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

/// What is done with one association as a whole, at the word of hameau-admin or of people.
constexpr std::array<std::string_view, 3> moves = {"/internal/erase", "/internal/close", "/internal/open"};

bool is_move(const Request& request) {
    return std::find(moves.begin(), moves.end(), request.path) != moves.end();
}

Task<Status> make_move(Module& module, Database* database, std::string_view path, std::string slug) {
    Status done;
    if (path == "/internal/erase") {
        done = co_await module.erase_association(std::move(slug));
        if (database != nullptr) {
            forget_copies(*database);
        }
    } else {
        const bool closed = path == "/internal/close";
        done = co_await module.close_association(std::move(slug), closed);
    }
    co_return done;
}

Task<Response> answer_move(Module& module, Database* database, Request& request) {
    const auto body = co_await read_object(request);
    if (!body) {
        co_return json_problem(400, body.error().message);
    }
    std::string slug = text_in(*body, "association");
    const Status done = co_await make_move(module, database, request.path, std::move(slug));
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
    const bool move = is_move(request);
    if (move && request.method == "POST" && (admin || request.who.module == "people")) {
        Database* database = database_ ? &*database_ : nullptr;
        co_return co_await answer_move(*module_, database, request);
    }
    if (move || (!listed && !admin)) {
        co_return json_problem(403, "not for this caller");
    }
    co_return co_await module_->handle(request);
}

} // namespace hameau
