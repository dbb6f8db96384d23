// The first set-up of the house: its secret, its checks, the first admin, the host name.
#include <algorithm>
#include <filesystem>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/near_networks.hpp"
#include "modules/people/new_password.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/domain_holds.hpp"
#include "modules/support/validators.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr std::string_view host_wanted = "setup_host";

/// A domain of an association at the house's own name or below it: no site could live there.
bool carries(const std::string& host, const std::vector<std::string>& domains) {
    return std::any_of(domains.begin(), domains.end(), [&host](const std::string& domain) { return is_at_or_below(domain, host); });
}

/// {"checks":[{"id","state","text","advice"}],"proposal","addresses":[]}; the lines are those of provisioning/probes.hpp.
json::object probes_document(std::string_view lines, Language language) {
    json::array checks;
    json::array addresses;
    std::string proposal;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const auto columns = split(lines.substr(0, end), '\t');
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (columns.size() >= 2 && columns[0] == "proposal") {
            proposal = columns[1];
        } else if (columns.size() >= 2 && columns[0] == "address") {
            addresses.emplace_back(columns[1]);
        } else if (columns.size() >= 4 && columns[0] == "check") {
            Parameters parameters;
            for (std::size_t i = 4; i < columns.size(); ++i) {
                const std::size_t equals = std::min(columns[i].find('='), columns[i].size());
                parameters.emplace_back(columns[i].substr(0, equals), std::string(columns[i].substr(std::min(equals + 1, columns[i].size()))));
            }
            json::object check;
            check["id"] = columns[1];
            check["state"] = columns[2];
            check["text"] = text_of(people_catalogue, language, columns[3], parameters);
            const std::string advice_code = std::string(columns[3]) + "_do";
            const std::string advice = text_of(people_catalogue, language, advice_code, parameters);
            check["advice"] = advice == advice_code ? std::string() : advice;
            checks.push_back(std::move(check));
        }
    }
    json::object out;
    out["checks"] = std::move(checks);
    out["proposal"] = proposal;
    out["addresses"] = std::move(addresses);
    return out;
}

constexpr hameau::Event host_failed{"people.set_host_failed", Level::error, "tried again at the next start; or write house.host into hameau.yaml"};

} // namespace

/// Three lines: token, code, when both end (UTC ms).
People::SetupSecret People::read_setup_secret() const {
    SetupSecret secret;
    const std::string text = read_file(setup_file(), setup_file_bytes_max).value_or("");
    const std::size_t first = text.find('\n');
    const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
    if (first == token_characters && second == first + 1 + code_letters) {
        secret.token = text.substr(0, first);
        secret.code = text.substr(first + 1, code_letters);
        secret.ends_ms = std::atoll(text.c_str() + second + 1);
    }
    return secret;
}

Status People::renew_setup_secret(std::int64_t left_ms_min) {
    if (read_setup_secret().ends_ms - wall_ms_() >= left_ms_min) {
        return {};
    }
    const std::string text = new_token() + "\n" + new_code() + "\n" + std::to_string(wall_ms_() + setup_ms) + "\n";
    return write_file_atomically(setup_file(), text, 0600);
}

Status People::prepare_setup() {
    const std::size_t admins = store_->count_admins();
    if (auto sound = store_->status(); !sound) {
        return sound;
    }
    if (admins > 0) {
        finish_setup();
        return {};
    }
    return renew_setup_secret(setup_left_ms_min);
}

void People::finish_setup() { ::unlink(setup_file().c_str()); }

bool People::has_host() const {
    const Settings& settings = context_->settings();
    return trial_ || !settings.has("house.host") || !settings.text("house.host").empty();
}

Task<Response> People::show_setup(Request& request) {
    (void)request;
    json::object out;
    out["needed"] = store_->count_admins() == 0;
    out["host_needed"] = !has_host();
    co_return json_response(200, out);
}

