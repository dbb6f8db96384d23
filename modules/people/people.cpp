// People: start and stop, the table of calls, and who asks.
#include "modules/people/people_module.hpp"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/trial.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/contract/backup_state.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/secrets.hpp"
#include "modules/support/passwords.hpp"
#include "modules/support/router.hpp"

namespace hameau {

extern const Manifest people_manifest;

std::unique_ptr<Module> make_people() {
    return std::make_unique<people::People>([] { return now_ms(); }, std::make_unique<SystemClock>());
}

namespace people {

namespace json = boost::json;

namespace {

/// The pattern of the route, for the journal: the path itself may hold the code of an invitation.
std::string route_of(std::string_view path) {
    for (const Route& route : people_manifest.routes) {
        if (path.starts_with('/') && match_route(route.pattern, path, nullptr) >= 0) {
            return std::string(route.pattern);
        }
    }
    return "(none)";
}

constexpr hameau::Event sessions_ended{"people.sessions_ended", Level::notice, "the house was restored: everybody signs in again"};
constexpr hameau::Event request_failed{"people.request_failed", Level::error, "look at the disk and at people.db"};
} // namespace

People::People(std::function<std::int64_t()> wall_ms, std::unique_ptr<Clock> clock) :
    wall_ms_(std::move(wall_ms)), clock_(std::move(clock)), throttle_(*clock_), tries_(*clock_), app_tries_(*clock_),
    right_lately_(*clock_) {
    add_routes();
}

void People::add_routes() {
    router_.add("POST", "/api/v1/session", this, &People::sign_in);
    router_.add("GET", "/api/v1/session", this, &People::show_session);
    router_.add("DELETE", "/api/v1/session", this, &People::sign_out);
    router_.add("POST", "/api/v1/recovery", this, &People::recover);
    router_.add("GET", "/api/v1/associations", this, &People::list_associations);
    router_.add("POST", "/api/v1/associations", this, &People::add_association);
    router_.add("GET", "/api/v1/associations/{slug}", this, &People::show_association);
    router_.add("PATCH", "/api/v1/associations/{slug}", this, &People::change_association);
    router_.add("DELETE", "/api/v1/associations/{slug}", this, &People::remove_association);
    router_.add("POST", "/internal/archive", this, &People::internal_import);
    router_.add("POST", "/internal/archive-done", this, &People::internal_import_done);
    router_.add("GET", "/api/v1/erasures", this, &People::list_erasures);
    router_.add("GET", "/api/v1/associations/{slug}/archive", this, &People::archive_association);
    router_.add("POST", "/api/v1/associations/{slug}/restore", this, &People::restore_association);
    router_.add("GET", "/api/v1/associations/{slug}/members", this, &People::list_members);
    router_.add("POST", "/api/v1/associations/{slug}/members", this, &People::add_member);
    router_.add("GET", "/api/v1/associations/{slug}/members/proposal", this, &People::propose_member);
    router_.add("PATCH", "/api/v1/associations/{slug}/members/{login}", this, &People::change_member);
    router_.add("DELETE", "/api/v1/associations/{slug}/members/{login}", this, &People::erase_member);
    router_.add("POST", "/api/v1/associations/{slug}/members/{login}/restore", this, &People::restore_member);
    router_.add("POST", "/api/v1/associations/{slug}/members/{login}/invitation", this, &People::renew_invitation);
    router_.add("GET", "/api/v1/associations/{slug}/usage", this, &People::show_usage);
    router_.add("GET", "/api/v1/associations/{slug}/groups", this, &People::list_groups);
    router_.add("POST", "/api/v1/associations/{slug}/groups", this, &People::add_group);
    router_.add("PATCH", "/api/v1/associations/{slug}/groups/{group}", this, &People::change_group);
    router_.add("DELETE", "/api/v1/associations/{slug}/groups/{group}", this, &People::erase_group);
    router_.add("GET", "/api/v1/invitations/{invitation}", this, &People::show_invitation);
    router_.add("POST", "/api/v1/invitations/{invitation}", this, &People::accept_invitation);
    router_.add("POST", "/api/v1/me/password", this, &People::change_password);
    router_.add("POST", "/api/v1/me/sign-out-everywhere", this, &People::sign_out_everywhere);
    router_.add("GET", "/api/v1/me/recovery-codes", this, &People::count_recovery_codes);
    router_.add("POST", "/api/v1/me/recovery-codes", this, &People::make_recovery_codes);
    router_.add("GET", "/api/v1/me/app-passwords", this, &People::app_passwords);
    router_.add("POST", "/api/v1/me/app-passwords", this, &People::app_passwords);
    router_.add("DELETE", "/api/v1/me/app-passwords/{id}", this, &People::erase_app_password);
    router_.add("GET", "/api/v1/setup", this, &People::show_setup);
    router_.add("POST", "/api/v1/setup", this, &People::set_up);
    router_.add("POST", "/api/v1/setup/checks", this, &People::check_setup);
    router_.add("POST", "/api/v1/setup/secret", this, &People::show_setup_secret);
    router_.add("POST", "/api/v1/setup/host", this, &People::set_host);
    router_.add("GET", "/api/v1/house", this, &People::show_house);
    router_.add("GET", "/api/v1/status", this, &People::show_status);
    router_.add("GET", "/api/v1/energy", this, &People::show_energy);
    router_.add("GET", "/api/v1/diagnosis", this, &People::show_diagnosis);
    router_.add("POST", "/api/v1/diagnosis", this, &People::run_diagnosis);
    router_.add("GET", "/api/v1/declared", this, &People::list_declared);
    router_.add("PUT", "/api/v1/declared", this, &People::change_declared);
    router_.add("POST", "/internal/session", this, &People::internal_session);
    router_.add("POST", "/internal/app-session", this, &People::internal_app_session);
    router_.add("POST", "/internal/token-holders", this, &People::internal_token_holders);
    router_.add("POST", "/internal/identity", this, &People::internal_identity);
    router_.add("GET", "/internal/revocations", this, &People::internal_revocations);
    router_.add("GET", "/internal/associations/{slug}", this, &People::internal_association);
    router_.add("GET", "/internal/names", this, &People::internal_names);
    router_.add("POST", "/internal/mailboxes", this, &People::internal_mailboxes);
    router_.add("POST", "/internal/usage", this, &People::internal_usage);
    router_.add("POST", "/internal/resend", this, &People::internal_resend);
}

Task<Status> People::start(ModuleContext& context) {
    context_ = &context;
    constexpr TurnLimits slow_limits{1, slow_jobs_waiting_per_prefix_max, slow_jobs_waiting_max};
    slow_turns_.emplace(context.io(), slow_limits, WhenFull::make_room);
    if (!start_secrets()) {
        co_return fail(ErrorKind::io, "libsodium could not be started");
    }
    const Settings& settings = context.settings();
    store_.emplace(context.database(), settings.has("mail.enabled") && settings.boolean("mail.enabled"));
    trial_ = is_trial();
    std::vector<std::string> erased;
    const std::string restored = context.folder() + "/" + backup::restored_mark;
    const bool first_after_restore = ::access(restored.c_str(), F_OK) == 0;
    Status ready = store_->transaction([this, &erased, first_after_restore] {
        if (first_after_restore) {
            store_->end_all_sessions();
        }
        store_->erase_outdated(wall_ms_());
        auto purged = store_->purge_removed_before(bin_since());
        purged = purged ? store_->purge_associations_before(bin_since(), erased) : purged;
        if (!purged) {
            return purged;
        }
        if (store_->house_value("code_salt").empty()) {
            store_->set_house_value("code_salt", random_base32(16));
        }
        // While mail is switched off it hears nothing: at the first start with mail on, everything is told again.
        if (!store_->mail_enabled() && store_->house_value("tell_mail_again").empty()) {
            store_->set_house_value("tell_mail_again", "1");
        }
        if (store_->mail_enabled() && !store_->house_value("tell_mail_again").empty()) {
            store_->set_house_value("tell_mail_again", "");
            if (auto told = store_->emit_all(); !told) {
                return told;
            }
        }
        return store_->status();
    });
    if (ready && first_after_restore) {
        (void)::unlink(restored.c_str());  // it stands until then: once too often is no harm
        context.journal().write(sessions_ended);
    }
    if (ready) {
        ready = prepare_setup();
    }
    if (!ready) {
        co_return ready;
    }
    // The host waits for open requests before it stops a module: the held stream must not make it wait.
    signals_.emplace(context.io(), SIGTERM);
    signals_->async_wait([this](boost::system::error_code failed, int) {
        if (!failed) {
            stopping_ = true;
            end_streams();
            slow_turns_->stop();
        }
    });
    tell_purged(erased);
    start_delivery();
    start_tasks();
    spawn(context.io(), settle_host_at_start(), context.journal(), "host name");
    bin_timer_.emplace(context.io());
    empty_bin_daily();
    co_return Status{};
}

Task<void> People::stop() {
    stopping_ = true;
    end_streams();
    slow_turns_->stop();
    if (retry_timer_) {
        retry_timer_->cancel();
    }
    if (bin_timer_) {
        bin_timer_->cancel();
    }
    for (auto& [module, pause] : task_pauses_) {
        pause->cancel();
    }
    if (signals_) {
        signals_->cancel();
    }
    co_return;
}

Task<Response> People::handle(Request& request) {
    last_call_ = clock_->now();
    Response response = co_await router_.dispatch(request);
    if (const auto failure = store_->take_failure()) {
        co_return say_failed(request, *failure);
    }
    co_return response;
}

std::vector<Check> People::check_health() {
    std::vector<Check> checks;
    checks.push_back(check_of(people_catalogue, "admin", store_->count_admins() > 0, "health_no_admin"));
    checks.push_back(check_of(people_catalogue, "mail knows the members", !store_->mail_enabled() || !store_->first_event().has_value(), "health_mail_behind"));
    std::string refused;
    for (const std::string& one : store_->refused_addresses(refused_addresses_shown)) {
        refused += (refused.empty() ? "" : ", ") + one;
    }
    checks.push_back(check_of(people_catalogue, "addresses", refused.empty(), "health_refused", {{"addresses", refused}}));
    std::string full;
    for (const Association& association : store_->associations("", associations_max)) {
        json::object usage;
        add_usage(usage, association);
        if (usage["warning_percent"].as_int64() >= usage_mail_only_percent) {
            full += (full.empty() ? "" : ", ") + association.name;
        }
    }
    checks.push_back(check_of(people_catalogue, "room", full.empty(), "health_room", {{"associations", full}}));
    const auto failure = store_->take_failure();
    checks.push_back(check_of(people_catalogue, "database", !failure, "health_database", {{"error", failure ? failure->message : ""}}));
    return checks;
}

std::string_view cookie_of(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key != "cookie") {
            continue;
        }
        std::string_view rest(value);
        while (!rest.empty()) {
            const std::size_t end = rest.find(';');
            std::string_view pair = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            while (pair.starts_with(' ')) {
                pair.remove_prefix(1);
            }
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
                return pair.substr(name.size() + 1);
            }
        }
    }
    return {};
}

