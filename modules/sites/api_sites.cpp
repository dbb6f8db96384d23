// The sites of an association: list, make, show, put into the bin.
#include "daemon/base/io.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/opening.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {
constexpr Event site_added{"sites.added", Level::notice};
constexpr Event site_removed{"sites.removed", Level::notice};
constexpr Event certificate_missing{"sites.certificate_missing", Level::warning,
                                    "the site is served without a certificate of its own; asked for again within hours"};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text.append(text.empty() ? "" : ", ").append(word);
    }
    return text;
}
} // namespace

json::object Sites::site_document(const Site& site, const std::string& visited) {
    json::object out;
    out["host"] = site.host;
    out["live"] = nullptr;
    out["files"] = 0;
    out["bytes"] = 0;
    out["pages"] = 0;
    out["home"] = nullptr;
    out["updated"] = nullptr;
    out["updated_by"] = nullptr;
    out["url"] = site_url(site.host, visited);
    out["certificate"] = site.certified;
    if (const auto live = store_->deploy(site.host, site.live)) {
        const json::object shown = deploy_document(*live, site.live);
        out["live"] = live->number;
        out["files"] = live->files;
        out["bytes"] = live->bytes;
        out["pages"] = live->pages;
        out["home"] = shown.at("home");
        out["updated"] = shown.at("created");
        out["updated_by"] = live->by;
    }
    return out;
}

Task<Response> Sites::list_sites(Request& request) {
    const std::string slug(request.parameter("slug"));
    auto opened = open_page(request, refuse_below(request, slug, Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    auto found = store_->sites(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(found, opened.page, &Site::host);
    json::array items;
    for (const Site& site : found) {
        items.push_back(site_document(site, visited(request)));
    }
    co_return list_response(std::move(items), next);
}

Task<Response> Sites::add_site(Request& request) {
    const std::string slug(request.parameter("slug"));
    const Judge judge = [this, &request, &slug] { return refuse_below(request, slug, Role::manager); };
    auto opened = co_await open_body(context_, request, judge, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const std::string host = fields.host_name("host");
    if (!fields.finish()) {
        co_return fields.refuse(request, sites_catalogue);
    }
    const auto association = co_await ask_association(slug);
    if (!association) {
        co_return association.error().kind == ErrorKind::not_found ? problem(request, 404, "not_found")
                                                                   : say_failed(request, association.error());
    }
    const auto refuse = [&](std::string_view code) {
        Parameters parameters;
        parameters.emplace_back("domains", joined(association->domains));
        fields.refuse_field("host", code, std::move(parameters));
        return fields.refuse(request, sites_catalogue);
    };
    switch (judge_host(host, association->domains, context_->settings().text("house.host"))) {
    case HostVerdict::fine:
        break;
    case HostVerdict::malformed:
        co_return refuse("field.host");
    case HostVerdict::services:
        co_return refuse("host_services");
    case HostVerdict::reserved:
        co_return refuse("host_reserved");
    case HostVerdict::elsewhere:
        co_return refuse("host_elsewhere");
    }
    if (store_->site(host)) {
        co_return say(request, 409, "host_taken");
    }
    const auto most = static_cast<std::size_t>(context_->settings().integer("sites.limits.sites_max"));
    if (store_->count_sites(slug) >= most) {
        Parameters parameters;
        parameters.emplace_back("limit", std::to_string(most));
        co_return say(request, 422, "too_many_sites", parameters);
    }
    const auto removed = store_->removed_site(host);
    const bool restored = removed && removed->association == slug;
    Status done;
    if (restored) {
        done = store_->restore_site(host);
    } else {
        // The domain may have moved to another association: what the one before left in the bin is not its affair.
        done = removed ? store_->erase_site(host) : Status{};
        done = done ? store_->add_site(host, slug, now_ms()) : done;
    }
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(site_added, {{"host", host}, {"association", slug}, {"by", request.who.login}});
    const std::string reason = co_await ask_certificate(host);
    const auto site = store_->site(host);
    json::object out = site_document(site.value_or(Site{}), visited(request));
    json::array warnings;
    if (!reason.empty()) {
        Parameters parameters;
        parameters.emplace_back("reason", reason);
        warnings.emplace_back(text_of(sites_catalogue, language_of(request), "certificate_later", parameters));
    }
    if (restored) {
        warnings.emplace_back(text_of(sites_catalogue, language_of(request), "restored"));
    }
    out["warnings"] = std::move(warnings);
    Response response = json_response(201, out);
    response.headers.emplace_back("Location", "/api/v1/sites/" + host);
    co_return response;
}

Task<std::string> Sites::ask_certificate(std::string host) {
    std::map<std::string, std::string> arguments;
    arguments.emplace("host", host);
    std::string verb = "certificate";
    const Status issued = co_await context_->provision(std::move(verb), std::move(arguments));
    if (const auto noted = store_->note_certificate(host, issued.has_value(), now_ms()); !noted) {
        trouble_ = noted.error().message;
    }
    if (issued) {
        co_return std::string();
    }
    context_->journal().write(certificate_missing, {{"host", host}, {"error", issued.error().message}});
    co_return issued.error().message;
}

Task<void> Sites::ask_missing_certificates() {
    const auto held = context_->busy();
    for (const std::string& host : store_->uncertified(now_ms() - certificate_retry_ms)) {
        if (stopping_) {
            co_return;
        }
        (void)co_await ask_certificate(host);
    }
}

Task<Response> Sites::show_site(Request& request) {
    auto found = find_site(request, Role::member);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    co_return json_response(200, site_document(std::get<Site>(found), visited(request)));
}

Task<Response> Sites::remove_site(Request& request) {
    auto found = find_site(request, Role::manager);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const std::string host = std::get<Site>(found).host;
    if (uploads_.contains(host)) {
        co_return say(request, 409, "deploy_running");
    }
    auto done = store_->remove_site(host, now_ms());
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(site_removed, {{"host", host}, {"by", request.who.login}});
    co_return empty_response(204);
}

} // namespace hameau::sites