/// Root's, over the admin socket: the present secret, or a new one where the present one is about to end.
Task<Response> People::show_setup_secret(Request& request) {
    if (request.who.caller != Caller::admin) {
        co_return say(request, 403, "forbidden");
    }
    json::object out;
    const bool needed = store_->count_admins() == 0;
    out["needed"] = needed;
    out["host_needed"] = !has_host();
    out["host"] = context_->settings().has("house.host") ? context_->settings().text("house.host") : std::string();
    out["https_port"] = context_->settings().has("house.https_port") ? context_->settings().integer("house.https_port") : std::int64_t{443};
    if (needed) {
        if (auto renewed = renew_setup_secret(setup_left_ms_min); !renewed) {
            co_return say_failed(request, renewed.error());
        }
        const SetupSecret secret = read_setup_secret();
        out["token"] = secret.token;
        out["code"] = shown_code(secret.code);
        out["expires"] = format_utc(secret.ends_ms);
    }
    co_return json_response(200, out);
}

/// The refusal, unless `typed` is the link's token, or the code from the house's own network. Wrong codes are slowed down like
/// wrong codes of invitations, by the same budget of the address.
std::optional<Response> People::refuse_setup_secret(const Request& request, const std::string& typed) {
    const SetupSecret secret = read_setup_secret();
    const bool open = !secret.token.empty() && secret.ends_ms > wall_ms_();
    if (typed.size() == token_characters) {
        const bool right = open && same_secret(secret.token, typed);
        return right ? std::nullopt : std::optional<Response>(say(request, 403, open ? "setup_token" : "setup_expired"));
    }
    if (readings_of_code(typed).empty()) {
        return say(request, 403, "setup_token");  // no code at all: no guess either
    }
    // The code could be guessed from everywhere one day, the link could not.
    if (request.who.caller != Caller::admin && !is_exempt(address_prefix(request), near_networks)) {
        return say(request, 403, "setup_far");
    }
    const auto attempt = attempt_of(request, "setup code", "");
    if (const Duration wait = begin(attempt); wait > Duration(0)) {
        return say_wait(request, wait);
    }
    bool right = false;
    for (const std::string& reading : readings_of_code(typed)) {
        right = (open && same_secret(secret.code, reading)) || right;
    }
    if (!right) {
        return say(request, 403, open || secret.token.empty() ? "setup_token" : "setup_expired");
    }
    succeed(attempt);
    return std::nullopt;
}

