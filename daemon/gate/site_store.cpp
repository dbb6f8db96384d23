// Opening, mapping, forgetting.
#include "daemon/gate/site_store.hpp"

#include <cerrno>
#include <fcntl.h>

#include "daemon/base/io.hpp"
#include "daemon/gate/limits.hpp"

namespace hameau::gate {

Result<SiteStore> SiteStore::open(const std::string& folder) {
    SiteStore store;
    store.folder_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!store.folder_) {
        return fail_errno(folder);
    }
    return store;
}

Status SiteStore::reload() {
    const Fd file(::openat(folder_.get(), "hosts.map", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno == ENOENT) {
        return {};  // nobody has a site yet
    }
    if (!file) {
        return fail_errno("sites/hosts.map");
    }
    auto text = read_all(file.get(), sites::hosts_map_bytes_max);
    if (!text) {
        return fail(std::move(text.error()).during("sites/hosts.map"));
    }
    auto parsed = sites::HostsMap::parse(*text);
    if (!parsed) {
        return fail(std::move(parsed.error()).during("sites/hosts.map"));
    }
    map_ = std::move(*parsed);
    std::unordered_map<std::string, Manifest> kept;
    for (const sites::HostLine& line : map_.lines()) {
        if (auto found = manifests_.find(line.manifest); found != manifests_.end()) {
            kept.emplace(line.manifest, std::move(found->second));
            manifests_.erase(found);
        }
    }
    manifests_ = std::move(kept);
    return {};
}

Result<SiteStore::Manifest> SiteStore::manifest(const std::string& path) {
    if (const auto found = manifests_.find(path); found != manifests_.end()) {
        return found->second;
    }
    const Fd file(::openat(folder_.get(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
        return fail_errno("sites/" + path);
    }
    auto reader = sites::DeployReader::open(file.get());
    if (!reader) {
        return fail(std::move(reader.error()).during("sites/" + path));
    }
    if (manifests_.size() >= manifests_max) {
        manifests_.erase(manifests_.begin());
    }
    auto kept = std::make_shared<const sites::DeployReader>(std::move(*reader));
    manifests_.emplace(path, kept);
    return kept;
}

} // namespace hameau::gate
