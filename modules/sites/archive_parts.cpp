// The sites of one association as parts (daemon/contract/parts.hpp), for people, who puts an association's archive together:
//   sites/sites.json          {"version":1,"sites":[{"host","created","live","versions":[{"number","created","by","files"}]}]}
//   sites/HOST/NUMBER/...     each kept version as it was uploaded, with its rules as _redirects and _headers
// Versions that are kept when it begins are kept until it has ended, also when newer ones take their place meanwhile.
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/sites/limits.hpp"
#include "modules/sites/sites_module.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

constexpr Event part_gap{"sites.export_gap", Level::warning, "a file and a folder have one name; the file was left out"};

struct Version {
    std::string host;
    Deploy deploy;
};

json::object version_document(const Deploy& deploy) {
    json::object out;
    out["number"] = deploy.number;
    out["created"] = format_utc(deploy.created_ms);
    out["by"] = deploy.by;
    out["files"] = deploy.files;
    return out;
}

/// Each folder that a file of the version lies in.
std::set<std::string, std::less<>> folders_of(const DeployReader& manifest) {
    std::set<std::string, std::less<>> folders;
    for (std::size_t i = 0; i < manifest.entries_count(); ++i) {
        const std::string_view path = manifest.entry(i).path;
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
            folders.emplace(path.substr(0, slash));
        }
    }
    return folders;
}

} // namespace

/// Where the stream stands. Used on the worker thread, one piece after the other.
class Sites::PartStream {
public:
    PartStream(Blobs& blobs, Journal& journal, std::vector<Version> versions, std::string begin) :
        blobs_(blobs), journal_(journal), versions_(std::move(versions)), out_(std::move(begin)) {}

    /// Empty at the end.
    Result<std::string> next() {
        while (out_.size() < archive_piece_bytes && !ended_) {
            if (auto done = step(); !done) {
                return fail(std::move(done.error()));
            }
        }
        return std::exchange(out_, std::string());
    }

private:
    Status step() {
        if (left_ > 0) {
            return read_on();
        }
        if (!manifest_) {
            if (version_ == versions_.size()) {
                out_ += parts_end;
                ended_ = true;
                return {};
            }
            return open_version();
        }
        if (entry_ == manifest_->entries_count()) {
            const Version& version = versions_[version_++];
            for (const auto& [name, text] : rule_files(*manifest_)) {
                out_ += whole_part(path_of(version, name), text, version.deploy.created_ms / 1000);
            }
            manifest_.reset();
            return {};
        }
        return open_file(manifest_->entry(entry_++));
    }

    static std::string path_of(const Version& version, std::string_view name) {
        return "sites/" + version.host + "/" + std::to_string(version.deploy.number) + "/" + std::string(name);
    }

    Status open_version() {
        auto manifest = blobs_.open_manifest(versions_[version_].deploy.id);
        if (!manifest) {
            return fail(std::move(manifest.error()));
        }
        manifest_.emplace(std::move(*manifest));
        folders_ = folders_of(*manifest_);
        entry_ = 0;
        return {};
    }

    Status open_file(const EntryView& entry) {
        Part part;
        part.path = path_of(versions_[version_], entry.path);
        if (entry.retired_ms != 0) {
            return {};
        }
        if (folders_.contains(entry.path) || !is_part_path(part.path)) {
            journal_.write(part_gap, {{"host", versions_[version_].host}});
            return {};
        }
        const std::string blob = blobs_.folder() + "/" + blob_path(entry.identity().hash);
        file_.reset(::open(blob.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        struct stat facts {};
        if (!file_ || ::fstat(file_.get(), &facts) != 0) {
            return fail_errno(blob);
        }
        part.size_bytes = left_ = entry.identity().size_bytes;
        part.mtime_s = entry.mtime_ms / 1000;
        if (static_cast<std::uint64_t>(facts.st_size) != left_) {
            return fail(ErrorKind::corrupt, blob + " is damaged");
        }
        out_ += part_header(part);
        return {};
    }

    Status read_on() {
        const std::size_t before = out_.size();
        out_.resize(before + std::min<std::uint64_t>(left_, archive_piece_bytes));
        const ssize_t n = ::read(file_.get(), out_.data() + before, out_.size() - before);
        out_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (n <= 0) {
            return fail(ErrorKind::io, "a file of a site could not be read to its end");
        }
        left_ -= static_cast<std::uint64_t>(n);
        return {};
    }

    Blobs& blobs_;
    Journal& journal_;
    std::vector<Version> versions_;
    std::size_t version_ = 0;
    std::optional<DeployReader> manifest_;
    std::set<std::string, std::less<>> folders_;
    std::size_t entry_ = 0;
    Fd file_;
    std::uint64_t left_ = 0;
    std::string out_;
    bool ended_ = false;
};

Task<Result<std::string>> Sites::next_part(std::shared_ptr<PartStream> stream) {
    Result<std::string> piece = std::string();
    std::function<void()> work = [&piece, stream] { piece = stream->next(); };
    co_await context_->run_slow(std::move(work));
    co_return piece;
}

Task<Response> Sites::internal_holdings(Request& request) {
    if (request.who.caller != Caller::module || request.who.module != "people") {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    const auto versions = store_->kept_ids(slug);
    json::object out;
    out["sites"] = store_->count_sites(slug);
    out["versions"] = versions ? versions->size() : 0;
    co_return json_response(200, out);
}

Task<Response> Sites::internal_archive(Request& request) {
    if (request.who.caller != Caller::module || request.who.module != "people") {
        co_return say(request, 403, "forbidden");
    }
    const std::string slug = request.query_parameter("association").value_or("");
    std::vector<Version> versions;
    json::array list;
    for (const Site& site : store_->sites(slug, "", archive_sites_max)) {
        json::object item;
        item["host"] = site.host;
        item["created"] = format_utc(site.created_ms);
        item["live"] = site.live;
        json::array numbers;
        auto deploys = store_->deploys(site.id, 0, versions_max);
        std::reverse(deploys.begin(), deploys.end());
        for (Deploy& deploy : deploys) {
            numbers.push_back(version_document(deploy));
            versions.push_back(Version{site.host, std::move(deploy)});
        }
        item["versions"] = std::move(numbers);
        list.push_back(std::move(item));
    }
    json::object index;
    index["version"] = 1;
    index["sites"] = std::move(list);
    std::vector<std::string> ids;
    for (const Version& version : versions) {
        ids.push_back(version.deploy.id);
    }
    const auto held = exported_.insert(exported_.end(), std::move(ids));
    std::string begin = whole_part("sites/sites.json", json::serialize(index), now_ms() / 1000);
    // The versions are let go with the last copy of the stream.
    const std::shared_ptr<PartStream> stream(new PartStream(*blobs_, context_->journal(), std::move(versions), std::move(begin)),
                                             [this, held](PartStream* ended) {
                                                 delete ended;
                                                 exported_.erase(held);
                                             });
    Response response;
    response.body = BodySource([this, stream] { return next_part(stream); });
    co_return response;
}

} // namespace hameau::sites
