// The download of the live version of one site (GET /api/v1/sites/{host}/archive): packed by a hameau-unpack of its own, so the memory
// and the processor time of compression are not the module's. And what the host asks of an association as a whole: close, open, erase.
// The sites of a whole association go out in archive_parts.cpp.
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/disk_floor.hpp"

namespace hameau::sites {

namespace json = boost::json;

namespace {

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
