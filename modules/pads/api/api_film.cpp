// The HTTP API of a pad's whole life: its moments in words and the places of the slider; the text of one step, with what changed since
// another. The film of a pad is kept for some minutes between two calls: each step of the slider is one. What is said of it: film_answers.
#include <charconv>

#include <boost/asio/post.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/api/film_answers.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/opening.hpp"

namespace hameau::pads {

namespace asio = boost::asio;

namespace {


std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failed == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

Response json_text(std::string text) {
    Response response;
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.body = std::move(text);
    return response;
}

} // namespace

std::shared_ptr<Film> PadsModule::kept_film(std::int64_t number) {
    for (const KeptFilm& one : films_) {
        if (one.pad == number) {
            return one.film;
        }
    }
    return nullptr;
}

/// The oldest ones make room for it.
void PadsModule::keep_film(std::int64_t number, std::shared_ptr<Film> film, std::size_t bytes) {
    std::erase_if(films_, [number](const KeptFilm& one) { return one.pad == number; });
    std::size_t kept = bytes;
    for (const KeptFilm& one : films_) {
        kept += one.bytes;
    }
    while (!films_.empty() && (films_.size() >= films_kept_max || kept > film_bytes_kept_max)) {
        kept -= films_.front().bytes;
        films_.erase(films_.begin());
    }
    if (kept <= film_bytes_kept_max) {
        films_.push_back({number, std::move(film), bytes});
    }
    film_timer_->expires_after(film_kept_for);
    film_timer_->async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            films_.clear();
        }
    });
}

/// Millions of small pieces: given back on the threads for long readings, whoever lets go of it last.
std::shared_ptr<Film> PadsModule::freed_aside(std::shared_ptr<Film> made) {
    Film* const film = made.get();
    return {film, [this, made = std::move(made)](Film*) mutable { asio::post(*reading_threads_, [gone = std::move(made)] {}); }};
}

/// The film that is kept, when it reaches to `upto` (0: to the newest row), or a new one. On a thread for long readings.
Result<std::shared_ptr<Film>> PadsModule::film_reaching(PadStore& store, std::int64_t number, std::int64_t upto, std::shared_ptr<Film> kept, const Stop& stop) {
    if (kept) {
        if (upto > 0 && kept->last_seq() >= upto) {
            return kept;
        }
        // Who asks for more than there is gets what there is, and no new film each time.
        const auto newest = store.newest_row(number);
        if (!newest) {
            return fail(newest.error());
        }
        if (kept->last_seq() >= *newest) {
            return kept;
        }
        kept.reset();
    }
    auto made = Film::make(store, number, stop);
    return made ? Result<std::shared_ptr<Film>>(freed_aside(std::move(*made))) : Result<std::shared_ptr<Film>>(fail(made.error()));
}

Task<Response> PadsModule::film_answer(Request& request, std::int64_t upto, FilmWork work) {
    FoundOr outcome = find_for_history(request);
    if (auto* refused = std::get_if<Response>(&outcome)) {
        co_return std::move(*refused);
    }
    const Found found = std::get<Found>(outcome);
    const bool written = co_await all_written(found.pad.number);
    if (!written) {
        co_return problem(pads_catalogue, request, 507, "pad_disk");
    }
    // One at a time in the house, and members take turns: two long texts in two pages do not hold both threads, nor the memory of two films
    // that are being made. None: too many of this member wait, or the service stops.
    auto held = context_->busy();
    std::string member = request.who.member;
    const std::shared_ptr<void> turn = co_await film_turns_->take(std::move(member));
    held.reset();
    if (!turn) {
        co_return problem(request, 503, "busy");
    }
    std::shared_ptr<Film> film;
    std::string text;
    std::size_t bytes = 0;
    ReadingWork reading = [&, kept = kept_film(found.pad.number)](PadStore& store, const Stop& stop) mutable -> Status {
        auto reaching = film_reaching(store, found.pad.number, upto, std::move(kept), stop);
        if (!reaching) {
            return fail(reaching.error());
        }
        film = std::move(*reaching);
        auto said = work(*film);
        text = said ? std::move(*said) : std::string();
        // Counted here: the next reading of this pad may work on it already when the response goes out.
        bytes = film->bytes_used();
        return said ? Status() : Status(fail(said.error()));
    };
    const auto done = co_await read_aside(found.pad.number, std::move(reading));
    FoundOr still = co_await find_for_history_again(request);
    if (auto* refused = std::get_if<Response>(&still)) {
        co_return std::move(*refused);
    }
    if (!done) {
        co_return no_past(request, found.pad, done.error());
    }
    keep_film(found.pad.number, std::move(film), bytes);
    co_return json_text(std::move(text));
}

Task<Response> PadsModule::film(Request& request) {
    FilmWork work = [](Film& film) -> Result<std::string> { return film_list(film); };
    co_return co_await film_answer(request, 0, std::move(work));
}

Task<Response> PadsModule::film_step(Request& request) {
    const auto at = number_of(request.parameter("step"));
    const auto since = number_of(request.query_parameter("since").value_or("0"));
    const auto upto = number_of(request.query_parameter("upto").value_or("0"));
    if (!at || !since || !upto || *since > *at || *upto > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        co_return problem(pads_catalogue, request, 404, "pad_no_moment");
    }
    FilmWork work = [first = *since, last = *at](Film& film) -> Result<std::string> {
        if (last > film.steps()) {
            return fail(ErrorKind::not_found, "no such step");
        }
        return film_step_of(film, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
    };
    const auto reaches = static_cast<std::int64_t>(*upto);
    co_return co_await film_answer(request, reaches, std::move(work));
}

} // namespace hameau::pads
