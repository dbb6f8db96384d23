// From a body to a version on the air. Both directions of the child flow at once; nothing is read ahead of what the
// child takes (back-pressure up to the visitor's socket).
#include <array>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "modules/sites/sites_module.hpp"

namespace hameau::sites {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr Event unpack_ended{"sites.unpack_ended", Level::warning, "the upload was refused; nothing was published"};
constexpr Event served_late{"sites.served_late", Level::warning, "the version is kept; see the journal of the gate"};
constexpr Event swept{"sites.swept", Level::info};
constexpr Event sweep_failed{"sites.sweep_failed", Level::error, "old files stay on the disk; tell the developers"};

std::string warnings_json(const Report& report) {
    json::array list;
    for (const Remark& remark : report.warnings) {
        json::array item;
        item.emplace_back(remark.code);
        item.emplace_back(remark.path);
        item.emplace_back(remark.detail);
        list.push_back(std::move(item));
    }
    return json::serialize(list);
}

std::int64_t to_number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

} // namespace

Sites::Upload::Upload(Sites& owner, const Site& of) :
    sites(owner), site(of.id), host(of.host), id(new_id()), busy(owner.context_->busy()) {
    sites.uploads_.insert(host);
    sites.placing_.insert(id);
}

Sites::Upload::~Upload() {
    sites.uploads_.erase(host);
    sites.placing_.erase(id);
    sites.blobs_->drop_staging(id);
}

Task<Result<std::unique_ptr<HelperChild>>> Sites::start_unpacker(const Upload& upload) {
    const auto staging = blobs_->open_staging(upload.id);
    if (!staging) {
        co_return fail(staging.error());
    }
    const bool with_known = !upload.kept.empty();
    Fd blobs;
    if (with_known) {
        Status laid;
        std::function<void()> work = [&] { laid = blobs_->lay_known(upload.id, upload.kept); };
        co_await context_->run_slow(std::move(work));
        auto opened = blobs_->open_blobs();
        if (!laid || !opened) {
            co_return fail(laid ? opened.error() : laid.error());
        }
        blobs = std::move(*opened);
    }
    std::vector<std::string> arguments;
    arguments.emplace_back(with_known ? "unpack-kept" : "unpack");
    arguments.push_back(std::to_string(upload.limit_bytes));
    co_return HelperChild::start(context_->io(), *program_, std::move(arguments), staging->get(), with_known ? blobs.get() : -1);
}

Task<Result<Report>> Sites::unpack(Upload& upload, Pieces body) {
    auto child = co_await start_unpacker(upload);
    if (!child) {
        co_return fail(std::move(child.error()));
    }
    HelperChild& running = **child;
    asio::steady_timer deadline(context_->io(), upload_deadline);
    const auto armed = std::make_shared<bool>(true);
    deadline.async_wait([&running, armed](boost::system::error_code cancelled) {
        if (!cancelled && *armed) {
            running.kill();
        }
    });
    const auto watch = std::make_shared<DiskWatch>(context_->io());
    watch_disk(upload, running, watch);
    auto feeding = feed(running, upload, std::move(body));
    auto collecting = collect(running);
    auto report = co_await (std::move(feeding) && std::move(collecting));
    const int code = co_await running.wait();
    *armed = false;
    deadline.cancel();
    watch->ended = true;
    watch->timer.cancel();
    if (code != 0 || !report) {
        context_->journal().write(unpack_ended, {{"host", upload.host}, {"code", std::to_string(code)},
                                                 {"error", report ? std::string() : report.error().message}});
        co_return fail(ErrorKind::unavailable, "the unpacker did not end well");
    }
    co_return std::move(report);
}

Task<void> Sites::feed(HelperChild& child, Upload& upload, Pieces body) {
    std::string slice(upload_slice_bytes, '\0');
    bool taking = true;
    for (;;) {
        const auto n = co_await body(slice);
        if (!n) {
            upload.body_failed = true;
            child.kill();
            break;
        }
        upload.received_bytes += *n;
        if (upload.received_bytes > upload.limit_bytes) {
            upload.over_limit = true;
            child.kill();
            break;
        }
        if (*n == 0) {
            break;
        }
        if (taking) {
            const std::string_view piece(slice.data(), *n);
            const Status written = co_await child.write(piece);
            // A child that has seen enough stops reading; the body is read to its end, so that the sender reads the response.
            taking = written.has_value();
        }
    }
    child.close_input();
}

Task<Result<Report>> Sites::collect(HelperChild& child) {
    ReportReader reader;
    for (;;) {
        const auto piece = co_await child.read();
        if (!piece) {
            co_return fail(piece.error());
        }
        if (piece->empty()) {
            co_return reader.finish();
        }
        if (auto fed = reader.feed(*piece); !fed) {
            child.kill();
            co_return fail(std::move(fed.error()));
        }
    }
}