std::string address_prefix(const Request& request) {
    const std::string_view told = request.header("hameau-address-prefix");
    return told.empty() || told.size() > 64 ? std::string("?") : std::string(told);
}

Actor People::actor_of(const Request& request) {
    Actor actor;
    if (request.who.caller == Caller::admin) {
        actor.house = true;
        actor.admin = true;
        return actor;
    }
    const std::string_view token = cookie_of(request, session_cookie);
    if (request.who.caller != Caller::gate || token.size() != token_characters) {
        return actor;
    }
    const std::int64_t now = wall_ms_();
    const std::string hash = token_hash(token);
    const auto session = store_->session(hash, now, setting_ms("people.shared_idle", 15 * 60 * 1000));
    if (!session) {
        return actor;
    }
    if (session->shared && now - session->seen_ms > shared_touch_ms) {
        store_->touch_session(hash, now);
    }
    actor.admin = session->person.admin;
    actor.shared = session->shared;
    actor.person = session->person.id;
    actor.session = session->id;
    actor.login = session->person.login;
    actor.name = session->person.name;
    actor.associations = store_->memberships(session->person.id);
    return actor;
}

std::optional<Response> People::refuse_signed_out(const Request& request, const Actor& actor) {
    if (actor.signed_in()) {
        return std::nullopt;
    }
    return say(request, 401, "signed_out");
}

