// Sites, the module: HTTP in front of Store (sqlite), Blobs (files) and HelperChild (archives). Roles first, then
// bodies. A visitor's page never comes through here: the gate answers it from hosts.map and the manifests alone.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/sites/blobs.hpp"
#include "modules/sites/line.hpp"
#include "modules/support/helper.hpp"
#include "modules/sites/policy.hpp"
#include "modules/sites/store.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/router.hpp"

namespace hameau::sites {

extern const Catalogue sites_catalogue;

inline constexpr std::size_t uploads_at_once_max = 2;  ///< memory of the unpackers on a 1 GB board
inline constexpr std::chrono::minutes upload_deadline{14};
inline constexpr std::size_t packers_at_once_max = 2;  ///< each keeps one core busy with compression
inline constexpr std::size_t packers_waiting_max = 20;  ///< who comes later is told to come back
inline constexpr std::chrono::seconds packers_wait{25};  ///< below the gate's patience for a response
inline constexpr std::chrono::minutes download_deadline{30};  ///< 1 GiB at 5 Mbit/s
inline constexpr std::int64_t bin_ms_max = std::int64_t{30} * 24 * 3600 * 1000;
inline constexpr std::int64_t certificate_retry_ms = 3600 * 1000;  ///< certificate authorities limit failures by the hour
inline constexpr std::size_t request_bytes_max = 4096;

/// What people tells of an association.
struct Association {
    std::string slug;
    std::string name;
    std::vector<std::string> domains;
    std::uint64_t quota_bytes = 0;
};

class Sites final : public Module {
public:
    /// `program`: how hameau-unpack is started; for tests. Without it: what hameaud lent, or the file beside us.
    explicit Sites(std::optional<HelperProgram> program = std::nullopt) : program_(std::move(program)) {}

    Task<Status> start(ModuleContext& context) override;
    Task<Response> handle(Request& request) override;
    std::vector<Check> check_health() override;
    Task<Status> export_association(std::string slug, std::string folder) override;
    Task<Status> import_association(std::string slug, std::string folder) override;
    Task<Status> erase_association(std::string slug) override;
    Task<void> stop() override;

private:
    /// One publication from the first byte to the answer: the site is taken, the staging folder goes away with it.
    struct Upload {
        Upload(Sites& owner, const Site& of);
        ~Upload();
        Upload(const Upload&) = delete;
        Upload& operator=(const Upload&) = delete;
        Sites& sites;
        std::int64_t site;  ///< Site::id
        std::string host;
        std::string id;
        std::shared_ptr<void> busy;
        std::uint64_t limit_bytes = 0;
        std::uint64_t received_bytes = 0;
        bool body_failed = false;
        bool over_limit = false;
    };
    using Pieces = std::function<Task<Result<std::size_t>>(std::span<char>)>;

    // Who may (sites.cpp)
    Response say(const Request& request, int status, std::string_view code, const Parameters& parameters = {}) const;
    Response say_failed(const Request& request, const Error& error);
    std::optional<Response> refuse_below(const Request& request, const std::string& association, Role role) const;
    /// The site of the path for someone with at least that role, or the refusal.
    std::variant<Site, Response> find_site(const Request& request, Role role);
    Role publishing_role() const;
    Task<Result<Association>> ask_association(std::string slug);
    std::string visited(const Request& request) const { return std::string(request.header("hameau-scheme-host")); }

    // Sites (api_sites.cpp)
    Task<Response> list_sites(Request& request);
    Task<Response> add_site(Request& request);
    Task<Response> show_site(Request& request);
    Task<Response> remove_site(Request& request);
    Task<Response> restore_site(Request& request);
    Response list_bin(const Request& request, const std::string& slug, const Page& page);
    Response purge_site(const Request& request);
    /// The last removed site of that host name among those whose bin the caller may open, or the refusal.
    std::variant<Site, Response> find_removed(const Request& request);
    /// Why no further site may be at that host now; nothing when it may.
    std::optional<Response> refuse_place(const Request& request, const std::string& host, const std::string& slug);
    Status empty_bin();
    boost::json::object site_document(const Site& site, const std::string& visited);
    /// Empty when it was issued, else the reason.
    Task<std::string> ask_certificate(std::string host);
    Task<void> ask_missing_certificates();

    // Versions (api_deploys.cpp)
    Task<Response> list_deploys(Request& request);
    Task<Response> show_deploy(Request& request);
    Task<Response> add_deploy(Request& request);
    /// 409 `version_newer` when `after` names another version than the one that is live.
    std::optional<Response> refuse_newer(const Request& request, const Site& site) const;
    /// What can be said before a heavy folder travels for nothing.
    std::optional<Response> refuse_early(const Request& request, const Site& site) const;
    /// An archive may come for minutes: who may publish, and where, is judged again before anything is live.
    Task<std::optional<Response>> refuse_late(Request& request, const Site& site);
    Task<Response> switch_live(Request& request);
    boost::json::object deploy_document(const Deploy& deploy, std::int64_t live) const;
    boost::json::array remark_texts(const Request& request, const std::string& remarks) const;
    /// Why this upload is not published; else its doubts are among its warnings.
    std::optional<Response> refuse_content(const Request& request, const std::string& host, Report& report);
    /// What speaks against showing a version that is kept.
    static std::vector<Remark> doubts_about(const Deploy& deploy, const DeployReader& manifest);
    Response refuse_upload(const Request& request, std::string_view code, const std::vector<Remark>& reasons) const;

    // Publishing (publish.cpp)
    Task<Result<Report>> unpack(Upload& upload, Pieces body);
    Task<void> feed(HelperChild& child, Upload& upload, Pieces body);
    Task<Result<Report>> collect(HelperChild& child);
    Task<Result<std::int64_t>> publish(Upload& upload, const Report& report, std::string by);
    Status tell_gate();
    /// Waits until the gate serves what hosts.map says of this host; false when it does not say so in time.
    Task<bool> served(std::string host);
    void sweep_later();
    Task<void> sweep();

    // Archives (archive.cpp)
    Task<Response> download(Request& request);
    Result<std::string> pack_list(const DeployReader& manifest);
    /// The rules of a version as the files that they came from: name and text.
    static std::vector<std::pair<std::string, std::string>> rule_files(const DeployReader& manifest);
    Status export_site(const Site& site, const std::string& folder);
    Task<Status> import_site(std::string slug, std::string host, std::string folder);

    std::optional<HelperProgram> program_;
    ModuleContext* context_ = nullptr;
    std::optional<Store> store_;
    std::optional<Blobs> blobs_;
    Router router_;
    std::shared_ptr<Line> packers_;
    std::set<std::string> uploads_;  ///< hosts that are being published
    std::set<std::string> placing_;  ///< manifests on their way: not to be swept
    bool sweeping_ = false;
    bool sweep_again_ = false;
    bool stopping_ = false;
    std::string trouble_;            ///< the last failure of the disk, for the health page
};

} // namespace hameau::sites
