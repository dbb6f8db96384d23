// The house as a whole: what anybody may see, the status for admins, declared hashes, the resend for mail.
#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/backup_texts.hpp"
#include "modules/people/people_module.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

using Records = std::vector<std::pair<std::string, std::string>>;
constexpr std::array<std::string_view, 4> services = {"people", "mail", "sites", "pads"};

std::int64_t to_number(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "state TAB pid TAB uptime_ms TAB restarts TAB pss_kb TAB cpu_ms TAB wakeups TAB kind TAB text TAB memory" of hameaud;
/// the last says what pss_kb is: "pss", or "rss" where shared pages are counted in each process.
json::object process_document(const std::string& name, std::string_view line) {
    static constexpr std::array<std::string_view, 10> columns = {"state", "pid", "uptime_ms", "restarts", "pss_kb",
                                                                 "cpu_ms", "wakeups", "kind", "text", "memory"};
    json::object out;
    out["name"] = name;
    for (const std::string_view column : columns) {
        const std::size_t tab = line.find('\t');
        const std::string_view value = line.substr(0, tab);
        line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
        if (column == "state" || column == "kind" || column == "text" || column == "memory") {
            out[column] = value;
        } else {
            out[column] = to_number(value);
        }
    }
    return out;
}

/// hameaud's records also say which parts of the sandbox there are, which parts are missing and what is wrong with the certificates.
bool is_process(std::string_view name) { return name != "walls" && !name.starts_with("missing:") && !name.starts_with("trouble:"); }

/// Of the records of hameaud, "trouble:certificates": COUNT TAB HOST TAB CODE TAB EXPIRES (provisioning/acme_state.hpp);
/// code "turn" (of hameaud): COUNT turns in a row failed before they came to a name.
Check certificates_check(const Records& records, std::int64_t now_s) {
    const auto found = std::find_if(records.begin(), records.end(), [](const auto& record) { return record.first == "trouble:certificates"; });
    if (found == records.end()) {
        return check_of(people_catalogue, "certificates", true, "health_certificate_none");
    }
    auto columns = split(found->second, '\t');
    columns.resize(4);
    constexpr std::int64_t day_s = 24 * 3600;
    const std::int64_t expires = to_number(columns[3]);
    const std::string_view code = columns[2] == "turn" ? "health_certificate_turn" : expires == 0 ? "health_certificate_none" : expires > now_s ? "health_certificate_ends" : "health_certificate_over";
    std::string reason = "certificate." + std::string(columns[2]);
    if (columns[2] == "own" && expires > now_s) {
        reason = "certificate.own_soon";
    } else if (!has_text(common_catalogue, reason)) {
        reason = "certificate.failed";
    }
    Check check;
    check.name = "certificates";
    check.passed = false;
    for (const Language language : {Language::french, Language::english}) {
        const Parameters parameters{{"host", std::string(columns[1])}, {"count", std::string(columns[0])},
                                    {"days", std::to_string(std::max<std::int64_t>(expires - now_s, 0) / day_s)},
                                    {"reason", text_of(common_catalogue, language, reason)}};
        (language == Language::french ? check.advice : check.english) = text_of(people_catalogue, language, code, parameters);
    }
    return check;
}

/// Of the records of hameaud, "trouble:backup" (daemon/contract/backup_texts.hpp).
Check backups_check(const Records& records) {
    const auto found = std::find_if(records.begin(), records.end(), [](const auto& record) { return record.first == "trouble:backup"; });
    const backup::Trouble trouble = found == records.end() ? backup::Trouble() : backup::trouble_in(found->second);
    Check check;
    check.name = "backup";
    check.passed = trouble.code.empty();
    if (!check.passed) {
        check.advice = backup::sentence_of(trouble.code, trouble.address, trouble.last_good, false);
        check.english = backup::sentence_of(trouble.code, trouble.address, trouble.last_good, true);
    }
    return check;
}

json::object check_document(const Check& check, Language language) {
    json::object out;
    out["name"] = check.name;
    out["passed"] = check.passed;
    out["advice"] = language == Language::english ? check.english : check.advice;
    return out;
}

} // namespace

Task<Response> People::show_house(Request& request) {
    (void)request;
    const Settings& settings = context_->settings();
    const Duration now = clock_->now();
    if (!measured_ || now - *measured_ >= measure_again_after) {
        // Anybody may ask: hameaud is asked once in a while, whatever it answers.
        measured_ = now;
        const auto records = co_await context_->process_status();
        if (records) {
            memory_kb_ = 0;
            memory_about_ = false;
            asleep_ = 0;
            for (const auto& [name, line] : *records) {
                if (!is_process(name)) {
                    continue;
                }
                const json::object process = process_document(name, line);
                memory_kb_ += static_cast<std::uint64_t>(process.at("pss_kb").as_int64());
                memory_about_ = memory_about_ || process.at("memory").as_string() == "rss";
                asleep_ += process.at("state").as_string() == "asleep" ? 1 : 0;
            }
        }
    }
    json::object out;
    std::string name = store_->house_value("name");
    if (name.empty() && settings.has("house.name")) {
        name = settings.text("house.name");
    }
    out["name"] = name.empty() ? std::string("Hameau") : name;
    json::array languages;
    languages.emplace_back(store_->house_language());
    languages.emplace_back(store_->house_language() == "en" ? "fr" : "en");
    out["languages"] = std::move(languages);
    json::object enabled;
    for (const std::string_view service : services) {
        if (service != "people") {
            const std::string key = std::string(service) + ".enabled";
            enabled[service] = !settings.has(key) || settings.boolean(key);
        }
    }
    out["services"] = std::move(enabled);
    out["memory_kb"] = memory_kb_;
    out["memory_about"] = memory_about_;
    out["asleep"] = asleep_;
    out["trial"] = trial_;
    if (trial_) {
        json::array cards;
        for (const auto& [person, password] : store_->trial_cards()) {
            Role role = Role::member;
            for (const auto& [slug, held] : store_->memberships(person.id)) {
                role = held == Role::manager ? Role::manager : role;
            }
            json::object card;
            card["login"] = person.login;
            card["name"] = person.name;
            card["role"] = person.admin ? std::string_view("admin") : to_text(role);
            card["password"] = password;
            cards.push_back(std::move(card));
        }
        out["people"] = std::move(cards);
    }
    co_return json_response(200, out);
}

