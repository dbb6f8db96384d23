// The versions of a site: list, show, publish, switch.
#include <algorithm>

#include "daemon/base/io.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/opening.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

constexpr Event site_published{"sites.published", Level::info};
constexpr Event site_switched{"sites.switched", Level::info};
constexpr Event upload_refused{"sites.upload_refused", Level::info};

std::string remarks_json(const std::vector<Remark>& remarks) {
    json::array list;
    for (const Remark& remark : remarks) {
        json::array item;
        item.emplace_back(remark.code);
        item.emplace_back(remark.path);
        item.emplace_back(remark.detail);
        list.push_back(std::move(item));
    }
    return json::serialize(list);
}

} // namespace

json::object Sites::deploy_document(const Deploy& deploy, std::int64_t live) const {
    json::object out;
    out["number"] = deploy.number;
    out["created"] = format_utc(deploy.created_ms);
    out["by"] = deploy.by;
    out["files"] = deploy.files;
    out["bytes"] = deploy.bytes;
    out["pages"] = deploy.pages;
    out["live"] = deploy.number == live;
    out["home"] = nullptr;
    if (deploy.home_requests > 0) {
        const int eco = ecoindex(static_cast<double>(deploy.home_elements), static_cast<double>(deploy.home_requests),
                                   static_cast<double>(deploy.home_bytes) / 1000);
        const int score = std::min(eco, score_most(deploy.home_bytes));
        json::object home;
        home["bytes"] = deploy.home_bytes;
        home["requests"] = deploy.home_requests;
        home["elements"] = deploy.home_elements;
        home["score"] = score;
        home["grade"] = std::string(1, ecoindex_grade(score));
        out["home"] = std::move(home);
    }
    return out;
}

json::array Sites::remark_texts(const Request& request, const std::string& remarks) const {
    json::array texts;
    boost::system::error_code failed;
    const json::value stored = json::parse(remarks, failed);
    const json::array* list = failed ? nullptr : stored.if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::array* item = (*list)[i].if_array();
        if (item == nullptr || item->size() != 3) {
            continue;
        }
        Parameters parameters;
        parameters.emplace_back("path", std::string((*item)[1].as_string()));
        parameters.emplace_back("detail", std::string((*item)[2].as_string()));
        const std::string code((*item)[0].as_string());
        texts.emplace_back(text_of(sites_catalogue, language_of(request), code, parameters));
    }
    return texts;
}

Task<Response> Sites::list_deploys(Request& request) {
    auto found = find_site(request, Role::member);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site& site = std::get<Site>(found);
    const auto page = read_page(request);
    const auto before = page && !page->after.empty() ? number_of(page->after) : std::optional<std::int64_t>(0);
    if (!page || !before) {
        co_return problem(request, 400, "bad_page");
    }
    auto deploys = store_->deploys(site.id, *before, page->limit + 1);
    std::string next;
    if (deploys.size() > page->limit) {
        deploys.pop_back();
        next = std::to_string(deploys.back().number);
    }
    json::array items;
    for (const Deploy& deploy : deploys) {
        items.push_back(deploy_document(deploy, site.live));
    }
    co_return list_response(std::move(items), next);
}

Task<Response> Sites::show_deploy(Request& request) {
    auto found = find_site(request, Role::member);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site& site = std::get<Site>(found);
    const auto number = number_of(request.parameter("number"));
    const auto deploy = number ? store_->deploy(site.id, *number) : std::nullopt;
    if (!deploy) {
        co_return say(request, 404, "no_version");
    }
    json::object out = deploy_document(*deploy, site.live);
    out["warnings"] = remark_texts(request, deploy->warnings);
    co_return json_response(200, out);
}

std::vector<Remark> Sites::doubts_about(const Deploy& deploy, const DeployReader& manifest) {
    std::vector<Remark> doubts;
    boost::system::error_code failed;
    const json::value stored = json::parse(deploy.warnings, failed);
    const json::array* list = failed ? nullptr : stored.if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::array* item = (*list)[i].if_array();
        if (item != nullptr && item->size() == 3 && (*item)[0].as_string().starts_with("home_")) {
            doubts.push_back(Remark{std::string((*item)[0].as_string()), std::string((*item)[1].as_string()),
                                    std::string((*item)[2].as_string())});
        }
    }
    // Versions of before the doubts have none stored.
    if (doubts.empty() && !manifest.find("index.html") && !manifest.redirect("")) {
        doubts.push_back(Remark{"index_missing", "", ""});
    }
    return doubts;
}

Response Sites::refuse_upload(const Request& request, std::string_view code, const std::vector<Remark>& reasons) const {
    std::vector<FieldError> errors;
    for (const Remark& reason : reasons) {
        FieldError error;
        error.field = reason.path.empty() ? "archive" : reason.path;
        error.code = reason.code;
        error.parameters.emplace_back("path", reason.path);
        error.parameters.emplace_back("detail", reason.detail);
        errors.push_back(std::move(error));
    }
    return problem_with_errors(sites_catalogue, request, 422, code, errors);
}

std::optional<Response> Sites::refuse_content(const Request& request, const std::string& host, Report& report) {
    const bool anyway = request.query_parameter("anyway") == "1";
    if (!report.refused && (report.doubts.empty() || anyway)) {
        // Who publishes all the same finds what was doubted among the remarks of the version.
        report.warnings.insert(report.warnings.begin(), report.doubts.begin(), report.doubts.end());
        return std::nullopt;
    }
    const std::vector<Remark>& reasons = report.refused ? report.refusals : report.doubts;
    context_->journal().write(upload_refused, {{"host", host}, {"reason", reasons.front().code}});
    const bool empty = std::any_of(reasons.begin(), reasons.end(), [](const Remark& reason) { return reason.code.starts_with("home_"); });
    return refuse_upload(request, report.refused ? "upload_refused" : empty ? "upload_doubtful" : "upload_rules", reasons);
}

