// SiteStore: hosts.map and the manifests of the live deploys, below STATE/sites. Another process may write there at any
// time: each file is read whole into private memory and checked whole, and only regular files are opened.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/deploy_format.hpp"
#include "daemon/contract/hosts_map.hpp"

namespace hameau::gate {

class SiteStore {
public:
    using Manifest = std::shared_ptr<const sites::DeployReader>;

    /// `folder`: STATE/sites. Errors: io.
    static Result<SiteStore> open(const std::string& folder);
    /// Reads hosts.map again. Errors: the former map stays.
    Status reload();
    const sites::HostsMap& map() const { return map_; }
    /// The manifest of a host's line; read when first asked for. Errors: not_found, corrupt, io.
    Result<Manifest> manifest(const std::string& path);
    /// Bytes of manifests in memory.
    std::size_t held_bytes() const { return held_bytes_; }
    int folder() const { return folder_.get(); }

private:
    Fd folder_;
    sites::HostsMap map_;
    struct Held {
        std::string path;
        Manifest manifest;
    };
    std::list<Held> held_;  ///< the one that was asked for last comes first
    std::unordered_map<std::string_view, std::list<Held>::iterator> index_;
    std::size_t held_bytes_ = 0;
    void drop(std::list<Held>::iterator held);
};

} // namespace hameau::gate
