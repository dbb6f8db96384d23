// Moments of a pad's history: what was done within one hour or day, and the document as it was at its end. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/storage/readings.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

enum class MomentLength { hour, day };

/// Somebody removed or replaced much.
struct CutSaid {
    std::string author;  ///< name
    std::int64_t time_ms = 0;
    std::int64_t added = 0;  ///< units
    std::int64_t removed = 0;
};

struct Moment {
    std::int64_t seq = 0;  ///< everything up to this: its name
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::vector<std::string> authors;
    std::int64_t added = 0;
    std::int64_t removed = 0;
    std::optional<CutSaid> before;  ///< what came next, when that ended the moment
    std::size_t rows = 0;           ///< of the history, up to the end of the moment
};

/// Days are those of the house's time zone (daemon/base/time_zone.hpp). Collects rows, given in the order in which they came. A clock that jumped makes a moment of its own, never disorder.
/// A moment ends before a cut.
class MomentList {
public:
    explicit MomentList(MomentLength length) : length_(length) {}
    void add(const HistoryRow& row);
    /// Oldest first.
    std::vector<Moment> take() { return std::move(moments_); }

private:
    MomentLength length_;
    std::int64_t key_ = -1;
    bool alone_ = false;  ///< the last moment takes no further row
    std::size_t rows_ = 0;
    std::vector<Moment> moments_;
};

/// The moment of a past less its last so many updates. Errors: not_found when it has not so many.
Status leave_out(Past& past, std::size_t updates);

/// A document between then and now.
struct Integrated {
    crdt::Integrator now;
    crdt::Snapshot then;
};
/// Errors: corrupt; those of `stop`; too_large (see crdt::Crowded; only a restore, which writes, must be exact).
Result<Integrated> integrate(const Past& past, const Stop& stop = Stop(), crdt::Crowded crowded = crdt::Crowded::approximate);

} // namespace hameau::pads
