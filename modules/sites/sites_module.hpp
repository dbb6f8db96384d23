// Sites, the module: HTTP in front of Store (sqlite), Blobs (files) and HelperChild (archives). Roles first, then
// bodies. A visitor's page never comes through here: the gate answers it from hosts.map and the manifests alone.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "daemon/contract/module.hpp"
#include "modules/sites/storage/blobs.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/line.hpp"
#include "modules/sites/policy.hpp"
#include "modules/sites/storage/store.hpp"
#include "modules/sites/storage/tokens.hpp"
#include "modules/support/domain_holds.hpp"
#include "modules/support/helper.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/router.hpp"
#include "modules/support/usage.hpp"

namespace hameau::sites {

extern const Catalogue sites_catalogue;

/// What people tells of an association.
struct Association {
    std::string slug;
    std::string name;
    std::vector<std::string> domains;
    std::vector<std::string> others;  ///< domains below its own that other associations have
};

class Sites final : public Module {
public:
    /// `program`: how hameau-unpack is started; for tests. Without it: what hameaud lent, or the file beside us.
    explicit Sites(std::optional<HelperProgram> program = std::nullopt) : program_(std::move(program)) {}

    Task<Status> start(ModuleContext& context) override;
    Task<Response> handle(Request& request) override;
    std::vector<Check> check_health() override;
    Task<Status> erase_association(std::string slug) override;
    Task<Status> close_association(std::string slug, bool closed) override;
    Task<void> stop() override;

private:
    /// One publication from the first byte to the response: the site is taken, the staging folder goes away with it.
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
        std::optional<std::int64_t> after = {};  ///< the version that this one may replace (?after=N)
        std::uint64_t limit_bytes = 0;
        std::uint64_t received_bytes = 0;
        Usage::Hold room = {};       ///< taken of the association's quota, from the report to the publication
        bool limit_is_quota = false; ///< else the limit is that of one upload
        std::vector<std::string> kept = {};  ///< with ?kept=1: versions whose files the archive may name, the newest first
        bool body_failed = false;
        bool over_limit = false;
        bool disk_low = false;       ///< the floor of free disk was reached while it was unpacked
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
    /// What is at or below a domain that people is about to give to `but` (of all others, and nobody else puts a site there for
    /// a moment) or to take from `of`.
    Task<Response> internal_domain(Request& request);
    Task<Response> restore_site(Request& request);
    Response list_bin(const Request& request, const std::string& slug, const Page& page);
    Response purge_site(const Request& request);
    /// The last removed site of that host name among those whose bin the caller may open, or the refusal.
    std::variant<Site, Response> find_removed(const Request& request);
    /// Why no further site may be at that host now; nothing when it may.
    std::optional<Response> refuse_place(const Request& request, const std::string& host, const Association& association);
    /// Erases what has been in a bin for its time. The associations that lost something are measured again.
    Status empty_bin();
    boost::json::object site_document(const Site& site, const Request& request);
    /// Empty when it was issued, else the reason.
    Task<std::string> ask_certificate(std::string host);
    Task<void> ask_missing_certificates();
    void ask_certificates_later();
    Check certificates_check();

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
    /// Which of these files the site has not, so that a program sends only them (api_missing.cpp).
    Task<Response> list_missing(Request& request);
    /// The ids of a site's kept versions, the newest first.
    std::vector<std::string> versions_of(const Site& site);
    boost::json::object deploy_document(const Deploy& deploy, std::int64_t live) const;
    boost::json::array remark_texts(const Request& request, const std::string& remarks) const;
    /// Why this upload is not published; else its doubts are among its warnings.
    std::optional<Response> refuse_content(const Request& request, const std::string& host, Report& report);
    /// What speaks against showing a version that is kept.
    static std::vector<Remark> doubts_about(const Deploy& deploy, const DeployReader& manifest);
    Response refuse_upload(const Request& request, std::string_view code, const std::vector<Remark>& reasons) const;

