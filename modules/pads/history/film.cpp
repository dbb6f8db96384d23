// The integrator says of each update what it brought and took away, and at last where everything stands.
#include "modules/pads/history/film.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "modules/pads/history/standing.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

using Item = crdt::Integrator::Item;
constexpr std::uint32_t none = crdt::Integrator::none;

/// ASCII letters and digits, and every character beyond but the two spaces that cannot be broken.
bool is_of_word(std::string_view text, std::size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    return c >= 0xC0 && !text.substr(at).starts_with("\xC2\xA0") && !text.substr(at).starts_with("\xE2\x80\xAF");
}

bool is_space(std::string_view text, std::size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    return c <= ' ' || text.substr(at).starts_with("\xC2\xA0") || text.substr(at).starts_with("\xE2\x80\xAF");
}

/// Counts words of a text that comes in pieces.
class Counter {
public:
    std::int64_t add(std::string_view text) {
        std::int64_t count = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (is_space(text, i)) {
                inside_ = false;
            } else if (!inside_ && is_of_word(text, i)) {
                inside_ = true;
                ++count;
            }
        }
        return count;
    }
    void ends() { inside_ = false; }

private:
    bool inside_ = false;
};

} // namespace

std::int64_t words_of(std::string_view text) { return Counter().add(text); }

Stretch Stretch::of(std::uint32_t group) {
    const std::uint32_t number = group - 1;
    return {static_cast<Kind>(number / 2 % 3), number % 2 == 1, number / 6};
}

Result<std::shared_ptr<Film>> Film::make(PadStore& store, std::int64_t number, const Stop& stop, std::size_t bytes_max) {
    auto film = std::make_shared<Film>();
    const Status read = store.each_history_update(number, [&](const HistoryRow& row, const Person& person, crdt::View framed) {
        const Status added = film->add(row, person, framed, stop);
        return added ? film->check_size(bytes_max) : added;
    });
    if (!read) {
        return fail(read.error());
    }
    for (auto& [client, life] : film->lives_) {
        std::sort(life.deaths.begin(), life.deaths.end(), [](const Death& a, const Death& b) { return a.begin < b.begin; });
    }
    for (std::uint32_t i = 0; i < film->now_.client_count(); ++i) {
        const auto life = film->lives_.find(film->now_.client_id(i));
        film->by_index_.push_back(life == film->lives_.end() ? nullptr : &life->second);
    }
    return film;
}

Status Film::check_size(std::size_t bytes_max) {
    if (bytes_size_ - counted_size_ < bytes_max / 256) {
        return {};
    }
    counted_size_ = bytes_size_;
    return bytes_used() <= bytes_max ? Status() : Status(fail(ErrorKind::too_large, "the pad's history takes more than " + std::to_string(bytes_max >> 20) + " MiB of memory"));
}

Status Film::add(const HistoryRow& row, const Person& person, crdt::View framed, const Stop& stop) {
    bytes_size_ += framed.size();
    if (bytes_size_ > history_bytes_max) {
        return fail(ErrorKind::too_large, "the pad's history is larger than " + std::to_string(history_bytes_max >> 20) + " MiB");
    }
    bytes_.emplace_back(framed.begin(), framed.end());
    const auto author = static_cast<std::uint32_t>(author_index(person));
    std::uint32_t step = steps();
    Status done = stop.check();
    crdt::Integrator::Changes changes;
    now_.watch(&changes);
    const bool whole = each_framed(bytes_.back(), [&](crdt::View update) {
        if (!done) {
            return;
        }
        ++step;
        done = now_.apply(update, crdt::Hold::borrow);
        for (const crdt::ClockRange& range : changes.inserted) {
            Life& life = lives_[range.client];
            life.births.push_back({range.clock + range.length, step, author_at(life.early, range.clock, author)});
        }
        for (const crdt::ClockRange& range : changes.deleted) {
            Life& life = lives_[range.client];
            life.deaths.push_back({range.clock, range.clock + range.length, step, author});
        }
        changes.inserted.clear();
        changes.deleted.clear();
        if (done && now_.has_pending()) {
            note_waiting(update, author);
        }
    });
    now_.watch(nullptr);
    if (!done || !whole) {
        return done ? Status(fail(ErrorKind::corrupt, "a log row is damaged")) : done;
    }
    rows_.push_back({row.first_seq, row.begin_ms, row.end_ms, author, step});
    listed_.push_back(row);
    last_seq_ = std::max(last_seq_, row.last_seq);
    return {};
}

