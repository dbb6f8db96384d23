// The /internal routes that every module answers: health, and one association out, in or erased.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "daemon/host/host.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

constexpr std::size_t internal_body_bytes_max = 65536;

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
    const bool moves = request.path == "/internal/export" || request.path == "/internal/import" ||
                       request.path == "/internal/erase";
    if (moves && admin && request.method == "POST") {
        const auto body = co_await read_object(request);
        if (!body) {
            co_return json_problem(400, body.error().message);
        }
        std::string slug = text_of(*body, "association");
        std::string target = text_of(*body, "folder");
        Status done;
        if (request.path == "/internal/export") {
            done = co_await module_->export_association(std::move(slug), std::move(target));
        } else if (request.path == "/internal/import") {
            done = co_await module_->import_association(std::move(slug), std::move(target));
        } else {
            done = co_await module_->erase_association(std::move(slug));
        }
        if (!done) {
            const int status = done.error().kind == ErrorKind::unavailable ? 503 : 500;
            co_return json_problem(status, done.error().message);
        }
        Response response;
        response.status = 204;
        co_return response;
    }
    if (!listed && !admin) {
        co_return json_problem(403, "not for this caller");
    }
    co_return co_await module_->handle(request);
}

} // namespace hameau
