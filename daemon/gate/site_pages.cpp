// A request on a site's host: looked up in the manifest of its live deploy, answered with a blob by its hash.
// The order of steps is that of daemon/contract/deploy_format.hpp.
#include "daemon/contract/path.hpp"
#include "daemon/gate/gate.hpp"
#include "daemon/gate/site_pages.hpp"
#include "daemon/gate/static_file.hpp"

namespace hameau::gate {

namespace {

constexpr Event manifest_failed{"gate.manifest_failed", Level::error, "publish the site again"};

class BlobFacts final : public FileFacts {
public:
    BlobFacts(int folder, const sites::EntryView& entry) : folder_(folder), entry_(entry) {}
    std::string etag(std::size_t encoding) const override {
        const auto tag = sites::etag_of(entry_.variants[encoding]->hash);
        return {tag.data(), tag.size()};
    }
    std::string path(std::size_t encoding) const override { return sites::blob_path(entry_.variants[encoding]->hash); }
    int folder() const override { return folder_; }

private:
    int folder_;
    const sites::EntryView& entry_;
};

/// A name that begins with a dot is nobody's page, but for /.well-known/ (RFC 8615).
bool is_hidden(std::string_view path) {
    constexpr std::string_view well_known = ".well-known/";
    if (path.starts_with(well_known)) {
        path.remove_prefix(well_known.size());
    }
    return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

std::string own_fields(const sites::DeployReader& manifest, std::string_view path) {
    std::string out;
    for (const auto& [name, value] : manifest.headers_for(path)) {
        if (sites::is_site_header(name)) {
            out.append(name).append(": ").append(value).append("\r\n");
        }
    }
    if (sites::looks_hashed(path) && !has_line(out, "cache-control")) {
        out += "Cache-Control: public, max-age=31536000, immutable\r\n";
    }
    return out;
}

void send_entry(Visit& visit, const sites::DeployReader& manifest, std::string_view path, sites::EntryView entry,
                        int status) {
    const BlobFacts facts(visit.gate.sites().folder(), entry);
    StaticFile file{facts, status, entry.type, entry.mtime_ms, {}, {}};
    for (std::size_t i = 0; i < file.sizes.size(); ++i) {
        if (entry.variants[i]) {
            file.sizes[i] = entry.variants[i]->size_bytes;
        }
    }
    file.fields = own_fields(manifest, path);
    return send_static(visit, std::move(file));
}

std::optional<sites::EntryView> find_page(const sites::DeployReader& manifest, std::string_view path) {
    if (path.empty() || path.ends_with('/')) {
        return manifest.find(std::string(path) + "index.html");
    }
    return manifest.find(path);
}

/// "/page" shows page.html: such an address outlives the program that made the pages.
std::optional<sites::EntryView> find_clean(const sites::DeployReader& manifest, std::string_view path) {
    const bool folder = path.empty() || path.ends_with('/');
    return folder ? std::nullopt : manifest.find(std::string(path) + ".html");
}

void send_moved(Visit& visit, const sites::DeployReader& manifest, std::string_view path, int status, std::string location) {
    if (visit.head.has_query && location.find('?') == std::string::npos) {
        location.append("?").append(visit.head.query);
    }
    Answer answer;
    answer.status = status;
    answer.headers = own_fields(manifest, path) + "Location: " + location + "\r\n";
    return send_answer(visit, std::move(answer));
}

void send_not_found(Visit& visit, const sites::DeployReader& manifest, std::string_view path) {
    const auto page = manifest.not_found_page(path);
    if (!page) {
        return send_problem(visit, 404, "not_found");
    }
    return send_entry(visit, manifest, path, *page, 404);
}

void apply_redirect(Visit& visit, const sites::DeployReader& manifest, std::string_view path, sites::RedirectMatch match) {
    if (match.status >= 300 && match.status < 400) {
        return send_moved(visit, manifest, path, match.status, std::move(match.target));
    }
    std::string_view raw = match.target;
    raw = raw.substr(0, raw.find_first_of("?#"));
    const auto decoded = percent_decode(raw, false);
    const std::string_view target = decoded && decoded->starts_with('/') ? std::string_view(*decoded).substr(1) : std::string_view();
    const bool shown = decoded && !is_hidden(target);
    auto page = shown ? find_page(manifest, target) : std::nullopt;
    if (shown && !page) {
        page = find_clean(manifest, target);
    }
    if (!page) {
        return send_not_found(visit, manifest, path);
    }
    return send_entry(visit, manifest, path, *page, match.status);
}

void serve_path(Visit& visit, const sites::DeployReader& manifest, std::string_view path) {
    if (manifest.has_forced_redirects()) {
        if (auto match = manifest.redirect(path); match && match->force) {
            return apply_redirect(visit, manifest, path, std::move(*match));
        }
    }
    if (is_hidden(path)) {
        return send_not_found(visit, manifest, path);
    }
    if (const auto entry = find_page(manifest, path)) {
        return send_entry(visit, manifest, path, *entry, 200);
    }
    // The path stands in the manifest as a folder, so it has no empty segment: the redirect cannot lead to another host.
    if (!path.empty() && !path.ends_with('/') && manifest.find(std::string(path) + "/index.html")) {
        std::string location = "/" + sites::percent_encode_path(path) + "/";
        return send_moved(visit, manifest, path, 308, std::move(location));
    }
    if (const auto entry = find_clean(manifest, path)) {
        return send_entry(visit, manifest, path, *entry, 200);
    }
    if (auto match = manifest.redirect(path)) {
        return apply_redirect(visit, manifest, path, std::move(*match));
    }
    return send_not_found(visit, manifest, path);
}

} // namespace

void serve_site(Visit& visit, const sites::HostLine& line) {
    if (visit.head.method != "GET" && visit.head.method != "HEAD") {
        return send_problem(visit, 405, "method");
    }
    if (line.manifest.empty()) {
        return send_problem(visit, 404, "not_published");
    }
    const auto decoded = percent_decode(visit.head.path, false);
    const auto path = decoded && decoded->find('\0') == std::string::npos ? sites::to_nfc(*decoded) : std::nullopt;
    if (!path || !path->starts_with('/')) {
        return send_problem(visit, 400, "bad_request");
    }
    const auto manifest = visit.gate.sites().manifest(line.manifest);
    if (!manifest) {
        visit.gate.journal().write(manifest_failed, {{"error", manifest.error().message}});
        return send_problem(visit, 500, "unavailable");
    }
    // Held while it is looked at: reading a file may make another manifest push this one out.
    const SiteStore::Manifest held = *manifest;
    return serve_path(visit, *held, std::string_view(*path).substr(1));
}

} // namespace hameau::gate
