// SiteStore: hosts.map and the mapped manifests of the live deploys, read-only, below STATE/sites.
#pragma once

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
    /// The manifest of a host's line; mapped when first asked for. Errors: not_found, corrupt, io.
    Result<Manifest> manifest(const std::string& path);
    int folder() const { return folder_.get(); }

private:
    Fd folder_;
    sites::HostsMap map_;
    std::unordered_map<std::string, Manifest> manifests_;
};

} // namespace hameau::gate
