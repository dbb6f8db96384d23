// The files of the portal and the editor: read at the start from the folder `web`; chosen by path and encoding.
#include "daemon/gate/web_files.hpp"

#include <fcntl.h>
#include <filesystem>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "daemon/base/io.hpp"

namespace hameau::gate {

namespace {

constexpr std::array<std::string_view, 4> suffixes = {"", ".br", ".gz", ".zst"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> types = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
}};

std::string_view type_of(std::string_view path) {
    for (const auto& [suffix, type] : types) {
        if (path.ends_with(suffix)) {
            return type;
        }
    }
    return "application/octet-stream";
}

/// The first 16 bytes of SHA-256 as an entity tag; empty when the file cannot be read.
std::string hash_file(int file) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    std::array<char, 16384> piece{};
    bool good = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;
    ssize_t n = 1;
    while (good && n > 0) {
        n = ::read(file, piece.data(), piece.size());
        good = n >= 0 && EVP_DigestUpdate(context, piece.data(), static_cast<std::size_t>(n > 0 ? n : 0)) == 1;
    }
    good = good && EVP_DigestFinal_ex(context, hash.data(), nullptr) == 1;
    EVP_MD_CTX_free(context);
    return good ? "\"" + to_hex(std::span(hash).first(16)) + "\"" : std::string();
}

class WebFacts final : public FileFacts {
public:
    WebFacts(const WebFiles& files, const WebFiles::Entry& entry) : files_(files), entry_(entry) {}
    std::string etag(std::size_t encoding) const override { return entry_.etags[encoding]; }
    std::string path(std::size_t encoding) const override { return entry_.path + std::string(suffixes[encoding]); }
    int folder() const override { return files_.folder(); }

private:
    const WebFiles& files_;
    const WebFiles::Entry& entry_;
};

} // namespace

WebFiles WebFiles::open(const std::string& folder) {
    WebFiles files;
    files.folder_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::error_code failed;
    for (auto at = std::filesystem::recursive_directory_iterator(folder, failed);
         !failed && at != std::filesystem::recursive_directory_iterator(); at.increment(failed)) {
        const std::string path = at->path().lexically_relative(folder).generic_string();
        std::string_view plain = path;
        std::size_t encoding = 0;
        for (std::size_t i = 1; i < suffixes.size(); ++i) {
            if (path.ends_with(suffixes[i])) {
                encoding = i;
                plain = std::string_view(path).substr(0, path.size() - suffixes[i].size());
            }
        }
        const Fd file(::openat(files.folder_.get(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        struct stat facts {};
        const bool hidden = path.starts_with('.') || path.find("/.") != std::string::npos;
        if (hidden || !file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
            continue;
        }
        Entry& entry = files.entries_["/" + std::string(plain)];
        entry.path = plain;
        entry.sizes[encoding] = static_cast<std::uint64_t>(facts.st_size);
        entry.etags[encoding] = hash_file(file.get());
        if (encoding == 0) {
            entry.type = type_of(plain);
            entry.mtime_ms = static_cast<std::int64_t>(facts.st_mtime) * 1000;
            entry.hashed = plain.starts_with("assets/");
        }
    }
    std::erase_if(files.entries_, [](const auto& item) { return !item.second.sizes[0]; });
    return files;
}

const WebFiles::Entry* WebFiles::find(std::string_view path) const {
    auto found = entries_.find(path);
    if (found != entries_.end()) {
        return &found->second;
    }
    const std::string_view last = path.substr(path.rfind('/') + 1);
    if (last.find('.') != std::string_view::npos) {
        return nullptr;
    }
    constexpr std::string_view pads = "/pads/";
    const bool editor = path.starts_with(pads) && path.size() > pads.size();
    found = entries_.find(editor ? "/pad.html" : "/index.html");
    found = found == entries_.end() ? entries_.find("/index.html") : found;
    return found == entries_.end() ? nullptr : &found->second;
}

void send_web_file(Visit& visit, const WebFiles& files, std::string_view path) {
    const WebFiles::Entry* entry = files.find(path);
    if (entry == nullptr) {
        const std::string_view code = files.empty() ? "no_pages" : "not_found";
        const int status = files.empty() ? 503 : 404;
        return send_problem(visit, status, code);
    }
    const WebFacts facts(files, *entry);
    StaticFile file{facts, 200, entry->type, entry->mtime_ms, entry->sizes, {}};
    file.fields = entry->hashed ? "Cache-Control: public, max-age=31536000, immutable\r\n" : "Cache-Control: no-cache\r\n";
    return send_static(visit, std::move(file));
}

} // namespace hameau::gate