void Film::note_waiting(crdt::View update, std::uint32_t author) {
    std::size_t position = 0;
    if (crdt::check_update(update, outline_, position) != crdt::Fault::none) {
        return;
    }
    for (const crdt::Block& block : outline_.blocks) {
        const std::uint64_t first = std::max<std::uint64_t>(block.clock, now_.next_clock_of(block.client));
        if (first < block.end_clock && block.end_clock <= crdt::clock_max) {
            // Whoever came first stays: what is sent twice was brought by the first.
            lives_[block.client].early.try_emplace(static_cast<std::uint32_t>(first), Waiting{static_cast<std::uint32_t>(block.end_clock), author});
        }
    }
}

std::uint32_t Film::author_at(const WaitingRanges& waiting, std::uint32_t clock, std::uint32_t author) {
    const auto behind = waiting.upper_bound(clock);
    return behind == waiting.begin() || std::prev(behind)->second.end <= clock ? author : std::prev(behind)->second.author;
}

std::size_t Film::author_index(const Person& person) {
    const auto [known, fresh] = author_numbers_.emplace(person.login + "\n" + person.name, authors_.size());
    if (fresh) {
        authors_.push_back(person);
    }
    return known->second;
}

std::size_t Film::bytes_used() const {
    std::size_t lives = 0;
    for (const auto& [client, life] : lives_) {
        lives += sizeof life + life.early.size() * (sizeof(WaitingRanges::value_type) + 4 * sizeof(void*)) + life.births.capacity() * sizeof(Birth) + life.deaths.capacity() * sizeof(Death);
    }
    return now_.bytes_used() + bytes_size_ + lives + rows_.capacity() * (sizeof(Row) + sizeof(HistoryRow));
}

std::uint32_t Film::known(const Life& life, std::uint32_t step) {
    const auto behind = std::upper_bound(life.births.begin(), life.births.end(), step, [](std::uint32_t wanted, const Birth& one) { return wanted < one.step; });
    return behind == life.births.begin() ? 0 : std::prev(behind)->next_clock;
}

const Film::Life* Film::life_of(const Item& item) const {
    return item.client < by_index_.size() ? by_index_[item.client] : nullptr;
}

const Film::Birth* Film::birth_of(const Item& item) const {
    const Life* life = life_of(item);
    if (life == nullptr) {
        return nullptr;
    }
    const auto birth = std::upper_bound(life->births.begin(), life->births.end(), item.clock, [](std::uint32_t clock, const Birth& one) { return clock < one.next_clock; });
    return birth == life->births.end() ? nullptr : &*birth;
}

const Film::Death* Film::death_of(const Item& item) const {
    const Life* life = life_of(item);
    if (life == nullptr) {
        return nullptr;
    }
    const auto behind = std::upper_bound(life->deaths.begin(), life->deaths.end(), item.clock, [](std::uint32_t clock, const Death& one) { return clock < one.begin; });
    return behind == life->deaths.begin() || std::prev(behind)->end <= item.clock ? nullptr : &*std::prev(behind);
}

std::uint32_t Film::born(const Item& item) const {
    const Birth* const birth = birth_of(item);
    return birth == nullptr ? 0 : birth->step;
}

std::uint32_t Film::died(const Item& item) const {
    const Death* const death = death_of(item);
    return death == nullptr ? 0 : death->step;
}

template <class Visit>
void Film::each_item(Visit&& visit) const {
    const auto root = now_.roots().find(lines_root);
    std::vector<std::uint32_t> types;
    if (root != now_.roots().end()) {
        types.push_back(root->second);
    }
    while (!types.empty()) {
        const std::uint32_t type = types.back();
        types.pop_back();
        for (std::uint32_t i = now_.types()[type].head; i != none; i = now_.items()[i].next) {
            const Item& item = now_.items()[i];
            visit(item);
            if (item.kind == crdt::Kind::type) {
                types.push_back(item.content);
            }
        }
    }
}

