// Sorted clock ranges; see range_set.hpp.
#include "modules/pads/crdt/range_set.hpp"

#include <algorithm>

namespace hameau::crdt {

std::size_t RangeSet::first_behind(std::uint32_t clock) const {
    const auto found = std::upper_bound(ranges_.begin(), ranges_.end(), clock,
                                        [](std::uint32_t value, const Range& range) { return value < range.end; });
    return static_cast<std::size_t>(found - ranges_.begin());
}

bool RangeSet::contains(std::uint32_t clock) const {
    const std::size_t i = first_behind(clock);
    return i < ranges_.size() && ranges_[i].begin <= clock;
}

bool RangeSet::covers(std::uint32_t begin, std::uint32_t end) const {
    const std::size_t i = first_behind(begin);
    return i < ranges_.size() && ranges_[i].begin <= begin && ranges_[i].end >= end;
}

void RangeSet::append(Range added) {
    if (!ranges_.empty() && ranges_.back().end >= added.begin)
        ranges_.back().end = std::max(ranges_.back().end, added.end);
    else
        ranges_.push_back(added);
}

void RangeSet::add(Range added, std::vector<Range>& fresh) {
    if (ranges_.empty() || added.begin > ranges_.back().end) {
        ranges_.push_back(added);
        fresh.push_back(added);
        return;
    }
    // First range that touches or follows the added one.
    const auto first = std::lower_bound(ranges_.begin(), ranges_.end(), added.begin,
                                        [](const Range& range, std::uint32_t value) { return range.end < value; });
    auto last = first;
    Range joined = added;
    std::uint32_t cursor = added.begin;
    for (; last != ranges_.end() && last->begin <= added.end; ++last) {
        if (last->begin > cursor)
            fresh.push_back({cursor, last->begin});
        cursor = std::max(cursor, last->end);
        joined.begin = std::min(joined.begin, last->begin);
        joined.end = std::max(joined.end, last->end);
    }
    if (cursor < added.end)
        fresh.push_back({cursor, added.end});
    if (first == last) {
        ranges_.insert(first, joined);
    } else {
        *first = joined;
        ranges_.erase(first + 1, last);
    }
}

void RangeSet::add_all(std::vector<Range>& added, std::vector<Range>& fresh) {
    const auto by_begin = [](const Range& a, const Range& b) { return a.begin < b.begin; };
    std::sort(added.begin(), added.end(), by_begin);
    std::size_t i = 0;
    std::uint32_t cursor = 0;
    for (const Range& range : added) {
        cursor = std::max(cursor, range.begin);
        while (i < ranges_.size() && ranges_[i].end <= cursor)
            ++i;
        for (std::size_t j = i; cursor < range.end;) {
            if (j == ranges_.size() || ranges_[j].begin >= range.end) {
                fresh.push_back({cursor, range.end});
                cursor = range.end;
                break;
            }
            if (ranges_[j].begin > cursor)
                fresh.push_back({cursor, ranges_[j].begin});
            cursor = std::max(cursor, ranges_[j].end);
            i = j++;
        }
    }
    std::vector<Range> all(ranges_.size() + added.size());
    std::merge(ranges_.begin(), ranges_.end(), added.begin(), added.end(), all.begin(), by_begin);
    ranges_.clear();
    for (const Range& range : all)
        append(range);
}

void RangeSet::take_below(std::uint32_t clock, std::vector<Range>& taken) {
    auto range = ranges_.begin();
    for (; range != ranges_.end() && range->end <= clock; ++range)
        taken.push_back(*range);
    if (range != ranges_.end() && range->begin < clock) {
        taken.push_back({range->begin, clock});
        range->begin = clock;
    }
    ranges_.erase(ranges_.begin(), range);
}

} // namespace hameau::crdt
