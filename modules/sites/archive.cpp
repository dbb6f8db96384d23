// Out and in again: the download of one site, and a whole association's sites as plain files:
//   sites/sites.json            {"version":1,"sites":[{"host","live","files"}]}
//   sites/HOST/...              the version that is shown, as it was uploaded (with _redirects and _headers)
#include <filesystem>
#include <fstream>

#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/sites/tar_stream.hpp"
#include "modules/support/disk_floor.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

constexpr Event export_gap{"sites.export_gap", Level::warning, "a file and a folder have one name; the file was left out"};

std::string line_of(std::string_view path, const Variant& variant, std::int64_t mtime_ms) {
    std::string line = report_field(path);
    line.append("\t").append(to_hex(variant.hash)).append("\t").append(std::to_string(variant.size_bytes));
    return line.append("\t").append(std::to_string(mtime_ms)).append("\n");
}

/// What a download in progress holds on to.
struct Packing {
    explicit Packing(boost::asio::io_context& io) : deadline(io) {}
    boost::asio::steady_timer deadline;
    std::unique_ptr<HelperChild> child;
    std::shared_ptr<void> busy;
    std::shared_ptr<void> turn;
};

Task<Result<std::string>> next_piece(std::shared_ptr<Packing> packing) {
    auto piece = co_await packing->child->read();
    if (piece && piece->empty()) {
        const int code = co_await packing->child->wait();
        if (code != 0) {
            // A cut archive must not look whole.
            co_return fail(ErrorKind::io, "the archive could not be finished");
        }
    }
    co_return piece;
}

Status write_out(const std::filesystem::path& target, const std::string& blob) {
    std::error_code failed;
    std::filesystem::create_directories(target.parent_path(), failed);
    if (!failed) {
        std::filesystem::copy_file(blob, target, failed);
    }
    if (failed) {
        return fail(ErrorKind::io, target.string() + ": " + failed.message(), failed);
    }
    return {};
}

} // namespace

std::vector<std::pair<std::string, std::string>> Sites::rule_files(const DeployReader& manifest) {
    std::vector<std::pair<std::string, std::string>> files;
    std::string redirects;
    for (std::size_t i = 0; i < manifest.redirects_count(); ++i) {
        const RedirectView rule = manifest.redirect_at(i);
        redirects.append("/").append(percent_encode_path(rule.pattern)).append(" ").append(rule.target);
        redirects.append(" ").append(std::to_string(rule.status)).append(rule.force ? "!\n" : "\n");
    }
    std::string headers;
    std::string_view pattern = "\n";
    for (std::size_t i = 0; i < manifest.headers_count(); ++i) {
        const HeaderView rule = manifest.header_at(i);
        if (rule.pattern != pattern) {
            pattern = rule.pattern;
            headers.append("/").append(percent_encode_path(pattern)).append("\n");
        }
        headers.append("  ").append(rule.name).append(": ").append(rule.value).append("\n");
    }
    if (!redirects.empty()) {
        files.emplace_back("_redirects", std::move(redirects));
    }
    if (!headers.empty()) {
        files.emplace_back("_headers", std::move(headers));
    }
    return files;
}

Result<std::string> Sites::pack_list(const DeployReader& manifest) {
    std::string list;
    for (std::size_t i = 0; i < manifest.entries_count(); ++i) {
        const EntryView entry = manifest.entry(i);
        if (entry.retired_ms == 0) {
            list += line_of(entry.path, entry.identity(), entry.mtime_ms);
        }
    }
    for (const auto& [name, text] : rule_files(manifest)) {
        const auto kept = blobs_->keep_text(text);
        if (!kept) {
            return fail(kept.error());
        }
        // Named by no manifest: the next sweep takes it away.
        if (auto noted = store_->set_pending("sweep"); !noted) {
            return fail(std::move(noted.error()));
        }
        list += line_of(name, *kept, now_ms());
    }
    return list;
}

