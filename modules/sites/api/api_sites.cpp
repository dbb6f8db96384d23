// The sites of an association: list, make, show, put into the bin.
#include <algorithm>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/text.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/bin.hpp"
#include "modules/support/opening.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {
constexpr Event site_added{"sites.added", Level::notice};
constexpr Event site_removed{"sites.removed", Level::notice};
constexpr Event site_restored{"sites.restored", Level::notice};
constexpr Event site_purged{"sites.purged", Level::notice};
constexpr Event certificate_missing{"sites.certificate_missing", Level::warning,
                                    "the site is served without a certificate of its own; it is asked for again by itself"};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text.append(text.empty() ? "" : ", ").append(word);
    }
    return text;
}
/// The key of a sentence in the catalogue: hameau-provision answers "certificate.WORD".
std::string certificate_word(const std::string& error) {
    return has_text(common_catalogue, error) && error.starts_with("certificate.") ? error : "certificate.failed";
}
} // namespace

json::object Sites::site_document(const Site& site, const Request& request) {
    json::object out;
    out["host"] = site.host;
    out["live"] = nullptr;
    out["files"] = 0;
    out["bytes"] = 0;
    out["pages"] = 0;
    out["home"] = nullptr;
    out["updated"] = nullptr;
    out["updated_by"] = nullptr;
    out["url"] = site_url(site.host, visited(request));
    out["certificate"] = site.certified;
    if (!site.certified) {
        const auto known = certificate_words_.find(site.host);
        const std::string word = certificate_word(known != certificate_words_.end() ? known->second.word : "certificate.asked");
        out["certificate_reason"] = text_of(sites_catalogue, language_of(request), word);
    }
    if (const auto live = store_->deploy(site.id, site.live)) {
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
    const bool bin = request.query_parameter("bin") == "1";
    auto opened = open_page(request, refuse_below(request, slug, bin ? Role::manager : Role::member));
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    if (bin) {
        co_return list_bin(request, slug, opened.page);
    }
    auto found = store_->sites(slug, opened.page.after, opened.page.limit + 1);
    const std::string next = cut_page(found, opened.page, &Site::host);
    json::array items;
    for (const Site& site : found) {
        items.push_back(site_document(site, request));
    }
    ask_certificates_later();
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
    switch (judge_host(host, association->domains, association->others, context_->settings().text("house.host"))) {
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
    case HostVerdict::others:
        co_return refuse("host_others");
    }
    if (auto refused = refuse_place(request, host, *association)) {
        co_return std::move(*refused);
    }
    // The domain may have moved here: what another association left in its bin stays there.
    const auto removed = store_->removed_sites(host);
    const auto own = std::find_if(removed.begin(), removed.end(), [&slug](const Site& site) { return site.association == slug; });
    const bool restored = own != removed.end();
    Status done = restored ? store_->restore_site(own->id) : store_->add_site(host, slug, now_ms());
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(site_added, {{"host", host}, {"association", slug}, {"by", request.who.login}});
    const std::string reason = co_await ask_certificate(host);
    const auto site = store_->site(host);
    json::object out = site_document(site.value_or(Site{}), request);
    json::array warnings;
    if (!reason.empty()) {
        Parameters parameters;
        parameters.emplace_back("reason", text_of(sites_catalogue, language_of(request), certificate_word(reason)));
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

std::optional<Response> Sites::refuse_place(const Request& request, const std::string& host, const Association& association) {
    if (store_->is_host_taken(host)) {
        return say(request, 409, "host_taken");
    }
    if (domain_holds_.holds(host, association.slug, association.domains)) {
        return say(request, 409, "domain_moving");
    }
    const auto most = static_cast<std::size_t>(context_->settings().integer("sites.limits.sites_max"));
    if (store_->count_sites(association.slug) >= most) {
        Parameters parameters;
        parameters.emplace_back("limit", std::to_string(most));
        return say(request, 422, "too_many_sites", parameters);
    }
    return std::nullopt;
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
        certificate_words_.erase(host);
        co_return std::string();
    }
    CertificateWord& known = certificate_words_[host];
    const bool news = known.word != issued.error().message;
    known = {issued.error().message, now_ms()};
    if (news && issued.error().message != "certificate.asked") {
        context_->journal().write(certificate_missing, {{"host", host}, {"error", issued.error().message}});
    }
    co_return issued.error().message;
}

Task<void> Sites::ask_missing_certificates() {
    const auto held = context_->busy();
    if (std::exchange(asking_certificates_, true)) {
        co_return;
    }
    const std::vector<std::string> hosts = store_->hosts_to_ask(now_ms() - certificate_retry_ms, now_ms() - certificate_again_ms);
    for (const std::string& host : hosts) {
        if (stopping_) {
            break;
        }
        const auto known = certificate_words_.find(host);
        if (known != certificate_words_.end() && known->second.word != "certificate.asked" &&
            now_ms() - known->second.asked_ms < certificate_refused_retry_ms) {
            continue;
        }
        (void)co_await ask_certificate(host);
    }
    asking_certificates_ = false;
}

Check Sites::certificates_check() {
    Check check;
    check.name = "certificates";
    ask_certificates_later();
    const auto without = store_->uncertified();
    check.passed = without.empty();
    if (check.passed) {
        return check;
    }
    const auto known = certificate_words_.find(without.front());
    const std::string word = certificate_word(known != certificate_words_.end() ? known->second.word : "certificate.asked");
    for (const Language language : {Language::french, Language::english}) {
        const std::string text = text_of(sites_catalogue, language, "health_certificates",
                                         {{"count", std::to_string(std::max(without.size(), store_->count_uncertified()))}, {"host", without.front()}, {"reason", text_of(sites_catalogue, language, word)}});
        (language == Language::french ? check.advice : check.english) = text;
    }
    return check;
}

/// What the house knows of a certificate may have changed since it was asked last: asked beside the response.
void Sites::ask_certificates_later() {
    if (!asking_certificates_ && !store_->hosts_to_ask(now_ms() - certificate_retry_ms, now_ms() - certificate_again_ms).empty()) {
        spawn(context_->io(), ask_missing_certificates(), context_->journal(), "certificates");
    }
}

Task<Response> Sites::show_site(Request& request) {
    auto found = find_site(request, Role::member);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    ask_certificates_later();
    co_return json_response(200, site_document(std::get<Site>(found), request));
}

std::variant<Site, Response> Sites::find_removed(const Request& request) {
    if (!request.who.signed_in() && request.who.caller != Caller::admin) {
        return say(request, 401, "signed_out");
    }
    for (Site& site : store_->removed_sites(ascii_lower(request.parameter("host")))) {
        if (!refuse_below(request, site.association, Role::manager)) {
            return std::move(site);
        }
    }
    return say(request, 404, "not_in_bin");
}

Response Sites::list_bin(const Request& request, const std::string& slug, const Page& page) {
    const auto after = page.after.empty() ? std::optional<std::int64_t>(0) : number_of(page.after);
    if (!after) {
        return problem(request, 400, "bad_page");
    }
    if (auto emptied = empty_bin(); !emptied) {
        return say_failed(request, emptied.error());
    }
    if (store_->is_pending("sweep")) {
        sweep_later();
        spawn(context_->io(), measure_all(), context_->journal(), "measuring");
    }
    auto found = store_->bin(slug, *after, page.limit + 1);
    const std::string next = cut_page(found, page, [](const Site& site) { return std::to_string(site.id); });
    json::array items;
    for (const Site& site : found) {
        json::object item = site_document(site, request);
        item["deleted"] = format_utc(site.removed_ms);
        item["gone"] = format_utc(site.removed_ms + bin_ms);
        items.push_back(std::move(item));
    }
    return list_response(std::move(items), next);
}

Task<Response> Sites::internal_domain(Request& request) {
    if (request.who.caller != Caller::module || request.who.module != "people") {
        co_return say(request, 403, "forbidden");
    }
    const std::string name(request.query_parameter("name").value_or(""));
    const std::string of(request.query_parameter("of").value_or(""));
    const std::string but(request.query_parameter("but").value_or(""));
    const auto found = store_->sites_below(name);
    if (!found) {
        co_return say_failed(request, found.error());
    }
    json::array items;
    for (const Site& site : *found) {
        // Whoever gives a domain up loses nothing that is in the bin; it only cannot come back under that name.
        if (of.empty() ? site.association != but : site.association == of && site.removed_ms == 0) {
            json::object item;
            item["kind"] = site.removed_ms == 0 ? "site" : "site_bin";
            item["association"] = site.association;
            item["name"] = site.host;
            items.push_back(std::move(item));
        }
    }
    if (of.empty() && items.empty()) {
        domain_holds_.put(name, but);
    }
    co_return list_response(std::move(items), "");
}

Task<Response> Sites::restore_site(Request& request) {
    auto found = find_removed(request);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const std::string slug = std::get<Site>(found).association;
    const auto association = co_await ask_association(slug);
    if (!association) {
        co_return say_failed(request, association.error());
    }
    // Behind the wait: the bin and the place are judged as they are now.
    found = find_removed(request);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site site = std::get<Site>(found);
    if (site.association != slug || judge_host(site.host, association->domains, association->others, context_->settings().text("house.host")) != HostVerdict::fine) {
        Parameters parameters;
        parameters.emplace_back("address", site.host);
        co_return say(request, 409, "host_lost", parameters);
    }
    if (auto refused = refuse_place(request, site.host, *association)) {
        co_return std::move(*refused);
    }
    auto done = store_->restore_site(site.id);
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(site_restored, {{"host", site.host}, {"by", request.who.login}});
    if (!site.certified) {
        (void)co_await ask_certificate(site.host);
    }
    const auto now = store_->site(site.host);
    co_return json_response(200, site_document(now.value_or(site), request));
}

Response Sites::purge_site(const Request& request) {
    auto found = find_removed(request);
    if (auto* refused = std::get_if<Response>(&found)) {
        return std::move(*refused);
    }
    const Site& site = std::get<Site>(found);
    if (auto erased = store_->erase_site(site.id); !erased) {
        return say_failed(request, erased.error());
    }
    context_->journal().write(site_purged, {{"host", site.host}, {"by", request.who.login}});
    sweep_later();
    measure_later(site.association);
    return empty_response(204);
}

Status Sites::empty_bin() { return store_->erase_removed_before(now_ms() - bin_ms); }

Task<Response> Sites::remove_site(Request& request) {
    if (request.query_parameter("purge") == "1") {
        co_return purge_site(request);
    }
    auto found = find_site(request, Role::manager);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site site = std::get<Site>(found);
    const std::string& host = site.host;
    if (uploads_.contains(host)) {
        co_return say(request, 409, "deploy_running");
    }
    auto done = store_->remove_site(site.id, now_ms());
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    (void)co_await served(host);  // "removed" is true when it is said
    context_->journal().write(site_removed, {{"host", host}, {"by", request.who.login}});
    co_return empty_response(204);
}

} // namespace hameau::sites
