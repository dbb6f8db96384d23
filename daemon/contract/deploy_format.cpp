// The file, in little-endian order, every part aligned to 8:
//
//   FileHead | EntryRow * n, sorted by path | VariantRow * v | RedirectRow * r | HeaderRow * h | strings
//
// Rows refer to texts by offset and size in `strings`, entries to a run of variants. The check sum in the file header finds
// a torn or worn file; it is no defence against an author, the checks of check() are.
#include "daemon/contract/deploy_format.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/limits.hpp"

namespace hameau::sites {

static_assert(std::endian::native == std::endian::little, "the manifest is written in the machine's order");

namespace {

constexpr std::array<char, 8> magic = {'H', 'A', 'M', 'E', 'A', 'U', 'D', 'M'};

struct FileHead {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t head_size;
    std::uint64_t file_size;
    std::uint64_t check_sum;  ///< FNV-1a (64 bits) of everything behind the file header
    std::uint32_t entries;
    std::uint32_t variants;
    std::uint32_t redirects;
    std::uint32_t headers;
    std::uint32_t strings_size;
    std::uint32_t reserved;
};
struct EntryRow {
    std::uint32_t path;
    std::uint32_t type;
    std::uint16_t path_size;
    std::uint16_t type_size;
    std::uint32_t first_variant;
    std::int64_t mtime_ms;
    std::int64_t retired_ms;
    std::uint32_t mask;  ///< bit n: encoding n is there; bit 0 always
    std::uint32_t reserved;
};
struct VariantRow {
    std::uint64_t size_bytes;
    Hash hash;
};
struct RedirectRow {
    std::uint32_t pattern;
    std::uint32_t target;
    std::uint16_t pattern_size;
    std::uint16_t target_size;
    std::uint16_t status;
    std::uint16_t force;
};
struct HeaderRow {
    std::uint32_t pattern;
    std::uint32_t name;
    std::uint32_t value;
    std::uint16_t pattern_size;
    std::uint16_t name_size;
    std::uint16_t value_size;
    std::array<std::uint16_t, 3> reserved;
};
static_assert(sizeof(FileHead) == 56 && sizeof(EntryRow) == 40 && sizeof(VariantRow) == 40 &&
              sizeof(RedirectRow) == 16 && sizeof(HeaderRow) == 24);

std::uint64_t fnv1a(std::string_view bytes) {
    std::uint64_t sum = 0xcbf29ce484222325u;
    for (const char c : bytes) {
        sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    return sum;
}

template <class Row>
Row row_at(const char* table, std::size_t index) {
    Row row;
    std::memcpy(&row, table + index * sizeof(Row), sizeof(Row));
    return row;
}

bool is_type(std::string_view type) {
    return !type.empty() && type.size() <= media_type_bytes_max &&
           std::all_of(type.begin(), type.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// Texts of the file, each kept once.
class Strings {
public:
    std::uint32_t add(const std::string& text) {
        const auto [at, fresh] = known_.emplace(text, static_cast<std::uint32_t>(bytes_.size()));
        if (fresh) {
            bytes_ += text;
        }
        return at->second;
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
    std::map<std::string, std::uint32_t> known_;
};

template <class Row>
void append(std::string& out, const Row& row) {
    out.append(reinterpret_cast<const char*>(&row), sizeof row);
}

tl::unexpected<Error> corrupt(std::string_view what) {
    return fail(ErrorKind::corrupt, "the manifest of the site is damaged (" + std::string(what) + ")");
}

std::uint16_t small(std::size_t size) { return static_cast<std::uint16_t>(size); }

} // namespace

std::string_view name_of(Encoding encoding) {
    constexpr std::array<std::string_view, encodings_count> names = {"identity", "br", "gzip", "zstd"};
    return names[static_cast<std::size_t>(encoding)];
}

std::string to_hex(const Hash& hash) { return hameau::to_hex(std::span<const unsigned char>(hash)); }

std::optional<Hash> hash_from_hex(std::string_view hex) {
    constexpr std::string_view digits = "0123456789abcdef";
    Hash hash{};
    if (hex.size() != 2 * hash.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < hex.size(); ++i) {
        const std::size_t value = digits.find(hex[i]);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        hash[i / 2] = static_cast<unsigned char>(hash[i / 2] << 4 | value);
    }
    return hash;
}

std::string blob_path(const Hash& hash) {
    const std::string hex = to_hex(hash);
    return "blobs/" + hex.substr(0, 2) + "/" + hex;
}

std::array<char, 24> etag_of(const Hash& hash) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<char, 24> etag{};
    etag.front() = etag.back() = '"';
    // 22 digits of 6 bits: the first 132 bits of the hash.
    for (std::size_t i = 0; i < 22; ++i) {
        const std::size_t bit = i * 6;
        const unsigned pair = static_cast<unsigned>(hash[bit / 8]) << 8 | hash[bit / 8 + 1];
        etag[i + 1] = digits[pair >> (10 - bit % 8) & 63];
    }
    return etag;
}

Result<std::string> DeployWriter::finish() {
    if (entries_.size() > entries_max || redirects_.size() > rules_max || headers_.size() > rules_max) {
        return fail(ErrorKind::too_large, "a version of a site holds at most " + std::to_string(entries_max) +
                                              " files and " + std::to_string(rules_max) + " rules of a kind");
    }
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    Strings strings;
    std::string entries;
    std::string variants;
    std::uint32_t variants_count = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const DeployEntry& entry = entries_[i];
        if (!is_entry_path(entry.path) || !is_type(entry.type) || !entry.variants[0] ||
            (i > 0 && entries_[i - 1].path == entry.path)) {
            return fail(ErrorKind::invalid, "a file of the site has a bad or double name: " + entry.path);
        }
        EntryRow row{};
        row.path = strings.add(entry.path);
        row.path_size = small(entry.path.size());
        row.type = strings.add(entry.type);
        row.type_size = small(entry.type.size());
        row.first_variant = variants_count;
        row.mtime_ms = entry.mtime_ms;
        row.retired_ms = entry.retired_ms;
        for (std::size_t n = 0; n < encodings_count; ++n) {
            if (entry.variants[n]) {
                row.mask |= 1u << n;
                append(variants, VariantRow{entry.variants[n]->size_bytes, entry.variants[n]->hash});
                ++variants_count;
            }
        }
        append(entries, row);
    }
    std::string redirects;
    for (const RedirectRule& rule : redirects_) {
        if (!is_redirect(rule.pattern, rule.target, rule.status)) {
            return fail(ErrorKind::invalid, "a redirect of the site is malformed: " + rule.pattern);
        }
        append(redirects, RedirectRow{strings.add(rule.pattern), strings.add(rule.target), small(rule.pattern.size()),
                                      small(rule.target.size()), static_cast<std::uint16_t>(rule.status),
                                      static_cast<std::uint16_t>(rule.force ? 1 : 0)});
    }
    std::string headers;
    for (const HeaderRule& rule : headers_) {
        if (!is_pattern(rule.pattern) || !is_header(rule.name, rule.value)) {
            return fail(ErrorKind::invalid, "a header of the site is malformed: " + rule.name);
        }
        append(headers, HeaderRow{strings.add(rule.pattern), strings.add(rule.name), strings.add(rule.value),
                                  small(rule.pattern.size()), small(rule.name.size()), small(rule.value.size()), {}});
    }
    const std::string body = entries + variants + redirects + headers + strings.bytes();
    FileHead head{};
    head.magic = magic;
    head.version = deploy_version;
    head.head_size = sizeof head;
    head.file_size = sizeof head + body.size();
    head.check_sum = fnv1a(body);
    head.entries = static_cast<std::uint32_t>(entries_.size());
    head.variants = variants_count;
    head.redirects = static_cast<std::uint32_t>(redirects_.size());
    head.headers = static_cast<std::uint32_t>(headers_.size());
    head.strings_size = static_cast<std::uint32_t>(strings.bytes().size());
    if (head.file_size > manifest_bytes_max) {
        return fail(ErrorKind::too_large, "the names of the site's files are too long altogether");
    }
    std::string file;
    append(file, head);
    return file += body;
}

Result<DeployReader> DeployReader::open(int fd) {
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) {
        return fail_errno("the manifest of the site");
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size < static_cast<off_t>(sizeof(FileHead))) {
        return corrupt("too short");
    }
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (size > manifest_bytes_max) {
        return fail(ErrorKind::too_large, "the manifest of the site is too large");
    }
    auto own = std::make_unique<char[]>(size);
    for (std::size_t at = 0; at < size;) {
        const ssize_t n = ::pread(fd, own.get() + at, size - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? corrupt("cut") : fail_errno("reading the manifest of the site");
        }
        at += static_cast<std::size_t>(n);
    }
    DeployReader reader;
    reader.bytes_ = std::string_view(own.get(), size);
    reader.own_ = std::move(own);
    if (auto checked = reader.check(); !checked) {
        return fail(std::move(checked.error()));
    }
    return reader;
}

Result<DeployReader> DeployReader::over(std::string_view bytes) {
    DeployReader reader;
    reader.bytes_ = bytes;
    if (auto checked = reader.check(); !checked) {
        return fail(std::move(checked.error()));
    }
    return reader;
}

Status DeployReader::check() {
    if (auto placed = place_tables(); !placed) {
        return placed;
    }
    return check_rows();
}

/// The file header, its sizes and its check sum; then where each table begins.
Status DeployReader::place_tables() {
    if (bytes_.size() < sizeof(FileHead)) {
        return corrupt("too short");
    }
    const auto head = row_at<FileHead>(bytes_.data(), 0);
    if (head.magic != magic) {
        return corrupt("not a manifest");
    }
    if (head.version != deploy_version || head.head_size != sizeof(FileHead)) {
        return fail(ErrorKind::conflict, "the manifest of the site is of another version of Hameau");
    }
    if (head.entries > entries_max || head.variants > entries_max * encodings_count || head.redirects > rules_max ||
        head.headers > rules_max) {
        return corrupt("counts");
    }
    // Counts are small now: no sum below can overflow 64 bits.
    const std::uint64_t entries = sizeof(FileHead);
    const std::uint64_t variants = entries + std::uint64_t{head.entries} * sizeof(EntryRow);
    const std::uint64_t redirects = variants + std::uint64_t{head.variants} * sizeof(VariantRow);
    const std::uint64_t headers = redirects + std::uint64_t{head.redirects} * sizeof(RedirectRow);
    const std::uint64_t strings = headers + std::uint64_t{head.headers} * sizeof(HeaderRow);
    if (head.file_size != bytes_.size() || strings + head.strings_size != bytes_.size()) {
        return corrupt("size");
    }
    if (fnv1a(bytes_.substr(sizeof(FileHead))) != head.check_sum) {
        return corrupt("check sum");
    }
    const char* base = bytes_.data();
    entries_ = base + entries;
    variants_ = base + variants;
    redirects_ = base + redirects;
    headers_ = base + headers;
    strings_ = base + strings;
    entries_count_ = head.entries;
    variants_count_ = head.variants;
    redirects_count_ = head.redirects;
    headers_count_ = head.headers;
    strings_size_ = head.strings_size;
    return {};
}

/// Every row, so that no later reading can leave the file or return what the writer could not have written.
Status DeployReader::check_rows() {
    const auto inside = [this](std::uint64_t offset, std::uint64_t size) { return offset + size <= strings_size_; };
    std::string_view before;
    for (std::size_t i = 0; i < entries_count_; ++i) {
        const auto row = row_at<EntryRow>(entries_, i);
        const auto count = static_cast<std::uint64_t>(std::popcount(row.mask));
        if (!inside(row.path, row.path_size) || !inside(row.type, row.type_size) || (row.mask & 1u) == 0 ||
            row.mask >= 1u << encodings_count || std::uint64_t{row.first_variant} + count > variants_count_) {
            return corrupt("an entry");
        }
        const std::string_view path = text(row.path, row.path_size);
        if (!is_entry_path(path) || !is_type(text(row.type, row.type_size)) || (i > 0 && before >= path)) {
            return corrupt("a name");
        }
        before = path;
    }
    for (std::size_t i = 0; i < variants_count_; ++i) {
        if (row_at<VariantRow>(variants_, i).size_bytes > std::uint64_t{1} << 62) {
            return corrupt("a size");
        }
    }
    for (std::size_t i = 0; i < redirects_count_; ++i) {
        const auto row = row_at<RedirectRow>(redirects_, i);
        if (!inside(row.pattern, row.pattern_size) || !inside(row.target, row.target_size) || row.force > 1 ||
            !is_redirect(text(row.pattern, row.pattern_size), text(row.target, row.target_size), row.status)) {
            return corrupt("a redirect");
        }
        forced_ = forced_ || row.force == 1;
    }
    for (std::size_t i = 0; i < headers_count_; ++i) {
        const auto row = row_at<HeaderRow>(headers_, i);
        if (!inside(row.pattern, row.pattern_size) || !inside(row.name, row.name_size) ||
            !inside(row.value, row.value_size) || !is_pattern(text(row.pattern, row.pattern_size)) ||
            !is_header(text(row.name, row.name_size), text(row.value, row.value_size))) {
            return corrupt("a header");
        }
    }
    return {};
}

std::string_view DeployReader::path_at(std::size_t index) const {
    const auto row = row_at<EntryRow>(entries_, index);
    return text(row.path, row.path_size);
}

EntryView DeployReader::entry(std::size_t index) const {
    const auto row = row_at<EntryRow>(entries_, index);
    EntryView view;
    view.path = text(row.path, row.path_size);
    view.type = text(row.type, row.type_size);
    view.mtime_ms = row.mtime_ms;
    view.retired_ms = row.retired_ms;
    std::size_t variant = row.first_variant;
    for (std::size_t n = 0; n < encodings_count; ++n) {
        if ((row.mask >> n & 1u) != 0) {
            const auto stored = row_at<VariantRow>(variants_, variant++);
            view.variants[n] = Variant{stored.hash, stored.size_bytes};
        }
    }
    return view;
}

std::optional<EntryView> DeployReader::find(std::string_view path) const {
    std::size_t low = 0;
    std::size_t high = entries_count_;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const int order = path_at(middle).compare(path);
        if (order == 0) {
            return entry(middle);
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return std::nullopt;
}

std::optional<EntryView> DeployReader::not_found_page(std::string_view path) const {
    // A path of any length costs few look-ups: nothing below the deepest folder of a site can be there.
    path = path.substr(0, path_bytes_max);
    for (std::size_t steps = 0; steps <= path_bytes_max; ++steps) {
        const std::size_t slash = path.rfind('/');
        path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
        const std::string candidate = path.empty() ? "404.html" : std::string(path) + "/404.html";
        if (auto found = find(candidate)) {
            return found;
        }
        if (path.empty()) {
            break;
        }
    }
    return std::nullopt;
}

RedirectView DeployReader::redirect_at(std::size_t index) const {
    const auto row = row_at<RedirectRow>(redirects_, index);
    return RedirectView{text(row.pattern, row.pattern_size), text(row.target, row.target_size), row.status,
                        row.force == 1};
}

HeaderView DeployReader::header_at(std::size_t index) const {
    const auto row = row_at<HeaderRow>(headers_, index);
    return HeaderView{text(row.pattern, row.pattern_size), text(row.name, row.name_size),
                      text(row.value, row.value_size)};
}

std::optional<RedirectMatch> DeployReader::redirect(std::string_view path) const {
    Captures captures;
    for (std::size_t i = 0; i < redirects_count_; ++i) {
        const RedirectView rule = redirect_at(i);
        captures.clear();
        if (rule_matches(rule.pattern, path, &captures)) {
            return RedirectMatch{rule.status, rule.force, expand_target(rule.target, captures)};
        }
    }
    return std::nullopt;
}

std::vector<std::pair<std::string_view, std::string_view>> DeployReader::headers_for(std::string_view path) const {
    std::vector<std::pair<std::string_view, std::string_view>> found;
    for (std::size_t i = 0; i < headers_count_; ++i) {
        const HeaderView rule = header_at(i);
        if (!rule_matches(rule.pattern, path, nullptr)) {
            continue;
        }
        const auto same = std::find_if(found.begin(), found.end(), [&rule](const auto& header) {
            return header.first.size() == rule.name.size() && ascii_lower(header.first) == ascii_lower(rule.name);
        });
        if (same != found.end()) {
            same->second = rule.value;
        } else {
            found.emplace_back(rule.name, rule.value);
        }
    }
    return found;
}

} // namespace hameau::sites