Task<Response> People::show_status(Request& request) {
    const Actor actor = actor_of(request);
    if (auto refused = refuse_unless_admin(request, actor)) {
        co_return std::move(*refused);
    }
    const auto records = co_await context_->process_status();
    if (!records) {
        co_return say(request, 503, "busy");
    }
    json::array processes;
    json::array walls;
    json::object states;
    for (const auto& [name, line] : *records) {
        if (name == "walls") {
            walls.emplace_back(line);
        } else if (name.starts_with("missing:")) {
            states[name.substr(8)] = line;
        } else if (is_process(name)) {
            json::object process = process_document(name, line);
            states[name] = process.at("state");
            processes.push_back(std::move(process));
        }
    }
    const Language language = language_of(request);
    const std::string health = std::string("/internal/health?language=") + (language == Language::english ? "en" : "fr");
    json::array list;
    for (const std::string_view service : services) {
        json::object item;
        item["name"] = service;
        const json::value* state = states.if_contains(service);
        item["state"] = state == nullptr ? json::value("off") : *state;
        json::array checks;
        if (service == "people") {
            for (const Check& check : check_health()) {
                checks.push_back(check_document(check, language));
            }
            checks.push_back(check_document(certificates_check(*records, wall_ms_() / 1000), language));
            checks.push_back(check_document(backups_check(*records), language));
        } else if (item["state"] == "ready") {
            // Only who is awake is asked: looking at the status must wake nobody.
            std::string name(service);
            const auto answered = co_await context_->call(std::move(name), "GET", health, "");
            const std::string* text = answered ? std::get_if<std::string>(&answered->body) : nullptr;
            const auto answer = text != nullptr ? parse_json_object(*text) : fail(ErrorKind::unavailable, "");
            const json::value* found = answer ? answer->if_contains("checks") : nullptr;
            if (found != nullptr && found->is_array()) {
                checks = found->get_array();
            }
        }
        item["checks"] = std::move(checks);
        list.push_back(std::move(item));
    }
    json::object out;
    out["processes"] = std::move(processes);
    out["services"] = std::move(list);
    out["walls"] = std::move(walls);
    co_return json_response(200, out);
}

Task<std::vector<Check>> People::probe_health() {
    std::vector<Check> checks;
    const auto records = co_await context_->process_status();
    if (records) {
        checks.push_back(certificates_check(*records, wall_ms_() / 1000));
    }
    co_return checks;
}

Task<Response> People::list_declared(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    json::object out;
    for (const auto& [name, hash] : store_->declared()) {
        out[name] = hash;
    }
    co_return json_response(200, out);
}

Task<Response> People::change_declared(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    const auto body = co_await read_json(request, declared_bytes_max);
    if (!body) {
        co_return body_problem(request, body.error());
    }
    std::vector<FieldError> errors;
    for (const auto& field : *body) {
        const bool text = field.value().is_string() && field.value().get_string().size() <= declared_hash_bytes_max;
        if (field.key().size() > declared_name_bytes_max || (!text && !field.value().is_null())) {
            FieldError error;
            error.field = std::string(field.key().substr(0, 64));
            error.code = "bad_hash";
            errors.push_back(std::move(error));
        }
    }
    if (!errors.empty()) {
        co_return problem_with_errors(people_catalogue, request, 422, "fields", errors);
    }
    const Status done = store_->transaction([&]() -> Status {
        for (const auto& field : *body) {
            const std::string_view name(field.key().data(), field.key().size());
            std::optional<std::string_view> hash;
            if (field.value().is_string()) {
                hash = std::string_view(field.value().get_string().data(), field.value().get_string().size());
            }
            if (auto set = store_->set_declared(name, hash); !set) {
                return set;
            }
        }
        return {};
    });
    co_return done ? empty_response(204) : say_failed(request, done.error());
}

Task<Response> People::internal_resend(Request& request) {
    if (auto refused = refuse_unless_internal(request, "mail", "admin")) {
        co_return std::move(*refused);
    }
    const Status done = store_->transaction([this] { return store_->emit_all(); });
    if (!done) {
        co_return say_failed(request, done.error());
    }
    start_delivery();
    if (retry_timer_) {
        retry_timer_->cancel();
    }
    co_return empty_response(202);
}

} // namespace hameau::people