std::map<std::uint32_t, std::int64_t> Film::words(std::uint32_t since, std::uint32_t at) const {
    std::map<std::uint32_t, std::int64_t> words;
    if (since == at) {
        return words;
    }
    Counter counter;
    std::uint32_t last = 0;
    std::string text;
    each_item([&](const Item& item) {
        const std::uint32_t born = this->born(item);
        const std::uint32_t died = this->died(item);
        const bool stands = born <= at && (died == 0 || died > at);
        const bool went = born <= since && died > since && died <= at;
        if (!item.countable() || !(stands || went)) {
            return;
        }
        Stretch stretch = Stretch::of(View(*this, since, at).group(item));
        stretch.lost = false;
        if (item.kind != crdt::Kind::string || stretch.group() != last) {
            counter.ends();
            last = stretch.group();
        }
        if (item.kind == crdt::Kind::string && stretch.kind != Stretch::Kind::kept) {
            text.clear();
            now_.append_text(item, text);
            words[last] += counter.add(text);
        }
    });
    return words;
}

crdt::Bytes Film::encoded(std::uint32_t since, std::uint32_t at) const {
    crdt::Bytes bytes;
    crdt::Writer out(bytes);
    out.uvar(lives_.size());
    for (const auto& [client, life] : lives_) {
        const std::uint32_t known_since = known(life, since);
        std::vector<crdt::Range> gone;
        for (const Death& death : life.deaths) {
            // What came and went in between is shown by neither.
            const std::uint32_t begin = death.step <= since ? death.begin : std::max(death.begin, known_since);
            if (death.step <= at && begin < death.end) {
                gone.push_back({begin, death.end});
            }
        }
        out.uvar(client);
        out.uvar(gone.size());
        for (const crdt::Range& range : gone) {
            out.uvar(range.begin);
            out.uvar(range.end - range.begin);
        }
    }
    out.uvar(lives_.size());
    for (const auto& [client, life] : lives_) {
        out.uvar(client);
        out.uvar(known(life, at));
    }
    return bytes;
}

Result<crdt::Snapshot> Film::between(std::uint32_t since, std::uint32_t at) {
    // Both ends part the items, so that each is one thing: kept, added or removed.
    const std::vector<std::uint32_t> ends = since == at ? std::vector<std::uint32_t>() : std::vector<std::uint32_t>{since, at};
    for (const std::uint32_t step : ends) {
        if (const auto parted = now_.snapshot(encoded(step, step)); !parted) {
            return fail(parted.error());
        }
    }
    return now_.snapshot(encoded(since, at));
}

std::uint32_t Film::View::group(const Item& item) const {
    const Birth* const birth = film_.birth_of(item);
    const Death* const death = film_.death_of(item);
    const std::uint32_t born = birth == nullptr ? 0 : birth->step;
    const std::uint32_t died = death == nullptr ? 0 : death->step;
    Stretch stretch;
    const bool removed = died > 0 && died <= at_;
    stretch.kind = removed ? Stretch::Kind::removed : born > since_ ? Stretch::Kind::added : Stretch::Kind::kept;
    stretch.lost = died > at_;
    stretch.author = removed ? death->author : birth != nullptr ? birth->author : 0;
    return stretch.group();
}

/// Words that each moment added and removed: one pass over the text, where each piece says when it came and went.
class Film::Words {
public:
    Words(const Film& film, std::vector<FilmMoment>& moments, const std::vector<std::uint32_t>& cut_ends) : film_(film), moments_(moments), cut_ends_(cut_ends) {}

    void run() {
        if (!moments_.empty()) {
            film_.each_item([this](const Item& item) { piece(item); });
        }
    }

private:
    /// A place in the list of moments, and where its last word stands.
    struct Open {
        std::size_t moment = SIZE_MAX;
        Counter counter;

        Counter& of(std::size_t wanted) {
            if (wanted != moment) {
                counter.ends();
                moment = wanted;
            }
            return counter;
        }
    };

    /// The moment in which a step lies.
    std::size_t moment_of(std::uint32_t step) const {
        const auto found = std::lower_bound(moments_.begin(), moments_.end(), step, [](const FilmMoment& one, std::uint32_t wanted) { return one.at < wanted; });
        return std::min(static_cast<std::size_t>(found - moments_.begin()), moments_.size() - 1);
    }

