// Small files of sites in memory. When the cache is full, the least recently used file goes first.
#include "daemon/gate/file_cache.hpp"

#include <fcntl.h>

#include "daemon/base/open_regular.hpp"

namespace hameau::gate {

FileCache::Bytes FileCache::get(int folder, const std::string& path, std::size_t size_bytes) {
    std::string key = std::to_string(folder) + "/" + path;
    if (const auto found = index_.find(key); found != index_.end()) {
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->bytes;
    }
    const auto file = open_regular(folder, path);
    auto bytes = std::make_shared<std::string>(size_bytes, '\0');
    if (!file || ::pread(file->get(), bytes->data(), size_bytes, 0) != static_cast<ssize_t>(size_bytes)) {
        return nullptr;
    }
    bytes_ += size_bytes + key.size();
    entries_.push_front({std::move(key), bytes});
    index_.emplace(entries_.front().key, entries_.begin());
    while (bytes_ > cache_bytes_max) {
        const Entry& oldest = entries_.back();
        bytes_ -= oldest.bytes->size() + oldest.key.size();
        index_.erase(oldest.key);
        entries_.pop_back();
    }
    return bytes;
}

} // namespace hameau::gate
