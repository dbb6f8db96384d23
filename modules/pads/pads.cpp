// The life of the module: open rooms, timers, health, stop.
#include "modules/pads/pads.hpp"

#include <filesystem>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/bin.hpp"
#include "modules/support/disk_floor.hpp"

namespace hameau {

std::unique_ptr<Module> make_pads() { return std::make_unique<pads::PadsModule>(); }

namespace pads {

namespace asio = boost::asio;

namespace {
constexpr Event pad_rebuilt{"pads.rebuilt_from_history", Level::error, "the stored state of a pad was damaged; check the disk"};
constexpr Event edits_kept{"pads.edits_kept", Level::notice, "the service was killed; what people had seen is there"};
constexpr Event edits_still_kept{"pads.edits_not_committed", Level::error,
                                 "make room on the disk; edits from before the end of the service stay in its ahead files, it is tried again"};
constexpr Event hand_over_failed{"pads.hand_over_failed", Level::error, "make room on the disk; edits wait with who wrote them"};
constexpr Event frame_refused{"pads.frame_refused", Level::notice};
constexpr Event limit_reached{"pads.limit_reached", Level::notice};
constexpr Event pending_dropped{"pads.pending_dropped", Level::notice};
constexpr Event reader_slow{"pads.reader_slow", Level::info};
constexpr Event disk_full{"pads.sender_sent_away", Level::warning, "make room on the disk"};
constexpr Event purged{"pads.bin_emptied", Level::info};
constexpr Event unsaved_at_stop{"pads.stopped_with_unsaved_edits", Level::error,
                                "open editors still hold them and send them again when the disk works"};
} // namespace

Task<Status> PadsModule::start(ModuleContext& context) {
    context_ = &context;
    store_ = std::make_unique<PadStore>(context.database());
    commit_timer_ = std::make_unique<asio::steady_timer>(context.io());
    film_timer_ = std::make_unique<asio::steady_timer>(context.io());
    constexpr TurnLimits film_limits{1, films_waiting_per_member_max, readings_waiting_max};
    film_turns_ = std::make_unique<AwaitedTurns<std::string>>(context.io(), film_limits);
    batch_ends_ = std::make_unique<asio::steady_timer>(context.io(), asio::steady_timer::time_point::max());
    commit_thread_ = std::make_unique<CommitThread>(context.io(), *store_);
    writing_ends_ = std::make_unique<asio::steady_timer>(context.io(), asio::steady_timer::time_point::max());
    committer_ = std::make_unique<Committer>(*store_, *commit_thread_, context.journal(), *this);
    ahead_ = std::make_unique<Ahead>(context.folder());
    // Before anything is read. Whatever cannot be committed now must not keep people from reading.
    kept_ = std::make_unique<KeptEdits>(ahead_->earlier());
    kept_timer_ = std::make_unique<asio::steady_timer>(context.io());
    kept_delay_ = kept_retry_first;
    settle_kept_edits();
    pad_bytes_max_ = context.settings().has("pads.limits.pad_max")
                         ? static_cast<std::size_t>(context.settings().size_bytes("pads.limits.pad_max"))
                         : pad_bytes_default;
    open_bytes_max_ = context.settings().has("pads.limits.open_max")
                          ? static_cast<std::size_t>(context.settings().size_bytes("pads.limits.open_max"))
                          : open_bytes_default;
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    HelperProgram program;
    program.fd = context.program("convert");
    program.path = (self.parent_path() / "hameau-convert").string();
    converter_ = std::make_unique<Converter>(context, std::move(program));
    images_ = std::make_unique<ImageFiles>(context.folder());
    add_routes();
    const auto closed = store_->closed_associations();
    if (!closed) {
        co_return fail(closed.error());
    }
    closed_.insert(closed->begin(), closed->end());
    // The process sleeps most of the time: the bin is looked after at each start, not by a clock.
    const auto gone = store_->purge(now_ms() - bin_ms);
    if (gone && *gone > 0) {
        store_->forget_copies();
        context.journal().write(purged, {{"pads", std::to_string(*gone)}});
    }
    forget_arrivals();
    forget_images();
    begin_learning_members();
    usage_.emplace(context);
    spawn(context.io(), measure_all(), context.journal(), "measuring");
    co_return Status{};
}

void PadsModule::settle_kept_edits() {
    const auto saved = [this](std::int64_t number) -> std::optional<bool> {
        const auto open = rooms_.find(number);
        return open == rooms_.end() ? std::nullopt : std::optional(open->second->all_saved());
    };
    const KeptEdits::Outcome outcome = kept_->settle(*store_, saved);
    if (outcome.edits > 0) {
        context_->journal().write(edits_kept, {{"edits", std::to_string(outcome.edits)}});
    }
    if (kept_->empty()) {
        return;
    }
    if (kept_delay_ == kept_retry_first && !outcome.error.empty()) {
        context_->journal().write(edits_still_kept, {{"error", outcome.error}});
    }
    kept_timer_->expires_after(kept_delay_);
    kept_delay_ = std::min<Duration>(2 * kept_delay_, kept_retry_most);
    kept_timer_->async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            settle_kept_edits();
        }
    });
}

