// Moments of a pad's history: what was done within one hour or day, and the document as it was at its end. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/pads/crdt/integrator.hpp"
#include "modules/pads/storage/readings.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

enum class MomentLength { hour, day };

struct Moment {
    std::int64_t seq = 0;  ///< everything up to this: its name
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::vector<std::string> authors;
    std::int64_t added = 0;
    std::int64_t removed = 0;
};

/// Days are those of the house's time zone (daemon/base/time_zone.hpp). Collects rows, given in the order in which they came. A clock that jumped makes a moment of its own, never disorder.
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
    std::vector<Moment> moments_;
};

/// A document between then and now.
struct Integrated {
    crdt::Integrator now;
    crdt::Snapshot then;
};
/// Errors: corrupt; those of `stop`; too_large (see crdt::Crowded; only a restore, which writes, must be exact).
Result<Integrated> integrate(const Past& past, const Stop& stop = Stop(), crdt::Crowded crowded = crdt::Crowded::approximate);

} // namespace hameau::pads
