// Long readings on threads of their own, each with a connection of its own to the database: the loop goes on, and nobody's
// keystroke waits. Their order is ReadingTurns'.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/opening.hpp"

namespace hameau::pads {

namespace asio = boost::asio;

namespace {
constexpr auto wait = asio::as_tuple(asio::use_awaitable);
} // namespace

/// `pad` 0: of no pad in particular.
Task<Status> PadsModule::read_aside(std::int64_t pad, ReadingWork work) {
    const auto number = turns_.ask(pad);
    if (!number) {
        co_return fail(ErrorKind::unavailable, "too many readings wait");
    }
    const auto held = context_->busy();
    auto reading = std::make_shared<Reading>(context_->io());
    reading->work = std::move(work);
    readings_.emplace(*number, reading);
    begin_readings();
    while (!reading->ended) {
        co_await reading->bell.async_wait(wait);
    }
    co_return reading->done;
}

void PadsModule::begin_readings() {
    for (const ReadingTurns::Number number : turns_.begin()) {
        if (!reading_threads_) {
            reading_threads_ = std::make_unique<asio::thread_pool>(readings_at_once);
        }
        const std::shared_ptr<Reading> reading = readings_.at(number);
        reading->stop.emplace(std::chrono::steady_clock::now() + reading_time_max);
        asio::post(*reading_threads_, [this, number, reading] {
            auto own = context_->database().open_again();
            if (own) {
                PadStore store(*own);
                reading->done = reading->work(store, *reading->stop);
            } else {
                reading->done = fail(std::move(own.error()));
            }
            asio::post(context_->io(), [this, number] {
                turns_.ended(number);
                end_reading(number);
                begin_readings();
            });
        });
    }
}

void PadsModule::end_reading(ReadingTurns::Number number) {
    const auto found = readings_.find(number);
    if (found == readings_.end()) {
        return;
    }
    found->second->ended = true;
    found->second->bell.cancel();
    readings_.erase(found);
}

void PadsModule::drop_readings(std::int64_t pad) {
    std::erase_if(films_, [pad](const KeptFilm& one) { return one.pad == pad; });
    for (const ReadingTurns::Number number : turns_.drop(pad)) {
        readings_.at(number)->done = fail(ErrorKind::unavailable, "the pad went away");
        end_reading(number);
    }
    if (const auto running = turns_.running(pad)) {
        readings_.at(*running)->stop->want();
    }
}

void PadsModule::stop_readings() {
    for (const ReadingTurns::Number number : turns_.drop_all()) {
        readings_.at(number)->done = fail(ErrorKind::unavailable, "the service stops");
        end_reading(number);
    }
    for (const auto& [number, reading] : readings_) {
        reading->stop->want();
    }
    if (reading_threads_) {
        reading_threads_->join();
    }
}

Task<std::optional<Response>> PadsModule::read_for(Request& request, const PadRow& pad, ReadingWork work) {
    const Status done = co_await read_aside(pad.number, std::move(work));
    auto ended = co_await identify_again(*context_, request);
    FoundOr still = ended ? FoundOr(std::move(*ended)) : find(request, request.header(key_header), Deleted::refused);
    std::optional<Response> refused;
    if (auto* lost = std::get_if<Response>(&still)) {
        refused = std::move(*lost);
    } else if (!done) {
        refused = not_read(request, pad, done.error());
    }
    co_return refused;
}

} // namespace hameau::pads
