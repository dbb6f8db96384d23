// The deploy manifest: everything that the gate needs to answer for one version of a site, in one immutable file.
// Written once by the sites module, mapped read-only by the gate. A request never becomes a file path: it is looked up
// here and answered with a blob by its hash. Never trusts the file: it is checked completely once, when opened.
//
// How the gate answers GET /a%20b (steps marked * only where has_forced_redirects()):
//   path = decoded, to_nfc(), without the leading slash; 400 when to_nfc() has none
//   *redirect(path) with force -> as below            entry = find(path) -> 200 with a variant's blob
//   path empty or ending in "/": find(path + "index.html");  else find(path + "/index.html") -> 308 to path + "/";
//   else find(path + ".html") -> 200
//   redirect(path): 3xx -> Location (add "?query" where it has none); 200, 404, 410 -> that page with that status
//   not_found_page(path) -> 404 with that page's variants; else the gate's own 404
//   headers_for(path) on all of them; a name that stands there replaces the gate's own header of that name
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/contract/limits.hpp"
#include "daemon/contract/site_names.hpp"
#include "daemon/contract/site_rules.hpp"

namespace hameau::sites {

inline constexpr std::uint32_t deploy_version = 1;

/// BLAKE2b with 32 bytes over the blob's bytes (of that encoding).
using Hash = std::array<unsigned char, 32>;

enum class Encoding : std::uint8_t { identity = 0, br = 1, gzip = 2, zstd = 3 };
inline constexpr std::size_t encodings_count = 4;
/// As in Content-Encoding: "identity", "br", "gzip", "zstd".
std::string_view name_of(Encoding encoding);

/// One encoding of a file.
struct Variant {
    Hash hash{};
    std::uint64_t size_bytes = 0;
};

/// "blobs/ab/abcdef..." below the sites folder.
std::string blob_path(const Hash& hash);
std::string to_hex(const Hash& hash);
std::optional<Hash> hash_from_hex(std::string_view hex);
/// A strong ETag with its quotes, 24 characters; another one for each encoding (RFC 9110 §8.8.3.3).
std::array<char, 24> etag_of(const Hash& hash);

/// A file as the writer takes it; identity is always there.
struct DeployEntry {
    std::string path;  ///< is_entry_path, NFC
    std::string type;  ///< Content-Type, ASCII
    std::int64_t mtime_ms = 0;
    std::int64_t retired_ms = 0;  ///< 0: part of this version; else since when it is only kept reachable
    std::array<std::optional<Variant>, encodings_count> variants;
};

/// A file as the reader shows it; the texts live as long as the reader.
struct EntryView {
    std::string_view path;
    std::string_view type;
    std::int64_t mtime_ms = 0;
    std::int64_t retired_ms = 0;
    std::array<std::optional<Variant>, encodings_count> variants;

    const Variant& identity() const { return *variants[0]; }
    const std::optional<Variant>& variant(Encoding encoding) const {
        return variants[static_cast<std::size_t>(encoding)];
    }
    /// More than identity: `Vary: Accept-Encoding` belongs on the response.
    bool negotiated() const { return variants[1] || variants[2] || variants[3]; }
};

struct RedirectView {
    std::string_view pattern;
    std::string_view target;
    int status = 302;
    bool force = false;
};
struct HeaderView {
    std::string_view pattern;
    std::string_view name;
    std::string_view value;
};

/// A redirect that applies: what to do is told by `status` (see above).
struct RedirectMatch {
    int status = 302;
    bool force = false;
    std::string target;  ///< percent-encoded; for 200, 404 and 410: decode it and drop the leading slash to find()
};

class DeployWriter {
public:
    void add(DeployEntry entry) { entries_.push_back(std::move(entry)); }
    void add(RedirectRule rule) { redirects_.push_back(std::move(rule)); }
    void add(HeaderRule rule) { headers_.push_back(std::move(rule)); }
    /// The bytes of the file. Errors: invalid for a bad path, type, rule, two entries of one path; too_large.
    Result<std::string> finish();

private:
    std::vector<DeployEntry> entries_;
    std::vector<RedirectRule> redirects_;
    std::vector<HeaderRule> headers_;
};

class DeployReader {
public:
    /// Reads the whole file into memory of its own and checks all of it: who may write the file afterwards changes
    /// nothing here. fd may be closed. Errors: corrupt, too_large, io, conflict for another version.
    static Result<DeployReader> open(int fd);
    /// The same over bytes that outlive the reader and are aligned to 8 (tests, fuzzing, the sites module).
    static Result<DeployReader> over(std::string_view bytes);

    DeployReader(DeployReader&&) noexcept = default;
    DeployReader& operator=(DeployReader&&) noexcept = default;

    /// Binary search; `path` decoded, NFC, without the leading slash.
    std::optional<EntryView> find(std::string_view path) const;
    /// The 404.html of the path's folder or of the nearest one above it.
    std::optional<EntryView> not_found_page(std::string_view path) const;

    std::size_t size_bytes() const { return bytes_.size(); }
    std::size_t entries_count() const { return entries_count_; }
    /// In order of path (bytes).
    EntryView entry(std::size_t index) const;

    /// The first rule that matches.
    std::optional<RedirectMatch> redirect(std::string_view path) const;
    bool has_forced_redirects() const { return forced_; }
    std::size_t redirects_count() const { return redirects_count_; }
    RedirectView redirect_at(std::size_t index) const;

    /// What the site's _headers say of this path; of two lines for one name the later stands. The texts live as long
    /// as the reader. Empty (and cheap) for the most sites.
    std::vector<std::pair<std::string_view, std::string_view>> headers_for(std::string_view path) const;
    std::size_t headers_count() const { return headers_count_; }
    HeaderView header_at(std::size_t index) const;

private:
    DeployReader() = default;
    Status check();
    Status place_tables();
    Status check_rows();
    std::string_view text(std::uint32_t offset, std::uint32_t size) const { return {strings_ + offset, size}; }
    std::string_view path_at(std::size_t index) const;

    std::unique_ptr<const char[]> own_;  ///< of open(); bytes_ lies in it
    std::string_view bytes_;
    const char* entries_ = nullptr;
    const char* variants_ = nullptr;
    const char* redirects_ = nullptr;
    const char* headers_ = nullptr;
    const char* strings_ = nullptr;
    std::size_t entries_count_ = 0;
    std::size_t variants_count_ = 0;
    std::size_t redirects_count_ = 0;
    std::size_t headers_count_ = 0;
    std::size_t strings_size_ = 0;
    bool forced_ = false;
};

} // namespace hameau::sites
