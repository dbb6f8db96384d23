// The files of the sites module: staging, blobs, manifests, hosts.map. Slow, blocking, crash-safe: runs on the worker
// thread. Never uses a name out of an upload; never believes a hash that it has not computed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/hosts_map.hpp"
#include "daemon/contract/hash_set.hpp"
#include "modules/sites/report.hpp"

namespace hameau::sites {

class Blobs {
public:
    explicit Blobs(std::string folder) : folder_(std::move(folder)) {}

    /// Makes blobs/, deploys/, staging/; empties staging. True when something lay there (a crash while publishing).
    Result<bool> prepare();
    /// An empty folder for one upload.
    Result<Fd> open_staging(const std::string& id);
    void drop_staging(const std::string& id);
    Result<Fd> open_blobs();

    /// Takes a checked report and its staged files over: verifies each file's hash, moves it among the blobs, adds the
    /// hashed assets of the version before, writes deploys/ID.manifest; durable when it returns. Errors: io, corrupt
    /// when a staged file is not what the report says; nothing is shown before the database and hosts.map say so.
    /// `kept`: versions of the same site whose files the report may name without having staged them (empty: none).
    Status place(const std::string& id, const Report& report, const std::string& id_before, std::int64_t now_ms, const std::vector<std::string>& kept = {});
    /// Files of these versions by the hash of their identity, those of the first version first, at most as many as an upload may
    /// have. A version that cannot be read has none.
    KnownFiles known_files(const std::vector<std::string>& ids);
    /// Writes them into the staging folder, for hameau-unpack. Errors: io.
    Status lay_known(const std::string& id, const std::vector<std::string>& ids);
    /// A file made here rather than uploaded (export of the rules). Not kept by any manifest.
    Result<Variant> keep_text(std::string_view text);

    /// The manifest of a kept version.
    Result<DeployReader> open_manifest(const std::string& id);
    /// Deletes manifests that are not kept and blobs that no kept manifest names. `on_their_way`: versions that may have
    /// been placed and are not in the database yet. The bytes that were freed.
    Result<std::uint64_t> sweep(const std::vector<std::string>& kept_ids, const std::vector<std::string>& on_their_way);
    /// What these versions take together: each file once, however many of them have it, and their manifests. One that
    /// cannot be read counts nothing.
    std::uint64_t count_bytes(const std::vector<std::string>& ids);
    /// What keeping this report would add to that: files that none of these versions has, and its manifest.
    std::uint64_t count_growth(const std::vector<std::string>& ids, const Report& report);
    /// Replaces hosts.map when it differs. True when it did.
    Result<bool> write_hosts(const HostsMap& hosts);

    const std::string& folder() const { return folder_; }

private:
    Status take_blob(int staging, const Variant& variant, const HashSet& kept);
    /// Each form of each file of these versions.
    HashSet hashes_of(const std::vector<std::string>& ids);

    std::string folder_;
};

} // namespace hameau::sites