bool PadsModule::hand_over() {
    const bool failed_before = ahead_->failing();
    const Duration now = clock_.now();
    if (failed_before && now - handed_over_ < hand_over_retry) {
        return false;  // one try for all rooms
    }
    handed_over_ = now;
    const bool done = ahead_->write();
    if (!done && !failed_before) {
        context_->journal().write(hand_over_failed);
    }
    return done;
}

void PadsModule::add_routes() {
    router_.add("GET", "/api/v1/associations/{association}/pads", this, &PadsModule::list);
    router_.add("POST", "/api/v1/associations/{association}/pads", this, &PadsModule::create);
    router_.add("GET", "/api/v1/pads/{pad}", this, &PadsModule::get);
    router_.add("PATCH", "/api/v1/pads/{pad}", this, &PadsModule::patch);
    router_.add("DELETE", "/api/v1/pads/{pad}", this, &PadsModule::put_in_bin);
    router_.add("POST", "/api/v1/pads/{pad}/restore", this, &PadsModule::restore);
    router_.add("POST", "/api/v1/pads/{pad}/link", this, &PadsModule::link);
    router_.add("GET", "/api/v1/pads/{pad}/authors", this, &PadsModule::authors);
    router_.add("GET", "/api/v1/pads/{pad}/export", this, &PadsModule::export_pad);
    router_.add("POST", "/api/v1/associations/{association}/pads/import", this, &PadsModule::import_pad);
    router_.add("GET", "/api/v1/pads/{pad}/history", this, &PadsModule::history);
    router_.add("GET", "/api/v1/pads/{pad}/history/{moment}", this, &PadsModule::look_back);
    router_.add("POST", "/api/v1/pads/{pad}/history/{moment}/restore", this, &PadsModule::restore_moment);
    router_.add("GET", "/api/v1/pads/{pad}/film", this, &PadsModule::film);
    router_.add("GET", "/api/v1/pads/{pad}/film/{step}", this, &PadsModule::film_step);
    router_.add("POST", "/api/v1/pads/{pad}/images", this, &PadsModule::add_image);
    router_.add("GET", "/api/v1/pads/{pad}/images/{hash}", this, &PadsModule::get_image);
    router_.add("GET", "/internal/archive", this, &PadsModule::internal_archive);
    router_.add("GET", "/internal/holdings", this, &PadsModule::internal_holdings);
    router_.add("POST", "/internal/archive/image", this, &PadsModule::import_archived_image);
    router_.add("POST", "/internal/archive/pad", this, &PadsModule::import_archived_pad);
}

Task<Response> PadsModule::handle(Request& request) {
    if (request.method != "GET" && request.method != "HEAD") {
        co_await writings_ended();
    }
    co_return co_await router_.dispatch(request);
}

Task<Status> PadsModule::write_aside(std::function<Status(PadStore&)> work) {
    const auto held = context_->busy();
    ++writings_begun_;
    auto outcome = std::make_shared<Status>();
    commit_thread_->run(std::move(work), [this, outcome](Status done) {
        *outcome = std::move(done);
        ++writings_ended_;
        writing_ends_->cancel();
    });
    co_await writings_ended();
    co_return std::move(*outcome);
}

Task<void> PadsModule::writings_ended() {
    const std::uint64_t number = writings_begun_;
    while (writings_ended_ < number) {
        co_await writing_ends_->async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

Result<std::shared_ptr<Room>> PadsModule::open_room(const PadRow& pad) {
    if (const auto open = rooms_.find(pad.number); open != rooms_.end()) {
        return open->second;
    }
    // Nobody is answered before this is read: a step 2 from an unloaded pad would be an empty document.
    auto loaded = store_->load(pad.number);
    if (!loaded) {
        return fail(std::move(loaded.error()));
    }
    if (!has_memory(pad.association, loaded->recorder.encoded_size(), loaded->recorder.bytes_used())) {
        return fail(ErrorKind::too_many, "too many long texts are open");
    }
    if (loaded->rebuilt) {
        context_->journal().write(pad_rebuilt, {{"pad", pad.id}});
    }
    auto room = std::make_shared<Room>(*this, pad, std::move(*loaded), pad_bytes_max_);
    rooms_.emplace(pad.number, room);
    room->recover(kept_->give(pad.id));
    return room;
}

std::optional<Bytes> PadsModule::open_content(std::int64_t number) {
    const auto open = rooms_.find(number);
    const std::shared_ptr<Room> room = open != rooms_.end() ? open->second : nullptr;
    return room && room->may_be_seen() ? std::optional(room->recorder().encode()) : std::nullopt;
}

Result<Bytes> PadsModule::content_of(const PadRow& pad) {
    auto open = open_content(pad.number);
    return open ? Result<Bytes>(std::move(*open)) : stored_content(*store_, pad.number);
}

Result<Bytes> stored_content(PadStore& store, std::int64_t number) {
    const auto loaded = store.load(number);
    return loaded ? Result<Bytes>(loaded->recorder.encode()) : Result<Bytes>(fail(loaded.error()));
}

void PadsModule::close_room(std::int64_t number) {
    const auto found = rooms_.find(number);
    if (found == rooms_.end() || found->second->in_use()) {
        return;
    }
    const std::shared_ptr<Room> room = found->second;
    stay_awake();
    if (committer_->settle(*room)) {
        committer_->forget(*room);
        rooms_.erase(number);
    }
    look_after_commits();
}

void PadsModule::close_unused_rooms() {
    std::vector<std::int64_t> unused;
    for (const auto& [number, room] : rooms_) {
        if (!room->in_use()) {
            unused.push_back(number);
        }
    }
    for (const std::int64_t number : unused) {
        close_room(number);
    }
}

void PadsModule::arm_commit(Duration delay) {
    commit_timer_->expires_after(delay);
    commit_timer_->async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            committer_->start();
        }
    });
}