    void piece(const Item& item) {
        if (item.kind != crdt::Kind::string) {
            if (item.countable()) {
                for (Open* open : {&added_, &removed_, &cut_}) {
                    open->counter.ends();
                }
            }
            return;
        }
        text_.clear();
        film_.now_.append_text(item, text_);
        const std::uint32_t born = film_.born(item);
        const std::uint32_t died = film_.died(item);
        const std::size_t came = moment_of(born);
        if (died == 0 || died > moments_[came].at) {
            moments_[came].words_added += added_.of(came).add(text_);
        }
        if (died == 0) {
            removed_.counter.ends();
            cut_.counter.ends();
            return;
        }
        const std::size_t went = moment_of(died);
        if (born <= moments_[went].since) {
            moments_[went].words_removed += removed_.of(went).add(text_);
            if (went > 0 && moments_[went - 1].moment.before && died <= cut_ends_[went - 1]) {
                moments_[went - 1].words_cut += cut_.of(went).add(text_);
            }
        }
    }

    const Film& film_;
    std::vector<FilmMoment>& moments_;
    const std::vector<std::uint32_t>& cut_ends_;  ///< by moment: the last step of what followed it
    std::string text_;
    Open added_;
    Open removed_;
    Open cut_;
};

std::vector<FilmMoment> Film::moments() const {
    MomentList list(MomentLength::hour);
    for (const HistoryRow& row : listed_) {
        list.add(row);
    }
    std::vector<FilmMoment> out;
    std::vector<std::uint32_t> cut_ends;
    for (Moment& moment : list.take()) {
        FilmMoment one;
        one.since = out.empty() ? 0 : out.back().at;
        one.at = rows_[moment.rows - 1].end;
        std::uint32_t cut_end = 0;
        if (moment.before && moment.rows < listed_.size()) {
            std::int64_t left = moment.before->removed;
            for (std::size_t i = moment.rows; i < rows_.size() && left > 0; ++i) {
                left -= rows_[i].author == rows_[moment.rows].author ? listed_[i].removed : 0;
                cut_end = rows_[i].end;
            }
        }
        one.moment = std::move(moment);
        out.push_back(std::move(one));
        cut_ends.push_back(cut_end);
    }
    Words(*this, out, cut_ends).run();
    return out;
}

std::vector<std::size_t> largest_cuts(std::span<const Moment* const> moments, std::size_t most) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 0; i < moments.size(); ++i) {
        if (moments[i]->before) {
            cuts.push_back(i);
        }
    }
    std::stable_sort(cuts.begin(), cuts.end(), [moments](std::size_t a, std::size_t b) { return moments[a]->before->removed > moments[b]->before->removed; });
    cuts.resize(std::min(cuts.size(), most));
    return cuts;
}

std::vector<Film::Place> Film::places(std::size_t most) const {
    std::vector<std::uint32_t> wanted;
    const std::uint32_t all = steps();
    const std::uint32_t stride = std::max<std::uint32_t>(1, all / static_cast<std::uint32_t>(std::max<std::size_t>(1, most / 2)));
    for (std::uint32_t step = stride; step < all; step += stride) {
        wanted.push_back(step);
    }
    if (all > 0) {
        wanted.push_back(all);
    }
    MomentList list(MomentLength::hour);
    for (const HistoryRow& row : listed_) {
        list.add(row);
    }
    const std::vector<Moment> moments = list.take();
    std::vector<const Moment*> all_moments;
    for (const Moment& one : moments) {
        all_moments.push_back(&one);
    }
    for (const std::size_t one : largest_cuts(all_moments, most / 8)) {
        wanted.push_back(rows_[moments[one].rows - 1].end);
    }
    for (auto moment = moments.rbegin(); moment != moments.rend() && wanted.size() < most; ++moment) {
        if (const std::uint32_t end = rows_[moment->rows - 1].end; end > 0) {
            wanted.push_back(end);
        }
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    std::vector<Place> places;
    for (const std::uint32_t step : wanted) {
        const auto row = std::lower_bound(rows_.begin(), rows_.end(), step, [](const Row& one, std::uint32_t end) { return one.end < end; });
        const std::uint32_t begin = row == rows_.begin() ? 0 : std::prev(row)->end;
        Place place;
        place.at = step;
        place.author = row->author;
        // Updates of a row have no time of their own: as if they had come evenly.
        place.time_ms = row->begin_ms + (row->end_ms - row->begin_ms) * (step - begin) / (row->end - begin);
        place.moment = std::to_string(row->first_seq) + (step < row->end ? "-" + std::to_string(row->end - step) : "");
        places.push_back(std::move(place));
    }
    return places;
}

} // namespace hameau::pads