    // Deploy tokens (api_tokens.cpp)
    /// For who comes with a token: that it is valid still, and of this site.
    std::optional<Response> refuse_token(const Request& request, const Site& site);
    boost::json::object token_document(const Request& request, const Token& token) const;
    /// False when people does not answer.
    Task<bool> judge_tokens(const Site& site);
    void end_token(const std::string& id, std::string_view reason);
    Task<Response> list_tokens(Request& request);
    Task<Response> add_token(Request& request);
    Task<Response> remove_token(Request& request);
    /// People asks whom a token stands for: {"token"} or {"id"}; with "end" it ends for that reason.
    Task<Response> internal_token(Request& request);

    // Room: the association's quota and the floor of free disk (room.cpp)
    /// Sets what the upload may become by what is free now, or refuses it before its body is read.
    Task<std::optional<Response>> find_room(Request& request, Upload& upload, std::string slug);
    /// Takes the room that the unpacked files need of the quota, or refuses them before they are kept.
    Task<std::optional<Response>> take_room(Request& request, Upload& upload, std::string slug, const Report& report);
    Response refuse_size(const Request& request, const Upload& upload, const std::string& slug) const;
    struct DiskWatch {
        explicit DiskWatch(boost::asio::io_context& io) : timer(io) {}
        boost::asio::steady_timer timer;
        bool ended = false;  ///< the upload and its child are there no more
    };
    /// Kills the unpacker when the floor of free disk is reached. Looks again and again until `watch` has ended.
    void watch_disk(Upload& upload, HelperChild& running, std::shared_ptr<DiskWatch> watch);
    /// Counts what the association's kept versions take and tells the quota; `room` ends in the same moment.
    Task<void> measure(std::string slug, Usage::Hold room);
    Task<void> measure_all();
    void measure_later(std::string slug);

    // Publishing (publish.cpp)
    Task<Result<Report>> unpack(Upload& upload, Pieces body);
    /// Starts hameau-unpack for this upload. Errors: io.
    Task<Result<std::unique_ptr<HelperChild>>> start_unpacker(const Upload& upload);
    Task<void> feed(HelperChild& child, Upload& upload, Pieces body);
    Task<Result<Report>> collect(HelperChild& child);
    /// The site is still the one of the upload, and shows the version that this one may replace. Errors: not_found, conflict.
    Status still_wanted(const Upload& upload);
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

    // archive_parts.cpp
    class PartStream;
    Task<Response> internal_archive(Request& request);
    /// How much it holds of an association, in numbers.
    Task<Response> internal_holdings(Request& request);
    Task<Result<std::string>> next_part(std::shared_ptr<PartStream> stream);

    std::optional<HelperProgram> program_;
    ModuleContext* context_ = nullptr;
    std::optional<Store> store_;
    std::optional<Blobs> blobs_;
    Router router_;
    std::shared_ptr<Line> packers_;
    std::set<std::string> uploads_;  ///< hosts that are being published
    std::set<std::string> placing_;  ///< manifests on their way: not to be swept
    std::list<std::vector<std::string>> exported_;  ///< manifests that archives on their way hold: not to be swept
    std::optional<Usage> usage_;
    DomainHolds domain_holds_;
    std::set<std::string> measured_;  ///< associations whose figure is known since the start
    std::size_t asking_missing_ = 0;  ///< calls of list_missing that are being answered
    bool sweeping_ = false;
    bool sweep_again_ = false;
    bool stopping_ = false;
    bool asking_certificates_ = false;
    struct CertificateWord {
        std::string word;           ///< why the host has no certificate, as heard last
        std::int64_t asked_ms = 0;  ///< when
    };
    std::map<std::string, CertificateWord, std::less<>> certificate_words_;  ///< of hosts without one: as many as sites
    std::string trouble_;            ///< the last failure of the disk, for the health page
};

} // namespace hameau::sites
