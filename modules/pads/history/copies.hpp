// Which copies are which old units: an entry of the root "moves" (docs/pads-format.md, Moves), so that a word that the house brings
// back, and somebody else at the same time, stands once. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "modules/pads/crdt/update.hpp"

namespace hameau::pads {

inline constexpr std::string_view moves_root = "moves";
/// Of one entry (docs/pads-format.md); readers pass over larger ones.
inline constexpr std::uint32_t moves_units_max = 50'000;
inline constexpr std::size_t moves_ranges_max = 2'000;

class Copies {
public:
    /// The next `length` units from `old` on are those from `clock` on now.
    void add(crdt::Id old, std::uint32_t length, std::uint32_t clock);
    bool empty() const { return entries_.empty(); }
    /// One struct of `count()` values, each an entry of `client`; behind `last`, the last unit of that root, if it has any.
    void write(crdt::Writer& out, std::uint64_t client, std::optional<crdt::Id> last) const;
    std::uint32_t count() const { return static_cast<std::uint32_t>(entries_.size()); }

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
