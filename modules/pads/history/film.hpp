// A pad's whole life in one document: of each unit when it came and when it went, so that the text of any step, and what changed between
// two steps, is shown without building the document again. A step is one update, counted from 1 in the order of the history.
// Made and read on the threads for long readings, by one at a time; bounded by history_bytes_max and film_bytes_max.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "modules/pads/crdt/document.hpp"
#include "modules/pads/history/history.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

/// What a stretch of text is when steps `since` and `at` are compared.
struct Stretch {
    enum class Kind : std::uint8_t { kept = 0, added = 1, removed = 2 };
    Kind kind = Kind::kept;
    bool lost = false;         ///< it stands at `at` and not today
    std::size_t author = 0;  ///< who wrote it, or took it out: index of Film::authors()

    /// As one number, for crdt::Run::group; 0 is no stretch.
    std::uint32_t group() const { return 1 + ((static_cast<std::uint32_t>(author) * 3 + static_cast<std::uint32_t>(kind)) * 2 + (lost ? 1 : 0)); }
    static Stretch of(std::uint32_t group);
};

/// A moment of the list, as steps and in words.
struct FilmMoment {
    Moment moment;
    std::uint32_t since = 0;  ///< step
    std::uint32_t at = 0;
    std::int64_t words_added = 0;    ///< that stand at its end
    std::int64_t words_removed = 0;  ///< that stood at its beginning
    std::int64_t words_cut = 0;      ///< that what came next (Moment::before) removed
};

class Film {
public:
    /// One row of the history.
    struct Row {
        std::int64_t first_seq = 0;
        std::int64_t begin_ms = 0;
        std::int64_t end_ms = 0;
        std::size_t author = 0;
        std::uint32_t end = 0;  ///< the step of its last update
    };
    /// A place of the slider.
    struct Place {
        std::uint32_t at = 0;
        std::int64_t time_ms = 0;
        std::size_t author = 0;
        std::string moment;  ///< its name in the API (PadStore::past)
    };

    /// `bytes_max`: of memory. Errors: corrupt, too_large, those of `stop` and of the database.
    static Result<std::shared_ptr<Film>> make(PadStore& store, std::int64_t number, const Stop& stop, std::size_t bytes_max = film_bytes_max);

    std::uint32_t steps() const { return rows_.empty() ? 0 : rows_.back().end; }
    std::int64_t last_seq() const { return last_seq_; }
    const std::vector<Person>& authors() const { return authors_; }
    std::size_t bytes_used() const;

    /// Oldest first; moments of an hour.
    std::vector<FilmMoment> moments() const;
    /// At most `most` places over the whole life, the ends of moments among them as far as they fit.
    std::vector<Place> places(std::size_t most) const;

    /// What stands at `at` or went between `since` and `at`; a crdt::Document of it is shown with groups(). since <= at <= steps().
    Result<crdt::Snapshot> between(std::uint32_t since, std::uint32_t at);
    /// How many words were added and removed: by Stretch::group() of those, `lost` left out. After between() of the same steps.
    std::map<std::uint32_t, std::int64_t> words(std::uint32_t since, std::uint32_t at) const;
    /// Says of each unit of that view what it is, as Stretch::group().
    class View final : public crdt::Groups {
    public:
        View(const Film& film, std::uint32_t since, std::uint32_t at) : film_(film), since_(since), at_(at) {}
        std::uint32_t group(const crdt::Integrator::Item& item) const override;

    private:
        const Film& film_;
        std::uint32_t since_;
        std::uint32_t at_;
    };
    const crdt::Integrator& document() const { return now_; }

private:
    struct Birth {
        std::uint32_t next_clock;  ///< of the client, behind the step
        std::uint32_t step;
        std::uint32_t author;
    };
    struct Death {
        std::uint32_t begin;
        std::uint32_t end;
        std::uint32_t step;
        std::uint32_t author;
    };
    /// Units of a client that an update carried before they could be put in.
    struct Waiting {
        std::uint32_t end = 0;
        std::uint32_t author = 0;
    };
    using WaitingRanges = std::map<std::uint32_t, Waiting>;  ///< by first clock
    struct Life {
        std::vector<Birth> births;
        std::vector<Death> deaths;  ///< by clock
        WaitingRanges early;
    };
    class Words;

    /// Asked each time that some more of the history was read: counting takes a walk over all clients.
    Status check_size(std::size_t bytes_max);
    Status add(const HistoryRow& row, const Person& person, crdt::View framed, const Stop& stop);
    std::size_t author_index(const Person& person);
    /// Notes what of this update has to wait, with its author: rows of one person stand whole before those of another who wrote at the
    /// same time, so the update that lets it in is often somebody else's.
    void note_waiting(crdt::View update, std::uint32_t author);
    /// Who brought this clock: the one whose update waited for it, else `author`.
    static std::uint32_t author_at(const WaitingRanges& waiting, std::uint32_t clock, std::uint32_t author);
    /// Clocks that the client had at a step.
    static std::uint32_t known(const Life& life, std::uint32_t step);
    /// The steps at which a unit came and went; 0: it stands.
    std::uint32_t born(const crdt::Integrator::Item& item) const;
    std::uint32_t died(const crdt::Integrator::Item& item) const;
    const Birth* birth_of(const crdt::Integrator::Item& item) const;
    const Death* death_of(const crdt::Integrator::Item& item) const;
    const Life* life_of(const crdt::Integrator::Item& item) const;
    /// Visits the items of the text, those of a tree of the older form too.
    template <class Visit>
    void each_item(Visit&& visit) const;
    crdt::Bytes encoded(std::uint32_t since, std::uint32_t at) const;

    crdt::Integrator now_;
    crdt::Outline outline_;    ///< kept for its memory
    std::deque<Bytes> bytes_;  ///< that the document's items lie in
    std::size_t bytes_size_ = 0;
    std::size_t counted_size_ = 0;  ///< bytes_size_ when the memory was counted last
    std::int64_t last_seq_ = 0;
    std::vector<Row> rows_;
    std::vector<HistoryRow> listed_;
    std::vector<Person> authors_;
    std::unordered_map<std::string, std::size_t> author_numbers_;
    std::unordered_map<std::uint64_t, Life> lives_;  ///< by client id
    std::vector<const Life*> by_index_;              ///< the same by the document's index of clients, once it is made
};

/// Of these moments the `most` that stand before the largest removals, by index, largest first.
std::vector<std::size_t> largest_cuts(std::span<const Moment* const> moments, std::size_t most);

/// How many words a text has: runs between spaces that hold more than signs.
std::int64_t words_of(std::string_view text);

} // namespace hameau::pads
