// Which copies are which old units: an entry of the root "moves" (docs/pads-format.md, Moves), so that a word that the house brings
// back, and somebody else at the same time, stands once. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "modules/pads/history/ways.hpp"

namespace hameau::pads {

class Copies {
public:
    /// The next `length` units from `old` on, wherever they are now, are those from `clock` on. (An entry goes on from where a unit is: from
    /// where it was there may be a way already, to a copy that was taken out since.)
    void add(crdt::Id old, std::uint32_t length, std::uint32_t clock, Ways& ways);
    bool empty() const { return entries_.empty(); }
    /// One struct of `count()` values, each an entry of `client`; behind `last`, the last unit of that root, if it has any.
    void write(crdt::Writer& out, std::uint64_t client, std::optional<crdt::Id> last) const;
    std::uint32_t count() const { return static_cast<std::uint32_t>(entries_.size()); }
    std::uint64_t units() const;

private:
    struct Units {
        std::uint64_t client;
        std::uint32_t clock;
        std::uint32_t length;
    };
    struct Entry {
        std::vector<Units> from;
        std::vector<Units> to;  ///< their client is the copies' own
        std::uint32_t units = 0;
    };

    static void append(std::vector<Units>& list, Units units);
    static void write_ranges(crdt::Writer& out, const std::vector<Units>& list);

    std::vector<Entry> entries_;
};

} // namespace hameau::pads
