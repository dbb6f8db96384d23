// What a program asks before it publishes: which of its files the site has not. It then sends an archive that names the others
// (kept_list.hpp). Only the site's own versions count: whether another site has a file is nobody's business.
#include "modules/sites/sites_module.hpp"
#include "modules/support/opening.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

/// The hashes as they were asked, or nothing when one is none.
std::optional<std::vector<Hash>> hashes_in(const json::array& list) {
    std::vector<Hash> hashes;
    hashes.reserve(list.size());
    for (const json::value& item : list) {
        const auto hash = item.is_string() ? hash_from_hex(std::string_view(item.get_string())) : std::nullopt;
        if (!hash) {
            return std::nullopt;
        }
        hashes.push_back(*hash);
    }
    return hashes;
}

json::array without(const std::vector<Hash>& asked, const KnownFiles& known) {
    json::array missing;
    HashSet said;
    for (const Hash& hash : asked) {
        if (!known.contains(hash) && said.insert(hash).second) {
            missing.emplace_back(to_hex(hash));
        }
    }
    return missing;
}

} // namespace

std::vector<std::string> Sites::versions_of(const Site& site) {
    std::vector<std::string> ids;
    for (Deploy& deploy : store_->deploys(site.id, 0, versions_max)) {
        ids.push_back(std::move(deploy.id));
    }
    return ids;
}

Task<Response> Sites::list_missing(Request& request) {
    const auto allowed = find_site(request, publishing_role());
    // A question is some MiB: as few at once as uploads.
    if (std::holds_alternative<Site>(allowed) && asking_missing_ >= uploads_at_once_max) {
        Response busy = say(request, 503, "busy");
        busy.headers.emplace_back("Retry-After", "10");
        co_return busy;
    }
    ++asking_missing_;
    const std::shared_ptr<void> counted(nullptr, [this](void*) { --asking_missing_; });
    const Finder<Site> find = [this, &request] { return find_site(request, publishing_role()); };
    auto opened = co_await open_row(context_, request, find, list_bytes_max);
    if (opened.refused) {
        co_return std::move(*opened.refused);
    }
    JsonFields fields(opened.body);
    const json::array* list = fields.optional_array("hashes", upload_files_max);
    const auto asked = list != nullptr ? hashes_in(*list) : std::nullopt;
    if (!asked) {
        fields.refuse_field("hashes", "kept_hashes");
    }
    if (!fields.finish()) {
        co_return fields.refuse(request, sites_catalogue);
    }
    const std::vector<std::string> versions = versions_of(*opened.row);
    json::object out;
    std::function<void()> work = [&] { out["missing"] = without(*asked, blobs_->known_files(versions)); };
    co_await context_->run_slow(std::move(work));
    co_return json_response(200, out);
}

} // namespace hameau::sites
