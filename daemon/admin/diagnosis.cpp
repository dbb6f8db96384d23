// The wish as arguments of a verb; the answer as JSON with its sentences.
#include "daemon/admin/diagnosis.hpp"

#include <array>
#include <map>
#include <span>

#include <boost/json.hpp>

#include "daemon/admin/limits.hpp"
#include "daemon/contract/diagnosis_json.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

Response answer(int status, const json::object& body) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", status < 400 ? "application/json" : "application/problem+json");
    response.body = json::serialize(body);
    return response;
}

Response refuse(int status, std::string_view code, std::string_view detail) {
    json::object body;
    body["type"] = "about:blank";
    body["title"] = "diagnosis";
    body["code"] = code;
    body["status"] = status;
    body["detail"] = detail;
    return answer(status, body);
}

/// Empty when it is no such object.
std::optional<std::map<std::string, std::string>> wish_in(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !value.is_object()) {
        return std::nullopt;
    }
    std::map<std::string, std::string> out;
    for (const auto& [name, given] : value.get_object()) {
        if (name == "repair" && given.is_string()) {
            out["repair"] = std::string(given.get_string());
        } else if (name == "yes" && given.is_bool()) {
            if (given.get_bool()) {
                out["yes"] = "1";
            }
        } else if (name == "only" && given.is_array()) {
            for (const json::value& id : given.get_array()) {
                out["only"] += id.is_string() ? (out["only"].empty() ? "" : ",") + std::string(id.get_string()) : "";
            }
        } else {
            return std::nullopt;
        }
    }
    return out;
}

} // namespace

Task<Response> answer_diagnosis(ModuleContext& context, Request& request) {
    const bool english = request.query_parameter("language").value_or("en") != "fr";
    std::string verb = "diagnosis";
    std::map<std::string, std::string> arguments;
    if (request.method == "POST") {
        std::array<char, diagnosis_body_bytes_max> buffer{};
        std::size_t size = 0;
        bool ended = false;
        while (!ended && size < buffer.size()) {
            const auto rest = std::span(buffer).subspan(size);
            const auto n = co_await request.body->read_some(rest);
            size += n.value_or(0);
            ended = n.value_or(0) == 0;
        }
        auto wish = wish_in(std::string_view(buffer.data(), size));
        if (!wish) {
            co_return refuse(400, "invalid", "An object with only, repair or yes was expected.");
        }
        verb = "diagnose";
        arguments = std::move(*wish);
    }
    const auto words = co_await context.ask_root(std::move(verb), std::move(arguments));
    if (!words) {
        const std::string& why = words.error().message;
        const std::string code = why.substr(0, why.find_first_of(": \n"));
        co_return refuse(code == "diagnose.busy" || !code.starts_with("diagnose.") ? 503 : 422, code, why);
    }
    co_return answer(200, diagnosis::document_of(*words, english));
}

} // namespace hameau
