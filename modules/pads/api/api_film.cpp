// The HTTP API of a pad's whole life: its moments in words and the places of the slider; the text of one step, with what changed since
// another. The film of a pad is kept for some minutes between two calls: each step of the slider is one.
#include <charconv>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/history/film.hpp"
#include "modules/pads/limits.hpp"
#include "modules/pads/pads_module.hpp"
#include "modules/pads/texts.hpp"
#include "modules/support/opening.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failed == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

json::array people_of(const Film& film) {
    json::array out;
    for (const Person& person : film.authors()) {
        json::object one;
        one["login"] = person.login;
        one["name"] = person.name;
        out.push_back(std::move(one));
    }
    return out;
}

json::object describe(const FilmMoment& one) {
    json::object out;
    out["moment"] = std::to_string(one.moment.seq);
    out["since"] = one.since;
    out["at"] = one.at;
    out["from"] = format_utc(one.moment.from_ms);
    out["to"] = format_utc(one.moment.to_ms);
    out["authors"] = json::value_from(one.moment.authors);
    out["words_added"] = one.words_added;
    out["words_removed"] = one.words_removed;
    if (one.moment.before) {
        const CutSaid& cut = *one.moment.before;
        json::object before;
        before["author"] = cut.author;
        before["at"] = format_utc(cut.time_ms);
        before["words"] = one.words_cut;
        before["replaced"] = cut.added * 4 > cut.removed;
        out["before"] = std::move(before);
    }
    return out;
}

/// The list: newest first, at most film_moments_max; the slider reaches what is older.
std::string list_of(const Film& film) {
    json::array moments;
    const std::vector<FilmMoment> all = film.moments();
    for (auto one = all.rbegin(); one != all.rend() && moments.size() < film_moments_max; ++one) {
        moments.push_back(describe(*one));
    }
    json::array places;
    for (const Film::Place& place : film.places(film_places_max)) {
        json::object out;
        out["at"] = place.at;
        out["time"] = format_utc(place.time_ms);
        out["author"] = place.author;
        out["moment"] = place.moment;
        places.push_back(std::move(out));
    }
    json::object out;
    out["upto"] = std::to_string(film.last_seq());
    out["steps"] = film.steps();
    out["authors"] = people_of(film);
    out["moments_left_out"] = all.size() - moments.size();
    out["moments"] = std::move(moments);
    out["places"] = std::move(places);
    return json::serialize(out);
}

/// Words of each author and kind, for the sentences beside the text.
json::array changes_of(const Film& film, std::uint32_t since, std::uint32_t at) {
    json::array out;
    for (const auto& [group, count] : film.words(since, at)) {
        const Stretch stretch = Stretch::of(group);
        json::object one;
        one["author"] = stretch.author;
        one["kind"] = stretch.kind == Stretch::Kind::added ? "added" : "removed";
        one["words"] = count;
        out.push_back(std::move(one));
    }
    return out;
}

Result<std::string> step_of(Film& film, std::uint32_t since, std::uint32_t at) {
    const auto view = film.between(since, at);
    if (!view) {
        return fail(view.error());
    }
    const Film::View groups(film, since, at);
    const crdt::Document document(film.document(), &*view, &groups);
    auto shown = render_prosemirror(document);
    if (!shown) {
        return fail(shown.error());
    }
    json::object out;
    out["at"] = at;
    out["since"] = since;
    out["authors"] = people_of(film);
    out["changes"] = changes_of(film, since, at);
    std::string text = json::serialize(out);
    text.pop_back();
    return text + ",\"document\":" + *shown + "}";
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

/// The one that is kept, if it reaches so far; it is read by one reading at a time, since a pad has one.
std::shared_ptr<Film> PadsModule::kept_film(std::int64_t number, std::int64_t upto) {
    for (const KeptFilm& one : films_) {
        if (one.pad == number && one.film->last_seq() >= upto) {
            return one.film;
        }
    }
    return nullptr;
}

void PadsModule::keep_film(std::int64_t number, std::shared_ptr<Film> film) {
    std::erase_if(films_, [number](const KeptFilm& one) { return one.pad == number; });
    if (films_.size() == films_kept_max) {
        films_.erase(films_.begin());
    }
    films_.push_back({number, std::move(film)});
    film_timer_->expires_after(film_kept_for);
    film_timer_->async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            films_.clear();
        }
    });
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
    std::shared_ptr<Film> film = upto > 0 ? kept_film(found.pad.number, upto) : nullptr;
    std::string text;
    std::size_t bytes = 0;
    ReadingWork reading = [&](PadStore& store, const Stop& stop) -> Status {
        if (!film) {
            auto made = Film::make(store, found.pad.number, stop);
            if (!made) {
                return fail(made.error());
            }
            film = std::move(*made);
        }
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
    if (bytes <= film_bytes_kept_max) {
        keep_film(found.pad.number, std::move(film));
    }
    co_return json_text(std::move(text));
}

Task<Response> PadsModule::film(Request& request) {
    FilmWork work = [](Film& film) -> Result<std::string> { return list_of(film); };
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
        return step_of(film, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
    };
    const auto reaches = static_cast<std::int64_t>(*upto);
    co_return co_await film_answer(request, reaches, std::move(work));
}

} // namespace hameau::pads