Task<Response> Sites::download(Request& request) {
    auto found = find_site(request, Role::member);
    if (auto* refused = std::get_if<Response>(&found)) {
        co_return std::move(*refused);
    }
    const Site& site = std::get<Site>(found);
    const std::string form = request.query_parameter("format").value_or("zip");
    if (form != "zip" && form != "tar.gz") {
        co_return say(request, 400, "archive_form");
    }
    const auto live = store_->deploy(site.id, site.live);
    if (!live) {
        co_return say(request, 404, "nothing_live");
    }
    const auto manifest = blobs_->open_manifest(live->id);
    const auto folder = blobs_->open_blobs();
    const auto list = manifest ? pack_list(*manifest) : Result<std::string>(fail(manifest.error()));
    if (!list || !folder) {
        co_return say_failed(request, list ? folder.error() : list.error());
    }
    auto turn = co_await packers_->take();
    if (!turn) {
        Response response = say(request, 503, "packers_busy");
        response.headers.emplace_back("Retry-After", "60");
        co_return response;
    }
    std::vector<std::string> arguments;
    arguments.emplace_back("pack");
    arguments.push_back(form);
    auto child = HelperChild::start(context_->io(), *program_, std::move(arguments), folder->get());
    if (!child) {
        co_return say_failed(request, child.error());
    }
    const auto packing = std::make_shared<Packing>(context_->io());
    packing->turn = std::move(turn);
    packing->child = std::move(*child);
    packing->busy = context_->busy();
    // Who takes the archive a byte at a time would keep the others waiting.
    packing->deadline.expires_after(download_deadline);
    packing->deadline.async_wait([held = std::weak_ptr<Packing>(packing)](boost::system::error_code cancelled) {
        if (const auto late = held.lock(); late && !cancelled) {
            late->child->kill();
        }
    });
    const Status written = co_await packing->child->write(*list);
    if (!written) {
        co_return say_failed(request, Error{ErrorKind::io, written.error().message});
    }
    packing->child->close_input();
    Response response;
    response.headers.emplace_back("Content-Type", form == "zip" ? "application/zip" : "application/gzip");
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + site.host + "-" +
                                                             std::to_string(site.live) + "." + form + "\"");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = BodySource([packing] { return next_piece(packing); });
    co_return response;
}

Status Sites::export_site(const Site& site, const std::string& folder) {
    const auto live = store_->deploy(site.id, site.live);
    if (!live) {
        return {};
    }
    const auto manifest = blobs_->open_manifest(live->id);
    if (!manifest) {
        return fail(manifest.error());
    }
    const std::filesystem::path root = std::filesystem::path(folder) / "sites" / site.host;
    std::error_code failed;
    for (std::size_t i = 0; i < manifest->entries_count(); ++i) {
        const EntryView entry = manifest->entry(i);
        if (entry.retired_ms != 0) {
            continue;
        }
        const auto target = root / std::string(entry.path);
        if (std::filesystem::is_directory(target, failed)) {
            context_->journal().write(export_gap, {{"host", site.host}});
            continue;
        }
        if (auto written = write_out(target, blobs_->folder() + "/" + blob_path(entry.identity().hash)); !written) {
            if (!std::filesystem::is_directory(target.parent_path(), failed)) {
                context_->journal().write(export_gap, {{"host", site.host}});
                continue;
            }
            return written;
        }
    }
    for (const auto& [name, text] : rule_files(*manifest)) {
        if (auto written = write_file_atomically(root / name, text, 0644); !written) {
            return written;
        }
    }
    return {};
}

Task<Status> Sites::export_association(std::string slug, std::string folder) {
    std::error_code failed;
    std::filesystem::create_directories(folder + "/sites", failed);
    if (failed) {
        co_return fail(ErrorKind::io, folder + "/sites: " + failed.message(), failed);
    }
    const auto sites = store_->sites(slug, "", 10000);
    json::array list;
    Status done;
    for (const Site& site : sites) {
        json::object item;
        item["host"] = site.host;
        item["live"] = site.live;
        list.push_back(std::move(item));
    }
    // Nothing is dropped meanwhile: the sweep waits for the same worker thread.
    std::function<void()> work = [&] {
        for (const Site& site : sites) {
            done = done ? export_site(site, folder) : done;
        }
    };
    co_await context_->run_slow(std::move(work));
    if (!done) {
        co_return done;
    }
    json::object out;
    out["version"] = 1;
    out["sites"] = std::move(list);
    co_return write_file_atomically(folder + "/sites/sites.json", json::serialize(out), 0644);
}

