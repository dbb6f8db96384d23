// Where a unit of the text is now, by the entries of the root "moves" (docs/pads-format.md, Moves): the same answers as
// web-ui/src/pad/lines/moves.ts gives. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

inline constexpr std::string_view moves_root = "moves";
/// Of one entry (docs/pads-format.md); readers pass over larger ones.
inline constexpr std::uint32_t moves_units_max = 50'000;
inline constexpr std::size_t moves_ranges_max = 2'000;

class Ways {
public:
    /// An entry that the house wrote when it restored an earlier state.
    struct Own {
        crdt::Id entry;
        std::uint32_t units;
        std::size_t bytes;
    };
    struct Run {
        crdt::Id id;
        std::uint32_t length;  ///< so many units from there on stand side by side, in the same order
    };

    /// Reads the list of moves of this document.
    explicit Ways(const crdt::Integrator& now);
    /// Where the unit `id` is now; of the `length` (1 or more) units from there on, as many as went the same way. A unit that counts
    /// as moved by nobody is where it is.
    Run now(crdt::Id id, std::uint32_t length);
    /// Where it was written.
    Run first(crdt::Id id, std::uint32_t length);
    /// Where its writer's program brought it home since (`again` 2), if that is what counts of it; else the unit itself.
    Run home(crdt::Id id, std::uint32_t length);
    bool any() const { return !came_.empty(); }
    /// So much was looked up that the rest of this restore does without. What is brought back then has no entry.
    bool spent() const { return looks_ > moves_looks_max; }
    /// The house's entries, in the order of the list.
    const std::vector<Own>& own() const { return own_; }

private:
    using Place = std::pair<std::uint64_t, std::uint32_t>;
    struct Piece {
        std::uint32_t length;
        crdt::Id other;
        bool home = false;
    };
    using Pieces = std::map<Place, Piece>;
    struct Step {
        crdt::Id from;
        crdt::Id to;
        std::uint32_t length;
        bool by_program;
        bool home;
    };
    struct Entry {
        crdt::Id id;
        std::uint64_t units_from = 0;  ///< what its author says in all goes by these
        std::uint64_t units = 0;
        std::vector<Step> steps;
    };

    std::vector<Entry> read_list(const crdt::Integrator& now);
    void keep(const Entry& entry, const std::map<std::uint64_t, std::uint32_t>& states);
    void choose(Step step);
    bool came_there(const Step& step) const;
    static crdt::Id along(const Pieces::value_type& piece, crdt::Id at);
    std::optional<crdt::Id> origin(crdt::Id id, std::uint32_t& length);
    const Pieces::value_type* covering(const Pieces& pieces, crdt::Id id, std::uint32_t& length);

    Pieces came_;    ///< by where the units are now: where they came from
    Pieces goes_;    ///< by where they were: by the step that counts
    std::vector<Step> kept_;
    std::vector<Own> own_;
    std::uint64_t looks_ = 0;
};

} // namespace hameau::pads
