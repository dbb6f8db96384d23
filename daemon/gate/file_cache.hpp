// FileCache: the bytes of small files that were asked for lately, within a bound. The files never change (blobs by
// hash, built pages), so nothing is ever looked at again.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/gate/limits.hpp"

namespace hameau::gate {

class FileCache {
public:
    using Bytes = std::shared_ptr<const std::string>;

    /// `path` below `folder` (an open descriptor), of that size; null when it cannot be read whole.
    Bytes get(int folder, const std::string& path, std::size_t size_bytes);
    std::size_t bytes() const { return bytes_; }

private:
    struct Entry {
        std::string key;
        Bytes bytes;
    };
    std::list<Entry> entries_;  ///< the latest first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
    std::size_t bytes_ = 0;
};

} // namespace hameau::gate
