// sites.db: which sites there are and which versions of them are kept. The only place with SQL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/contract/hosts_map.hpp"
#include "daemon/store/database.hpp"

namespace hameau::sites {

struct Site {
    std::int64_t id = 0;          ///< its identity: the host name may be used again while this site is in the bin
    std::string host;
    std::string association;
    std::int64_t created_ms = 0;
    std::int64_t live = 0;        ///< the number that is shown; 0: none yet
    std::int64_t next_number = 1;
    std::int64_t removed_ms = 0;  ///< in the bin since; 0: not
    bool certified = false;       ///< the last request for a certificate succeeded
    std::int64_t certificate_asked_ms = 0;
};

struct Deploy {
    std::int64_t site = 0;        ///< Site::id
    std::int64_t number = 0;
    std::string id;               ///< of the manifest
    std::int64_t created_ms = 0;
    std::string by;               ///< login of who published
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    std::int64_t pages = 0;
    std::int64_t home_bytes = 0;
    std::int64_t home_requests = 0;
    std::int64_t home_elements = 0;
    std::string warnings;         ///< JSON: [[code, path, detail], ...]
};

class Store {
public:
    explicit Store(Database& database) : database_(database) {}

    // What follows does not see the sites of an association that is in the house's bin (set_closed), unless it says so.
    /// A site that is not in the bin.
    std::optional<Site> site(const std::string& host);
    /// Also by a site of an association in the house's bin.
    bool is_host_taken(const std::string& host);
    /// The association is in the house's bin, or back.
    Status set_closed(const std::string& association, bool closed);
    bool is_closed(const std::string& association) const;
    /// Of sites that are not in a bin of sites, whether the association is closed or not.
    Result<std::vector<std::string>> hosts_of(const std::string& association);
    /// Those of that host name in the bins of all associations; the last one that was removed comes first.
    std::vector<Site> removed_sites(const std::string& host);
    /// Sites at this domain or below it, those in the bins too (of both kinds). A read that fails is told: the answer gives a domain away.
    Result<std::vector<Site>> sites_below(const std::string& domain);
    /// The bin of an association, in order of id, from the one behind `after`.
    std::vector<Site> bin(const std::string& association, std::int64_t after, std::size_t count);
    /// In order of host, from the one behind `after`.
    std::vector<Site> sites(const std::string& association, const std::string& after, std::size_t count);
    std::size_t count_sites(const std::string& association);
    Status add_site(const std::string& host, const std::string& association, std::int64_t now_ms);
    /// By its identity; not in a bin.
    std::optional<Site> site_by_id(std::int64_t id);
    /// Its deploy tokens end with it.
    Status remove_site(std::int64_t id, std::int64_t now_ms);
    /// Errors: conflict when another site has the host name meanwhile.
    Status restore_site(std::int64_t id);
    Status erase_site(std::int64_t id);
    Status note_certificate(const std::string& host, bool certified, std::int64_t now_ms);
    /// Hosts without one, last asked for before that time.
    std::vector<std::string> uncertified();
    /// Hosts whose answer is older than that: of those without a certificate, and of those with one. At most 20, the oldest first.
    std::vector<std::string> hosts_to_ask(std::int64_t without_before_ms, std::int64_t with_before_ms);
    std::size_t count_uncertified();
    /// Every site, the bin included.
    Status erase_association(const std::string& association);
    /// Those that have been in the bin since before that time.
    Status erase_removed_before(std::int64_t ms);

    std::optional<Deploy> deploy(std::int64_t site, std::int64_t number);
    /// Newest first, below `before` (0: from the newest).
    std::vector<Deploy> deploys(std::int64_t site, std::int64_t before, std::size_t count);
    /// Adds a version under the next number and shows it; drops what policy says. The number.
    /// Errors: not_found when the site was removed meanwhile.
    Result<std::int64_t> publish(Deploy deploy, std::size_t keep);
    Status show(std::int64_t site, std::int64_t number);

    /// What the gate should see now. Never less because of a failed read: that would take sites off the air.
    Result<HostsMap> hosts();
    /// Ids of every kept version, those of closed associations too. Never less because of a failed read: the sweep deletes what is not there.
    Result<std::vector<std::string>> kept_ids();
    /// Those of one association, its bin included.
    Result<std::vector<std::string>> kept_ids(const std::string& association);
    /// Every association that has a site, the bin included.
    Result<std::vector<std::string>> associations();
    /// Work to be done even after a crash: "sweep".
    bool is_pending(const std::string& work);
    Status set_pending(const std::string& work);
    Status clear_pending(const std::string& work);

private:
    Database& database_;
};

} // namespace hameau::sites
