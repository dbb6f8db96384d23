// Sets of hashes of files. A hash is spread evenly already: its first bytes are the bucket.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "daemon/contract/deploy_format.hpp"

namespace hameau::sites {

struct HashOfHash {
    std::size_t operator()(const Hash& hash) const {
        std::size_t value = 0;
        std::copy_n(hash.data(), sizeof value, reinterpret_cast<unsigned char*>(&value));
        return value;
    }
};
using HashSet = std::unordered_set<Hash, HashOfHash>;
/// Files that a site has already, by the hash of their identity. Only the variants of each count.
using KnownFiles = std::unordered_map<Hash, DeployEntry, HashOfHash>;

} // namespace hameau::sites