Status Sites::still_wanted(const Upload& upload) {
    const auto site = store_->site(upload.host);
    if (!site || site->id != upload.site) {
        return fail(ErrorKind::not_found, "the site was removed meanwhile");
    }
    if (upload.after && site->live != *upload.after) {
        return fail(ErrorKind::conflict, "another version went on line meanwhile");
    }
    return {};
}

Task<Result<std::int64_t>> Sites::publish(Upload& upload, const Report& report, std::string by) {
    if (auto wanted = still_wanted(upload); !wanted) {
        co_return fail(std::move(wanted.error()));
    }
    const auto site = store_->site(upload.host);
    const auto before = store_->deploy(site->id, site->live);
    const std::string id_before = before ? before->id : std::string();
    const std::int64_t now = now_ms();
    Status placed;
    std::function<void()> work = [&] { placed = blobs_->place(upload.id, report, id_before, now, upload.kept); };
    co_await context_->run_slow(std::move(work));
    // Placing a large site takes seconds.
    placed = placed ? still_wanted(upload) : placed;
    if (!placed) {
        // The blobs that were already moved are named by nothing.
        if (store_->set_pending("sweep")) {
            sweep_later();
        }
        co_return fail(placed.error());
    }
    Deploy deploy;
    deploy.site = upload.site;
    deploy.id = upload.id;
    deploy.created_ms = now;
    deploy.by = std::move(by);
    deploy.files = to_number(report.files_count);
    deploy.bytes = to_number(report.bytes);
    deploy.pages = to_number(report.pages);
    if (report.home) {
        deploy.home_bytes = to_number(report.home->bytes);
        deploy.home_requests = to_number(report.home->requests);
        deploy.home_elements = to_number(report.home->elements);
    }
    deploy.warnings = warnings_json(report);
    const auto keep = static_cast<std::size_t>(context_->settings().integer("sites.keep_versions"));
    auto number = store_->publish(std::move(deploy), keep);
    if (!number) {
        co_return fail(std::move(number.error()));
    }
    if (auto told = tell_gate(); !told) {
        // The database has it; the next start or publication writes hosts.map. Say so rather than promise.
        co_return fail(std::move(told.error()));
    }
    trouble_.clear();
    sweep_later();
    co_return number;
}

Status Sites::tell_gate() {
    const auto hosts = store_->hosts();
    if (!hosts) {
        return fail(hosts.error());
    }
    const auto written = blobs_->write_hosts(*hosts);
    if (!written) {
        return fail(written.error());
    }
    if (*written) {
        context_->announce("hosts");
    }
    return {};
}

Task<bool> Sites::served(std::string host) {
    std::map<std::string, std::string> arguments;
    arguments.emplace("host", host);
    std::string verb = "serve-hosts";
    const Status told = co_await context_->provision(std::move(verb), std::move(arguments));
    if (!told) {
        context_->journal().write(served_late, {{"host", host}, {"error", told.error().message}});
    }
    co_return told.has_value();
}

void Sites::sweep_later() {
    if (sweeping_) {
        sweep_again_ = true;
        return;
    }
    if (stopping_ || !store_->is_pending("sweep")) {
        return;
    }
    sweeping_ = true;
    spawn(context_->io(), sweep(), context_->journal(), "sweep");
}

Task<void> Sites::sweep() {
    const auto held = context_->busy();
    sweep_again_ = false;
    const auto ids = store_->kept_ids();
    std::vector<std::string> on_their_way(placing_.begin(), placing_.end());
    for (const std::vector<std::string>& held : exported_) {
        on_their_way.insert(on_their_way.end(), held.begin(), held.end());
    }
    Result<std::uint64_t> freed = std::uint64_t{0};
    if (ids) {
        // Placing and sweeping take turns on the one worker thread. A version that is placed before this turn is among
        // the kept or on their way; one that is placed after it brings its files along from staging.
        std::function<void()> work = [&] { freed = blobs_->sweep(*ids, on_their_way); };
        co_await context_->run_slow(std::move(work));
    } else {
        freed = fail(ids.error());
    }
    sweeping_ = false;
    if (!freed) {
        context_->journal().write(sweep_failed, {{"error", freed.error().message}});
        co_return;
    }
    context_->journal().write(swept, {{"bytes", std::to_string(*freed)}});
    if (sweep_again_) {
        sweep_later();
    } else if (const auto cleared = store_->clear_pending("sweep"); !cleared) {
        trouble_ = cleared.error().message;
    }
}

} // namespace hameau::sites