void PadsModule::settled(Room& room) {
    if (!room.in_use()) {
        emptied(room);
    }
}

void PadsModule::batch_ended() {
    ++batches_ended_;
    batch_ends_->cancel();
    look_after_commits();
}

void PadsModule::look_after_commits() {
    if (!committer_->waiting()) {
        busy_.reset();
    }
    if (failed_before_ && !committer_->failing()) {
        close_unused_rooms();
    }
    failed_before_ = committer_->failing();
}

void PadsModule::stay_awake() {
    if (!busy_) {
        busy_ = context_->busy();
    }
}

std::int64_t PadsModule::wall_ms() const { return now_ms(); }

void PadsModule::flush_in(Room& room, Duration delay) {
    const auto flush = [this, number = room.pad().number] {
        if (const auto open = rooms_.find(number); open != rooms_.end()) {
            const std::shared_ptr<Room> held = open->second;
            held->flush();
        }
    };
    if (delay == Duration(0)) {
        asio::post(context_->io(), flush);
        return;
    }
    auto timer = std::make_shared<asio::steady_timer>(context_->io(), delay);
    timer->async_wait([timer, flush](boost::system::error_code cancelled) {
        if (!cancelled) {
            flush();
        }
    });
}

void PadsModule::flush_now(Room& room) {
    const std::shared_ptr<Room> held = room.shared_from_this();
    held->flush();
}

void PadsModule::edits_wait(Room& room) {
    stay_awake();
    committer_->edits_wait(room);
}

void PadsModule::answer_later(Room& room, Duration delay) {
    auto timer = std::make_shared<asio::steady_timer>(context_->io(), delay);
    timer->async_wait([this, timer, number = room.pad().number](boost::system::error_code cancelled) {
        const auto open = rooms_.find(number);
        if (!cancelled && open != rooms_.end()) {
            const std::shared_ptr<Room> held = open->second;
            held->answer_waiting();
        }
    });
}

void PadsModule::emptied(Room& room) {
    asio::post(context_->io(), [this, number = room.pad().number] { close_room(number); });
}

void PadsModule::note(const Room& room, RoomEvent event, const std::string& detail) {
    const Event& what = event == RoomEvent::bad_frame         ? frame_refused
                        : event == RoomEvent::over_limit      ? limit_reached
                        : event == RoomEvent::pending_dropped ? pending_dropped
                        : event == RoomEvent::too_slow        ? reader_slow
                                                              : disk_full;
    context_->journal().write(what, {{"pad", room.pad().id}, {"detail", detail}});
}

std::vector<Check> PadsModule::check_health() {
    std::vector<Check> checks;
    checks.push_back(check_of(pads_catalogue, "disk", above_disk_floor(*context_, disk_free_bytes_min), "health_disk"));
    checks.push_back(check_of(pads_catalogue, "commits", !committer_->failing(), "health_commits",
                              {{"kilobytes", std::to_string(committer_->waiting_bytes() / 1024)}}));
    return checks;
}

Task<void> PadsModule::stop() {
    for (const auto& [number, room] : rooms_) {
        room->end(close_going_away, "restarting");
    }
    if (!committer_->run()) {
        context_->journal().write(unsaved_at_stop, {{"bytes", std::to_string(committer_->waiting_bytes())}});
    } else {
        for (const auto& [number, room] : rooms_) {
            if (room->has_log()) {
                committer_->compact(*room);
            }
        }
    }
    commit_timer_->cancel();
    film_timer_->cancel();
    film_turns_->stop();
    kept_timer_->cancel();
    stop_readings();
    commit_thread_->stop();
    busy_.reset();
    co_return;
}

} // namespace pads
} // namespace hameau
