// Start, stop, health, and who may do what.
#include "modules/sites/sites.hpp"

#include <cstdlib>
#include <filesystem>

#include "daemon/base/io.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/text.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/disk_floor.hpp"

namespace hameau {

std::unique_ptr<Module> make_sites() { return std::make_unique<sites::Sites>(); }

namespace sites {

namespace json = boost::json;

namespace {

constexpr Event sites_cleaned{"sites.cleaned", Level::notice, "a publication was interrupted; the site shows what it showed before"};
constexpr Event request_failed{"sites.request_failed", Level::error};

} // namespace

Task<Status> Sites::start(ModuleContext& context) {
    context_ = &context;
    store_.emplace(context.database());
    blobs_.emplace(context.folder());
    if (!program_) {
        const int lent = context.program("unpack");
        std::error_code failed;
        const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
        program_ = HelperProgram{lent, (self.parent_path() / "hameau-unpack").string()};
    }
    const auto interrupted = blobs_->prepare();
    if (!interrupted) {
        co_return fail(interrupted.error());
    }
    usage_.emplace(context);
    packers_ = std::make_shared<Line>(context.io(), packers_at_once_max, packers_waiting_max, packers_wait);
    if (auto erased = empty_bin(); !erased) {
        co_return erased;
    }
    // hosts.map follows the database: whatever moment we were killed at, the committed version is shown.
    if (auto told = tell_gate(); !told) {
        co_return told;
    }
    if (*interrupted) {
        context.journal().write(sites_cleaned);
        if (auto noted = store_->set_pending("sweep"); !noted) {
            co_return noted;
        }
    }
    router_.add("GET", "/api/v1/associations/{slug}/sites", this, &Sites::list_sites);
    router_.add("POST", "/api/v1/associations/{slug}/sites", this, &Sites::add_site);
    router_.add("GET", "/api/v1/sites/{host}", this, &Sites::show_site);
    router_.add("DELETE", "/api/v1/sites/{host}", this, &Sites::remove_site);
    router_.add("GET", "/api/v1/sites/{host}/deploys", this, &Sites::list_deploys);
    router_.add("POST", "/api/v1/sites/{host}/deploys", this, &Sites::add_deploy);
    router_.add("GET", "/api/v1/sites/{host}/deploys/{number}", this, &Sites::show_deploy);
    router_.add("POST", "/api/v1/sites/{host}/missing", this, &Sites::list_missing);
    router_.add("POST", "/api/v1/sites/{host}/live", this, &Sites::switch_live);
    router_.add("POST", "/api/v1/sites/{host}/restore", this, &Sites::restore_site);
    router_.add("GET", "/api/v1/sites/{host}/tokens", this, &Sites::list_tokens);
    router_.add("POST", "/api/v1/sites/{host}/tokens", this, &Sites::add_token);
    router_.add("DELETE", "/api/v1/sites/{host}/tokens/{id}", this, &Sites::remove_token);
    router_.add("POST", "/internal/token", this, &Sites::internal_token);
    router_.add("GET", "/internal/domain", this, &Sites::internal_domain);
    router_.add("GET", "/internal/archive", this, &Sites::internal_archive);
    router_.add("GET", "/internal/holdings", this, &Sites::internal_holdings);
    router_.add("GET", "/api/v1/sites/{host}/archive", this, &Sites::download);
    sweep_later();
    spawn(context.io(), measure_all(), context.journal(), "measuring");
    spawn(context.io(), ask_missing_certificates(), context.journal(), "certificates");
    co_return Status{};
}

Task<Response> Sites::handle(Request& request) { co_return co_await router_.dispatch(request); }

Task<void> Sites::stop() {
    stopping_ = true;
    co_return;
}

std::vector<Check> Sites::check_health() {
    std::vector<Check> checks;
    const bool room = above_disk_floor(*context_, disk_room_bytes_min);
    checks.push_back(check_of(sites_catalogue, "disk", room, "health_disk"));
    checks.push_back(check_of(sites_catalogue, "publishing", trouble_.empty(), "health_publishing", {{"error", trouble_}}));
    checks.push_back(certificates_check());
    return checks;
}

Response Sites::say(const Request& request, int status, std::string_view code, const Parameters& parameters) const {
    return problem(sites_catalogue, request, status, code, parameters);
}

Response Sites::say_failed(const Request& request, const Error& error) {
    switch (error.kind) {
    case ErrorKind::not_found:
        return say(request, 404, "no_site");
    case ErrorKind::closed:
    case ErrorKind::timed_out:
        return say(request, 400, "upload_cut");
    case ErrorKind::unavailable:
        return say(request, 503, "people_away");
    default:
        break;
    }
    trouble_ = error.message;
    Parameters parameters;
    parameters.emplace_back("reference", context_->journal().write_reference(request_failed, {{"error", error.message}}));
    return say(request, 507, "disk", parameters);
}

std::optional<Response> Sites::refuse_below(const Request& request, const std::string& association, Role role) const {
    if (!request.who.signed_in() && request.who.caller != Caller::admin) {
        return say(request, 401, "signed_out");
    }
    if (request.who.caller == Caller::module ||
        (request.who.caller == Caller::gate && request.who.role_in(association) < role)) {
        return say(request, 403, "forbidden");
    }
    // An admin has a role in each association, in one that is in the house's bin too.
    return store_->is_closed(association) ? std::optional<Response>(problem(request, 404, "not_found")) : std::nullopt;
}

std::variant<Site, Response> Sites::find_site(const Request& request, Role role) {
    if (!request.who.signed_in() && request.who.caller != Caller::admin) {
        return say(request, 401, "signed_out");
    }
    auto site = store_->site(ascii_lower(request.parameter("host")));
    if (!site) {
        return say(request, 404, "no_site");
    }
    if (auto refused = refuse_below(request, site->association, role)) {
        return std::move(*refused);
    }
    if (auto refused = refuse_token(request, *site)) {
        return std::move(*refused);
    }
    return std::move(*site);
}

Role Sites::publishing_role() const {
    const bool all = context_->settings().text("sites.publishing") != "manager";
    return all ? Role::member : Role::manager;
}

Task<Result<Association>> Sites::ask_association(std::string slug) {
    const std::string path = "/internal/associations/" + slug;
    std::string nothing;
    auto answer = co_await context_->call("people", "GET", path, std::move(nothing));
    if (!answer) {
        co_return fail(ErrorKind::unavailable, answer.error().message);
    }
    if (answer->status == 404) {
        co_return fail(ErrorKind::not_found, "there is no association " + slug);
    }
    const json::object object = object_in(body_text(*answer));
    const json::value* domains = object.if_contains("domains");
    if (answer->status != 200 || domains == nullptr || !domains->is_array()) {
        co_return fail(ErrorKind::unavailable, "people answered something else");
    }
    Association association;
    association.slug = slug;
    association.name = text_in(object, "name");
    const auto read = [](const json::value* list, std::vector<std::string>& into) {
        for (const json::value& domain : list != nullptr && list->is_array() ? list->as_array() : json::array()) {
            if (domain.is_string()) {
                into.emplace_back(domain.as_string());
            }
        }
    };
    read(domains, association.domains);
    read(object.if_contains("others"), association.others);
    co_return association;
}

} // namespace sites

} // namespace hameau
