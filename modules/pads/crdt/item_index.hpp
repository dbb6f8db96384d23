// Items of one client by clock: small sorted leaves, so that splitting a run in the middle of a large document moves
// at most two kilobytes. Owner: pads/crdt; used by the integrator only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hameau::crdt {

class ItemIndex {
public:
    struct Entry {
        std::uint32_t clock = 0;
        std::uint32_t item = 0;
    };
    struct Place {
        std::uint32_t leaf = 0;
        std::uint32_t at = 0;
    };
    static constexpr std::size_t leaf_max = 256;

    std::uint32_t next_clock = 0;  ///< first clock that is not known

    const std::vector<std::vector<Entry>>& leaves() const { return leaves_; }
    const Entry& operator[](Place place) const { return leaves_[place.leaf][place.at]; }

    /// Adds an item behind all others.
    void append(Entry entry) {
        if (leaves_.empty() || leaves_.back().size() == leaf_max) {
            leaves_.emplace_back();
            firsts_.push_back(entry.clock);
        }
        leaves_.back().push_back(entry);
    }

    /// The item that contains `clock` (< next_clock).
    Place find(std::uint32_t clock) const {
        if (hint_.leaf < leaves_.size()) {
            if (holds(hint_, clock))
                return hint_;
            const Place after{hint_.leaf, hint_.at + 1};
            if (holds(after, clock))
                return hint_ = after;
        }
        std::uint32_t leaf = static_cast<std::uint32_t>(leaves_.size() - 1);
        if (clock >= leaves_[leaf].back().clock)
            return hint_ = Place{leaf, static_cast<std::uint32_t>(leaves_[leaf].size() - 1)};
        if (clock < firsts_[leaf])
            leaf = static_cast<std::uint32_t>(std::upper_bound(firsts_.begin(), firsts_.end(), clock) - firsts_.begin() - 1);
        const auto& entries = leaves_[leaf];
        std::size_t low = 0;
        for (std::size_t size = entries.size(); size > 1;) {
            const std::size_t half = size / 2;
            low += entries[low + half].clock <= clock ? half : 0;
            size -= half;
        }
        return hint_ = Place{leaf, static_cast<std::uint32_t>(low)};
    }

    /// Adds an item directly behind the one at `place`; returns where it is now.
    Place insert_behind(Place place, Entry entry) {
        if (leaves_[place.leaf].size() == leaf_max) {
            auto& full = leaves_[place.leaf];
            std::vector<Entry> upper;
            upper.reserve(leaf_max);
            upper.assign(full.begin() + leaf_max / 2, full.end());
            full.resize(leaf_max / 2);
            firsts_.insert(firsts_.begin() + place.leaf + 1, upper.front().clock);
            leaves_.insert(leaves_.begin() + place.leaf + 1, std::move(upper));
            if (place.at >= leaf_max / 2) {
                ++place.leaf;
                place.at -= static_cast<std::uint32_t>(leaf_max / 2);
            }
        }
        auto& entries = leaves_[place.leaf];
        entries.insert(entries.begin() + place.at + 1, entry);
        return hint_ = Place{place.leaf, place.at + 1};
    }

    std::size_t bytes_used() const {
        std::size_t size = leaves_.capacity() * sizeof(leaves_[0]) + firsts_.capacity() * sizeof(firsts_[0]);
        for (const auto& leaf : leaves_)
            size += leaf.capacity() * sizeof(Entry);
        return size;
    }

private:
    std::vector<std::vector<Entry>> leaves_;
    std::vector<std::uint32_t> firsts_;  ///< first clock of each leaf
    mutable Place hint_;

    bool holds(Place place, std::uint32_t clock) const {
        const auto& entries = leaves_[place.leaf];
        if (place.at >= entries.size() || entries[place.at].clock > clock)
            return false;
        if (place.at + 1 < entries.size())
            return clock < entries[place.at + 1].clock;
        return place.leaf + 1 == leaves_.size() || clock < firsts_[place.leaf + 1];
    }
};

} // namespace hameau::crdt
