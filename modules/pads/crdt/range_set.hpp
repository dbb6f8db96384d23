// A set of clocks of one client as sorted, disjoint, non-touching ranges: the delete set of section 2.
// Owner: pads/crdt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hameau::crdt {

/// Clocks begin <= clock < end.
struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    friend bool operator==(const Range&, const Range&) = default;
};

class RangeSet {
public:
    const std::vector<Range>& ranges() const { return ranges_; }
    bool empty() const { return ranges_.empty(); }
    std::size_t bytes_used() const { return ranges_.capacity() * sizeof(Range); }
    void clear() { ranges_.clear(); }

    bool contains(std::uint32_t clock) const;
    /// Whether all of [begin, end) is in the set.
    bool covers(std::uint32_t begin, std::uint32_t end) const;
    /// Index of the first range that ends behind `clock`.
    std::size_t first_behind(std::uint32_t clock) const;

    /// Adds [begin, end) and appends the parts that were not there to `fresh`.
    void add(Range added, std::vector<Range>& fresh);
    /// Adds many, in any order: linear in the set plus n log n in what is added (one by one would be quadratic).
    void add_all(std::vector<Range>& added, std::vector<Range>& fresh);
    /// Adds a range known to lie behind all others (touching is fine).
    void append(Range added);
    /// Removes everything below `clock` and appends it to `taken`.
    void take_below(std::uint32_t clock, std::vector<Range>& taken);

private:
    std::vector<Range> ranges_;
};

} // namespace hameau::crdt