std::optional<Response> Sites::refuse_newer(const Request& request, const Site& site) const {
    const auto after = request.query_parameter("after");
    if (!after || *after == std::to_string(site.live)) {
        return std::nullopt;
    }
    Parameters parameters;
    parameters.emplace_back("number", std::to_string(site.live));
    return say(request, 409, "version_newer", parameters);
}

std::optional<Response> Sites::refuse_early(const Request& request, const Site& site) const {
    if (uploads_.contains(site.host)) {
        return say(request, 409, "deploy_running");
    }
    if (uploads_.size() >= uploads_at_once_max) {
        Response response = say(request, 503, "busy");
        response.headers.emplace_back("Retry-After", "10");
        return response;
    }
    return refuse_newer(request, site);
}

Task<std::optional<Response>> Sites::refuse_late(Request& request, const Site& site) {
    auto ended = co_await identify_again(*context_, request);
    if (ended) {
        co_return ended;
    }
    auto still = find_site(request, publishing_role());
    if (auto* refused = std::get_if<Response>(&still)) {
        ended = std::move(*refused);
    } else if (std::get<Site>(still).id != site.id) {
        ended = say(request, 404, "no_site");
    } else {
        ended = refuse_newer(request, std::get<Site>(still));
    }
    co_return ended;
}

Task<Response> Sites::add_deploy(Request& request) {
    auto found = find_site(request, publishing_role());
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site site = std::get<Site>(found);
    if (auto refused = refuse_early(request, site)) {
        co_return std::move(*refused);
    }
    Upload upload(*this, site);
    upload.kept = request.query_parameter("kept") == "1" ? versions_of(site) : std::vector<std::string>();
    auto no_room = co_await find_room(request, upload, site.association);
    if (no_room) {
        co_return std::move(*no_room);
    }
    Pieces body = [&request](std::span<char> buffer) { return request.body->read_some(buffer); };
    auto report = co_await unpack(upload, std::move(body));
    if (upload.over_limit) {
        co_return refuse_size(request, upload, site.association);
    }
    if (upload.body_failed) {
        co_return say(request, 400, "upload_cut");
    }
    // The unpacker may meet the end of a small disk before the floor is looked at.
    if (upload.disk_low || (!report && !above_disk_floor(*context_, disk_room_bytes_min))) {
        co_return problem(request, 507, "disk_floor");
    }
    if (!report) {
        co_return report.error().kind == ErrorKind::io ? say_failed(request, report.error())
                                                       : say(request, 422, "unpack_failed");
    }
    if (auto refused = refuse_content(request, site.host, *report)) {
        co_return std::move(*refused);
    }
    no_room = co_await take_room(request, upload, site.association, *report);
    if (no_room) {
        co_return std::move(*no_room);
    }
    auto ended = co_await refuse_late(request, site);
    if (ended) {
        co_return std::move(*ended);
    }
    upload.after = number_of(request.query_parameter("after").value_or(""));
    const auto number = co_await publish(upload, *report, request.who.login);
    if (!number) {
        const auto now = store_->site(site.host);
        auto newer = now ? refuse_newer(request, *now) : std::nullopt;
        if (number.error().kind == ErrorKind::conflict && newer) {
            co_return std::move(*newer);
        }
        co_return say_failed(request, number.error());
    }
    context_->journal().write(site_published, {{"host", site.host}, {"number", std::to_string(*number)},
                                               {"files", std::to_string(report->files_count)},
                                               {"by", request.who.login}});
    co_await measure(site.association, std::move(upload.room));
    const auto deploy = store_->deploy(site.id, *number);
    json::object out = deploy_document(deploy.value_or(Deploy{}), *number);
    json::array warnings = remark_texts(request, remarks_json(report->warnings));
    // "Live" means served: the next request of a visitor gets this version.
    const bool shown = co_await served(site.host);
    if (!shown) {
        warnings.emplace_back(text_of(sites_catalogue, language_of(request), "served_late"));
    }
    out["served"] = shown;
    out["warnings"] = std::move(warnings);
    out["url"] = site_url(site.host, visited(request));
    co_return json_response(201, out);
}

Task<Response> Sites::switch_live(Request& request) {
    const Finder<Site> find = [this, &request] { return find_site(request, publishing_role()); };
    auto opened = co_await open_row(context_, request, find, request_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    const Site site = *opened.row;
    JsonFields fields(opened.body);
    const std::int64_t number = fields.integer("number", 1, 1'000'000'000);
    if (!fields.finish()) {
        co_return fields.refuse(request, sites_catalogue);
    }
    const auto deploy = store_->deploy(site.id, number);
    const auto manifest = deploy ? blobs_->open_manifest(deploy->id) : Result<DeployReader>(fail(ErrorKind::not_found, ""));
    if (!manifest) {
        co_return say(request, 404, "no_version");
    }
    if (auto newer = refuse_newer(request, site)) {
        co_return std::move(*newer);
    }
    const auto doubts = doubts_about(*deploy, *manifest);
    if (!doubts.empty() && request.query_parameter("anyway") != "1") {
        co_return refuse_upload(request, "version_doubtful", doubts);
    }
    auto done = store_->show(site.id, number);
    if (done) {
        done = tell_gate();
    }
    if (!done) {
        co_return say_failed(request, done.error());
    }
    context_->journal().write(site_switched, {{"host", site.host}, {"number", std::to_string(number)}, {"by", request.who.login}});
    const bool shown = co_await served(site.host);
    const auto now = store_->site(site.host);
    json::object out = site_document(now.value_or(site), request);
    out["served"] = shown;
    co_return json_response(200, out);
}

} // namespace hameau::sites
