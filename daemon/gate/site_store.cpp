// The manifests of sites: opened, read whole into private memory, forgotten when others need the room.
#include "daemon/gate/site_store.hpp"

#include <fcntl.h>
#include <iterator>
#include <unordered_set>

#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
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
    const auto file = open_regular(folder_.get(), "hosts.map");
    if (!file && file.error().kind == ErrorKind::not_found) {
        return {};  // nobody has a site yet
    }
    if (!file) {
        return fail(file.error());
    }
    auto text = read_all(file->get(), sites::hosts_map_bytes_max);
    if (!text) {
        return fail(std::move(text.error()).during("sites/hosts.map"));
    }
    auto parsed = sites::HostsMap::parse(*text);
    if (!parsed) {
        return fail(std::move(parsed.error()).during("sites/hosts.map"));
    }
    map_ = std::move(*parsed);
    std::unordered_set<std::string_view> named;
    for (const sites::HostLine& line : map_.lines()) {
        named.insert(line.manifest);
    }
    for (auto held = held_.begin(); held != held_.end();) {
        const auto next = std::next(held);
        if (!named.contains(held->path)) {
            drop(held);
        }
        held = next;
    }
    return {};
}

void SiteStore::drop(std::list<Held>::iterator held) {
    held_bytes_ -= held->manifest->size_bytes();
    index_.erase(held->path);
    held_.erase(held);
}

Result<SiteStore::Manifest> SiteStore::manifest(const std::string& path) {
    if (const auto found = index_.find(path); found != index_.end()) {
        held_.splice(held_.begin(), held_, found->second);
        return found->second->manifest;
    }
    const auto file = open_regular(folder_.get(), path);
    if (!file) {
        return fail(file.error());
    }
    auto reader = sites::DeployReader::open(file->get());
    if (!reader) {
        return fail(std::move(reader.error()).during("sites/" + path));
    }
    auto kept = std::make_shared<const sites::DeployReader>(std::move(*reader));
    while (!held_.empty() && (held_.size() >= manifests_max || held_bytes_ + kept->size_bytes() > manifests_bytes_max)) {
        drop(std::prev(held_.end()));
    }
    held_.push_front({path, kept});
    index_.emplace(held_.front().path, held_.begin());
    held_bytes_ += kept->size_bytes();
    return kept;
}

} // namespace hameau::gate
