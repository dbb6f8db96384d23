// The diagnosis of the house for admins: what the last run found, a run now, a repair. hameaud has the work done; here it gets its words.
#include "daemon/contract/diagnosis_json.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"
#include "modules/support/json_fields.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

/// A finding names addresses and hosts of the house: nobody keeps it.
Response not_kept(const json::object& document) {
    Response response = json_response(200, document);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

} // namespace

Task<Response> People::show_diagnosis(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_unless_admin(request, actor)) {
        co_return std::move(*refused);
    }
    std::string verb = "diagnosis";
    std::map<std::string, std::string> nothing;
    const auto words = co_await context_->ask_root(std::move(verb), std::move(nothing));
    if (!words) {
        co_return say_failed(request, words.error());
    }
    co_return not_kept(diagnosis::document_of(*words, language_of(request) == Language::english));
}

Task<Response> People::run_diagnosis(Request& request) {
    const Judge admin = unless_admin(request);
    auto opened = co_await open_body(nullptr, request, admin, diagnosis_body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string repair = fields.optional_text("repair", {1, check_letters_max}).value_or("");
    const auto only = fields.optional_texts("only", diagnosis_checks_max, {1, check_letters_max});
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    std::map<std::string, std::string> arguments;
    if (!repair.empty()) {
        arguments.emplace("repair", repair);
    }
    if (only && !only->empty()) {
        std::string ids;
        for (const std::string& id : *only) {
            ids += (ids.empty() ? "" : ",") + id;
        }
        arguments.emplace("only", std::move(ids));
    }
    std::string verb = "diagnose";
    const auto words = co_await context_->ask_root(std::move(verb), std::move(arguments));
    if (words) {
        co_return not_kept(diagnosis::document_of(*words, language_of(request) == Language::english));
    }
    const std::string& why = words.error().message;
    if (why.starts_with("diagnose.yes")) {
        co_return say(request, 422, "diagnosis_yes");
    }
    if (why.starts_with("diagnose.lately")) {
        co_return say(request, 429, "diagnosis_lately");
    }
    if (why.starts_with("diagnose.no_repair")) {
        co_return say(request, 422, "diagnosis_no_repair");
    }
    if (why.starts_with("diagnose.no_check")) {
        co_return say(request, 422, "diagnosis_no_check");
    }
    co_return say_failed(request, words.error());
}

} // namespace hameau::people