std::optional<Response> People::refuse_below(const Request& request, const Actor& actor, const std::string& slug, Role role) {
    if (auto refused = refuse_signed_out(request, actor)) {
        return refused;
    }
    const Role has = actor.role_in(slug);
    if (has == Role::none || (role == Role::manager && has != Role::manager)) {
        return say(request, 403, "forbidden");
    }
    if (!store_->association(slug)) {
        return say(request, 404, "not_found");
    }
    return std::nullopt;
}

std::optional<Response> People::refuse_unless_admin(const Request& request, const Actor& actor) {
    if (auto refused = refuse_signed_out(request, actor)) {
        return refused;
    }
    return actor.admin ? std::nullopt : std::optional<Response>(say(request, 403, "forbidden"));
}

Judge People::below(const Request& request, const std::string& slug, Role role) {
    return [this, &request, slug, role] { return refuse_below(request, actor_of(request), slug, role); };
}

Judge People::unless_admin(const Request& request) {
    return [this, &request] { return refuse_unless_admin(request, actor_of(request)); };
}

Judge People::unless_signed_in(const Request& request) {
    return [this, &request]() -> std::optional<Response> {
        const bool member = !actor_of(request).person.empty();
        return member ? std::nullopt : std::optional<Response>(say(request, 401, "signed_out"));
    };
}