/// What root's probes found (provisioning/probes.hpp), in sentences. For who holds the secret, and for admins; the response names addresses.
Task<Response> People::check_setup(Request& request) {
    const Judge anyone = [] { return std::optional<Response>(); };
    auto opened = co_await open_body(nullptr, request, anyone, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string typed = fields.optional_text("token").value_or("");
    if (!actor_of(request).admin) {
        if (auto refused = refuse_setup_secret(request, typed)) {
            co_return std::move(*refused);
        }
    }
    const std::string host = fields.has("host") ? fields.host_name("host") : std::string();
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    std::map<std::string, std::string> arguments;
    if (!host.empty()) {
        arguments.emplace("host", host);
    }
    std::string verb = "probe";
    const auto lines = co_await context_->ask_root(std::move(verb), std::move(arguments));
    if (!lines) {
        co_return say_failed(request, lines.error());
    }
    co_return json_response(200, probes_document(*lines, language_of(request)));
}

Association People::read_first_association(JsonFields& fields) {
    Association association;
    if (const json::object* nested = fields.object("association")) {
        JsonFields inner(*nested);
        association.slug = inner.slug("slug");
        association.name = inner.text("name");
        association.domains = read_domains(inner);
        association.quota_bytes = quota_default;
        fields.take_errors("association", inner);
    }
    return association;
}

Status People::put_first_admin(const FirstSetUp& wanted) {
    store_->set_house_value("name", wanted.house);
    store_->set_house_value("language", wanted.language);
    if (!wanted.host.empty()) {
        store_->set_house_value(std::string(host_wanted), wanted.host);
    }
    auto done = store_->insert_person(wanted.person);
    done = done ? store_->put_association(wanted.association) : done;
    done = done ? store_->set_membership(wanted.association.slug, wanted.person.id, Role::manager) : done;
    done = done ? store_->emit_association(wanted.association.slug) : done;
    return done ? store_->emit_member(wanted.person.id) : done;
}

/// Hands the host name that the set-up chose to hameaud, which starts everything again with it. Called again at each start until
/// the settings have one: a power cut between the two halves of the set-up loses nothing.
Task<Status> People::settle_host() {
    std::string host = store_->house_value(std::string(host_wanted));
    if (host.empty() || has_host()) {
        co_return Status{};
    }
    std::map<std::string, std::string> arguments;
    arguments.emplace("host", std::move(host));
    std::string verb = "set-host";
    const Status done = co_await context_->provision(std::move(verb), std::move(arguments));
    if (!done) {
        context_->journal().write(host_failed, {{"error", done.error().message}});
    }
    co_return done;
}

Task<void> People::settle_host_at_start() { (void)co_await settle_host(); }

/// Root's: a house that has its people and lost its host name.
Task<Response> People::set_host(Request& request) {
    const Judge judge = [this, &request]() -> std::optional<Response> {
        if (request.who.caller != Caller::admin) {
            return say(request, 403, "forbidden");
        }
        return has_host() ? std::optional<Response>(say(request, 409, "setup_has_host")) : std::nullopt;
    };
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string host = fields.host_name("host");
    const std::vector<Association> present = store_->associations("", associations_max);
    for (const Association& association : present) {
        if (carries(host, association.domains)) {
            fields.refuse_field("host", "setup_domain_of_house");
        }
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    const Status kept = store_->transaction([&] {
        store_->set_house_value(std::string(host_wanted), host);
        return store_->status();
    });
    if (!kept) {
        co_return say_failed(request, kept.error());
    }
    const Status settled = co_await settle_host();
    co_return settled ? empty_response(204) : say(request, 503, "setup_host_later");
}

People::FirstSetUp People::read_first_set_up(JsonFields& fields) {
    FirstSetUp wanted;
    wanted.house = fields.text("house");
    wanted.language = fields.optional_choice("language", "fr|en").value_or("fr");
    if (!has_host() || fields.has("host")) {
        wanted.host = fields.host_name("host");
    }
    if (has_host() && !wanted.host.empty() && !trial_ && wanted.host != context_->settings().text("house.host")) {
        fields.refuse_field("host", "setup_has_host");
    }
    wanted.person.id = new_id();
    wanted.person.login = fields.login("login");
    wanted.person.name = fields.text("name");
    wanted.person.admin = true;
    wanted.password = new_password(fields, "password", password_length(), true);
    wanted.association = read_first_association(fields);
    if (carries(wanted.host, wanted.association.domains)) {
        fields.refuse_field("association.domains", "setup_domain_of_house");
    }
    check_password(fields, "password", wanted.password, {wanted.person.name, wanted.person.login, wanted.house, wanted.association.name});
    return wanted;
}

Task<Response> People::set_up(Request& request) {
    const Judge judge = [this, &request]() -> std::optional<Response> {
        return store_->count_admins() > 0 ? std::optional<Response>(say(request, 409, "setup_done")) : std::nullopt;
    };
    auto opened = co_await open_body(nullptr, request, judge, body_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    if (auto refused = refuse_setup_secret(request, fields.text("token"))) {
        co_return std::move(*refused);
    }
    FirstSetUp wanted = read_first_set_up(fields);
    if (!fields.finish()) {
        co_return fields.refuse(request, people_catalogue);
    }
    std::optional<std::string> hash;
    std::function<void()> work = [&hash, &wanted] { hash = hash_password(wanted.password.reveal()); };
    std::string prefix = address_prefix(request);
    const bool ran = co_await slow(std::move(prefix), std::move(work));
    if (!ran || !hash) {
        co_return say_failed(request, too_busy());
    }
    wanted.person.password_hash = std::move(*hash);
    bool late = false;
    const Status done = store_->transaction([&] {
        late = store_->count_admins() > 0;
        return late ? store_->status() : put_first_admin(wanted);
    });
    if (!done) {
        if (done.error().kind == ErrorKind::conflict) {
            Parameters parameters;
            parameters.emplace_back("login", wanted.person.login);
            parameters.emplace_back("free", login_of_name(wanted.person.name, 2));
            co_return say(request, 409, "login_taken", parameters);
        }
        co_return say_failed(request, done.error());
    }
    if (late) {
        co_return say(request, 409, "setup_done");
    }
    finish_setup();
    const auto made = open_session(wanted.person, false, "", false);
    if (!made) {
        co_return say_failed(request, made.error());
    }
    // A failure is in the journal, and tried again at the next start: the account is there all the same.
    (void)co_await settle_host();
    Response response = signed_in(201, wanted.person, *made);
    co_return co_await after_delivery(request, std::move(response), Urgency::when_possible);
}

} // namespace hameau::people