Task<Status> Sites::import_site(std::string slug, std::string host, std::string folder) {
    const auto there = store_->site(host);
    if (there && there->association != slug) {
        co_return fail(ErrorKind::conflict, host + " belongs to another association of this house");
    }
    if (!there) {
        // What lies in a bin under that name stays there.
        if (auto added = store_->add_site(host, slug, now_ms()); !added) {
            co_return added;
        }
    }
    const std::string root = folder + "/sites/" + host;
    std::error_code failed;
    if (!std::filesystem::is_directory(root, failed) || uploads_.contains(host)) {
        co_return tell_gate();
    }
    auto opened = TarStream::of(root, upload_files_max);
    if (!opened) {
        co_return fail(opened.error());
    }
    const auto tar = std::make_shared<TarStream>(std::move(*opened));
    Pieces body = [tar](std::span<char> buffer) -> Task<Result<std::size_t>> { co_return tar->read_some(buffer); };
    const auto site = store_->site(host);
    if (!site) {
        co_return fail(ErrorKind::io, "the site " + host + " cannot be read back");
    }
    Upload upload(*this, *site);
    upload.limit_bytes = std::uint64_t{64} << 30;
    auto report = co_await unpack(upload, body);
    if (upload.disk_low || !above_disk_floor(*context_, disk_room_bytes_min)) {
        co_return fail(ErrorKind::too_large, "importing " + host + ": the disk is almost full, and what is left is kept for mail. "
                                                 "Make room, then import again.");
    }
    if (!report) {
        co_return fail(report.error().during("importing " + host));
    }
    if (report->refused) {
        const Remark& first = report->refusals.front();
        co_return fail(ErrorKind::invalid, host + ": " + first.code + " " + first.path);
    }
    // What was published there is published here.
    report->warnings.insert(report->warnings.begin(), report->doubts.begin(), report->doubts.end());
    std::string by;
    const auto number = co_await publish(upload, *report, std::move(by));
    if (!number) {
        co_return fail(number.error());
    }
    Usage::Hold nothing;
    co_await measure(slug, std::move(nothing));
    co_return Status{};
}

Task<Status> Sites::import_association(std::string slug, std::string folder) {
    const auto text = read_file(folder + "/sites/sites.json", list_bytes_max);
    if (!text) {
        co_return text.error().kind == ErrorKind::not_found ? Status{} : Status(fail(text.error()));
    }
    boost::system::error_code failed;
    const json::value value = json::parse(*text, failed);
    const json::object* object = failed ? nullptr : value.if_object();
    const json::value* list = object == nullptr ? nullptr : object->if_contains("sites");
    if (list == nullptr || !list->is_array()) {
        co_return fail(ErrorKind::invalid, "sites/sites.json is not readable. Nothing was imported.");
    }
    const auto association = co_await ask_association(slug);
    if (!association) {
        co_return fail(association.error());
    }
    std::vector<std::string> hosts;
    for (const json::value& item : list->as_array()) {
        const json::object* site = item.if_object();
        const json::value* host = site == nullptr ? nullptr : site->if_contains("host");
        const std::string name = host != nullptr && host->is_string() ? std::string(host->as_string()) : std::string();
        if (judge_host(name, association->domains, association->others, context_->settings().text("house.host")) != HostVerdict::fine) {
            co_return fail(ErrorKind::invalid, "sites/sites.json: \"" + name + "\" cannot be a site of " + slug +
                                                   ". Nothing was imported.");
        }
        hosts.push_back(name);
    }
    for (const std::string& host : hosts) {
        std::string target = host;
        std::string source = folder;
        std::string owner = slug;
        const Status done = co_await import_site(std::move(owner), std::move(target), std::move(source));
        if (!done) {
            co_return done;
        }
    }
    co_return Status{};
}

Task<Status> Sites::close_association(std::string slug, bool closed) {
    auto done = store_->set_closed(slug, closed);
    done = done ? tell_gate() : done;
    const auto hosts = store_->hosts_of(slug);
    if (!done || !hosts) {
        co_return done ? Status(fail(hosts.error())) : done;
    }
    // "Closed" is said when visitors see it. A publication that is on its way ends with still_wanted().
    for (const std::string& host : *hosts) {
        std::string one = host;
        const bool seen = co_await served(std::move(one));
        if (!seen) {
            co_return fail(ErrorKind::unavailable, "the gate does not yet say what it serves at " + host);
        }
    }
    co_return Status{};
}

Task<Status> Sites::erase_association(std::string slug) {
    auto erased = store_->erase_association(slug);
    if (erased) {
        erased = tell_gate();
    }
    if (erased) {
        usage_->forget(slug);
        measured_.erase(slug);
    }
    sweep_later();
    co_return erased;
}

} // namespace hameau::sites
