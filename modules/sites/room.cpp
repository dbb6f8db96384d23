// What an association's sites may take: its one quota (modules/support/usage.hpp) and the floor of free disk, which is kept
// for mail. Called by the publication, the archive's import and whatever removes versions. Deletes nothing.
#include <algorithm>
#include <limits>

#include "daemon/base/spawn.hpp"
#include "modules/sites/sites_module.hpp"
#include "modules/support/disk_floor.hpp"
#include "modules/support/size_text.hpp"

namespace hameau::sites {

namespace asio = boost::asio;

namespace {

constexpr Event upload_stopped{"sites.disk_floor", Level::warning, "the disk is almost full; make room on it"};
constexpr Event not_measured{"sites.not_measured", Level::warning, "the last figure counts until the next publication"};

} // namespace

Task<std::optional<Response>> Sites::find_room(Request& request, Upload& upload, std::string slug) {
    const std::uint64_t size = request.body->size_bytes().value_or(0);
    std::optional<Response> refused = refuse_below_disk_floor(*context_, request, std::max(size, disk_room_bytes_min));
    if (refused) {
        co_return refused;
    }
    if (!measured_.contains(slug)) {
        Usage::Hold nothing;
        co_await measure(slug, std::move(nothing));
    }
    Usage& usage = *usage_;
    const Status asked = co_await usage.refresh(slug);
    if (!asked) {
        co_return say_failed(request, asked.error());
    }
    // Files that the association has already cost nothing: an upload may be as large as what is free and what is here. The
    // files themselves are judged when they are known, by take_room().
    const std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t left = usage.room(slug).value_or(0);
    const std::uint64_t here = usage.bytes(slug);
    const std::uint64_t quota = left > all - here ? all : left + here;
    const std::uint64_t one = context_->settings().size_bytes("sites.limits.deploy_max");
    upload.limit_bytes = std::min(quota, one);
    upload.limit_is_quota = quota < one;
    if (size > upload.limit_bytes) {
        refused = refuse_size(request, upload, slug);
    }
    co_return refused;
}

Task<std::optional<Response>> Sites::take_room(Request& request, Upload& upload, std::string slug, const Report& report) {
    std::optional<Response> refused;
    const auto ids = store_->kept_ids(slug);
    if (!ids) {
        refused = say_failed(request, ids.error());
        co_return refused;
    }
    std::uint64_t growth = 0;
    std::function<void()> work = [&] { growth = blobs_->count_growth(*ids, report); };
    co_await context_->run_slow(std::move(work));
    Usage& usage = *usage_;
    auto taken = co_await usage.take(slug, growth);
    if (taken) {
        upload.room = std::move(*taken);
    } else if (taken.error().kind == ErrorKind::too_large) {
        refused = usage.refuse(request, slug, taken.error().kind);
    } else {
        refused = say_failed(request, taken.error());
    }
    co_return refused;
}

Response Sites::refuse_size(const Request& request, const Upload& upload, const std::string& slug) const {
    if (upload.limit_is_quota) {
        return usage_->refuse(request, slug, ErrorKind::too_large);
    }
    Parameters parameters;
    parameters.emplace_back("limit", size_text(upload.limit_bytes, language_of(request)));
    return say(request, 413, "upload_too_large", parameters);
}

void Sites::watch_disk(Upload& upload, HelperChild& running, std::shared_ptr<DiskWatch> watch) {
    watch->timer.expires_after(disk_look_every);
    watch->timer.async_wait([this, &upload, &running, watch](boost::system::error_code cancelled) {
        if (cancelled || watch->ended) {
            return;
        }
        if (above_disk_floor(*context_, disk_room_bytes_min)) {
            watch_disk(upload, running, watch);
            return;
        }
        upload.disk_low = true;
        context_->journal().write(upload_stopped, {{"host", upload.host}});
        running.kill();
    });
}

Task<void> Sites::measure(std::string slug, Usage::Hold room) {
    const auto held = context_->busy();
    const auto ids = store_->kept_ids(slug);
    if (!ids) {
        context_->journal().write(not_measured, {{"association", slug}, {"error", ids.error().message}});
        co_return;
    }
    std::uint64_t bytes = 0;
    // On the one worker thread: figures come in the order in which they were asked for.
    std::function<void()> work = [&] { bytes = blobs_->count_bytes(*ids); };
    co_await context_->run_slow(std::move(work));
    measured_.insert(slug);
    room.release();
    usage_->set(slug, bytes);
}

/// At the start: what each association has. People may know an older figure, from before a crash.
Task<void> Sites::measure_all() {
    const auto associations = store_->associations();
    for (const std::string& slug : associations.value_or(std::vector<std::string>())) {
        if (stopping_) {
            co_return;
        }
        Usage::Hold nothing;
        co_await measure(slug, std::move(nothing));
    }
}

void Sites::measure_later(std::string slug) {
    Usage::Hold nothing;
    spawn(context_->io(), measure(std::move(slug), std::move(nothing)), context_->journal(), "measuring");
}

} // namespace hameau::sites
