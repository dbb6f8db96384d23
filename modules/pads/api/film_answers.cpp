// People are given by their number, and only those whom the answer names: guests choose their names.
#include "modules/pads/api/film_answers.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/export/render.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

/// Whom an answer names. Guests choose their names and each new one is a person of the film, so the others are left out.
class Named {
public:
    explicit Named(const Film& film) : film_(film), named_(film.authors().size()) {}

    void note(std::size_t author) {
        if (author < named_.size()) {
            named_[author] = true;
        }
    }
    /// By their number in the film.
    json::object people() const {
        json::object out;
        for (std::size_t i = 0; i < named_.size(); ++i) {
            if (named_[i]) {
                json::object one;
                one["login"] = film_.authors()[i].login;
                one["name"] = film_.authors()[i].name;
                out[std::to_string(i)] = std::move(one);
            }
        }
        return out;
    }

private:
    const Film& film_;
    std::vector<bool> named_;
};

/// The stretches of a view, and whom they name.
class NamingView final : public crdt::Groups {
public:
    NamingView(const Film::View& view, Named& named) : view_(view), named_(named) {}
    std::uint32_t group(const crdt::Integrator::Item& item) const override {
        const std::uint32_t group = view_.group(item);
        named_.note(Stretch::of(group).author);
        return group;
    }

private:
    const Film::View& view_;
    Named& named_;
};

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

/// Which of the moments, oldest first, the list has: the newest ones, and of the others those before the largest cuts, so that nobody
/// hides a removal behind a thousand small ones.
std::vector<bool> listed(const std::vector<FilmMoment>& all) {
    std::vector<bool> out(all.size(), true);
    if (all.size() <= film_moments_max) {
        return out;
    }
    const std::size_t older = all.size() - (film_moments_max - film_cuts_max);
    std::vector<const Moment*> before;
    for (std::size_t i = 0; i < older; ++i) {
        out[i] = false;
        before.push_back(&all[i].moment);
    }
    for (const std::size_t one : largest_cuts(before, film_cuts_max)) {
        out[one] = true;
    }
    return out;
}

/// Words of each author and kind, for the sentences beside the text.
json::array changes_of(const Film& film, std::uint32_t since, std::uint32_t at, Named& named) {
    json::array out;
    for (const auto& [group, count] : film.words(since, at)) {
        const Stretch stretch = Stretch::of(group);
        named.note(stretch.author);
        json::object one;
        one["author"] = stretch.author;
        one["kind"] = stretch.kind == Stretch::Kind::added ? "added" : "removed";
        one["words"] = count;
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace

std::string film_list(const Film& film) {
    json::array moments;
    const std::vector<FilmMoment> all = film.moments();
    const std::vector<bool> shown = listed(all);
    for (std::size_t i = all.size(); i-- > 0;) {
        if (shown[i]) {
            moments.push_back(describe(all[i]));
        }
    }
    Named named(film);
    json::array places;
    for (const Film::Place& place : film.places(film_places_max)) {
        json::object out;
        out["at"] = place.at;
        out["time"] = format_utc(place.time_ms);
        out["author"] = place.author;
        out["moment"] = place.moment;
        named.note(place.author);
        places.push_back(std::move(out));
    }
    json::object out;
    out["upto"] = std::to_string(film.last_seq());
    out["steps"] = film.steps();
    out["authors"] = named.people();
    out["moments_left_out"] = all.size() - moments.size();
    out["moments"] = std::move(moments);
    out["places"] = std::move(places);
    return json::serialize(out);
}

Result<std::string> film_step_of(Film& film, std::uint32_t since, std::uint32_t at) {
    const auto view = film.between(since, at);
    if (!view) {
        return fail(view.error());
    }
    Named named(film);
    const Film::View groups(film, since, at);
    const NamingView naming(groups, named);
    const crdt::Document document(film.document(), &*view, &naming);
    auto shown = render_prosemirror(document);
    if (!shown) {
        return fail(shown.error());
    }
    json::object out;
    out["at"] = at;
    out["since"] = since;
    out["changes"] = changes_of(film, since, at, named);
    out["authors"] = named.people();
    std::string text = json::serialize(out);
    text.pop_back();
    return text + ",\"document\":" + *shown + "}";
}

} // namespace hameau::pads