Status People::refuse(Refusal& refusal, Response response) const {
    refusal.response = std::move(response);
    return fail(ErrorKind::invalid, "refused");
}

Status People::refuse(Refusal& refusal, const Request& request, int status, std::string_view code, const Parameters& parameters) const {
    return refuse(refusal, say(request, status, code, parameters));
}

Status People::judge_again(Refusal& refusal, const Judge& judge) const {
    auto refused = judge();
    return refused ? refuse(refusal, std::move(*refused)) : Status{};
}

Response People::refused_or_failed(const Request& request, Refusal& refusal, const Error& error) {
    return refusal.response ? std::move(*refusal.response) : say_failed(request, error);
}

std::optional<Response> People::refuse_unless_internal(const Request& request, std::string_view first, std::string_view second) {
    const bool named = request.who.module == first || (!second.empty() && request.who.module == second);
    return named ? std::nullopt : std::optional<Response>(say(request, 403, "forbidden"));
}

Response People::say(const Request& request, int status, std::string_view code, const Parameters& parameters) const {
    return problem(people_catalogue, request, status, code, parameters);
}

Response People::say_failed(const Request& request, const Error& error) {
    Parameters nothing;
    if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::too_many) {
        Response busy = say(request, 503, "busy");
        busy.headers.emplace_back("Retry-After", "2");
        return busy;
    }
    std::string route = route_of(request.path);
    std::string reference = context_->journal().write_reference(
        request_failed, {{"method", request.method}, {"route", std::move(route)}, {"error", error.message}});
    return internal_problem(request, std::move(reference));
}

Response People::say_wait(const Request& request, Duration wait) const {
    const std::string seconds = std::to_string((wait.count() + 999) / 1000);
    Parameters parameters;
    parameters.emplace_back("seconds", seconds);
    Response response = say(request, 429, "too_many", parameters);
    response.headers.emplace_back("Retry-After", seconds);
    return response;
}

Task<bool> People::slow(std::string prefix, std::function<void()> work) {
    // One worker, 19 MiB at a time.
    const std::shared_ptr<void> turn = co_await slow_turns_->take(std::move(prefix));
    if (!turn) {
        co_return false;
    }
    co_await context_->run_slow(std::move(work));
    co_return true;
}

std::int64_t People::setting_ms(std::string_view key, std::int64_t otherwise) const {
    const Settings& settings = context_->settings();
    return settings.has(key) ? settings.duration(key).count() : otherwise;
}

Length People::password_length() const {
    const Settings& settings = context_->settings();
    constexpr std::string_view key = "people.limits.password_min";
    const std::int64_t least = settings.has(key) ? settings.integer(key) : 8;
    Length length;
    length.least = static_cast<std::size_t>(std::max<std::int64_t>(least, 1));
    length.most = password_characters_max;
    return length;
}

std::vector<std::string> People::names_around(const std::string& person, const std::string& more) {
    std::vector<std::string> slugs;
    for (const auto& [slug, role] : store_->memberships_anywhere(person)) {
        slugs.push_back(slug);
    }
    if (!more.empty()) {
        slugs.push_back(more);
    }
    std::vector<std::string> names;
    for (const std::string& slug : slugs) {
        const auto association = store_->association(slug);
        names.push_back(slug);
        names.push_back(association ? association->name : std::string());
    }
    return names;
}

void People::check_password(JsonFields& fields, std::string_view field, const Secret& password, std::vector<std::string> names) {
    names.push_back(store_->house_value("name"));
    const Guessable why = password.empty() ? Guessable::none : guessable(password.reveal(), names);
    if (why != Guessable::none) {
        fields.refuse_field(field, code_of(why));
    }
}

} // namespace people
} // namespace hameau
