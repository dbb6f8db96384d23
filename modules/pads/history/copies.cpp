// Ranges of old and new units, gathered while a state is restored, and how they are written.
#include "modules/pads/history/copies.hpp"

#include <algorithm>
#include <numeric>

#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

/// `again` (docs/pads-format.md): nobody put these somewhere by hand. Who did so at the same time counts more.
constexpr double by_no_hand = 1;

} // namespace

void Copies::append(std::vector<Units>& list, Units units) {
    if (!list.empty() && list.back().client == units.client && list.back().clock + list.back().length == units.clock) {
        list.back().length += units.length;
    } else {
        list.push_back(units);
    }
}

void Copies::add(crdt::Id old, std::uint32_t length, std::uint32_t clock, Ways& ways) {
    while (length > 0 && !ways.spent()) {
        const bool full = entries_.empty() || entries_.back().units == moves_units_max || entries_.back().from.size() == moves_ranges_max ||
                          entries_.back().to.size() == moves_ranges_max;
        if (full && entries_.size() == moves_entries_max) {
            return;
        }
        Entry& entry = full ? entries_.emplace_back() : entries_.back();
        const auto [from, some] = ways.now(old, std::min(length, moves_units_max - entry.units));
        append(entry.from, {from.client, from.clock, some});
        append(entry.to, {0, clock, some});
        entry.units += some;
        old.clock += some;
        clock += some;
        length -= some;
    }
}

std::uint64_t Copies::units() const {
    return std::accumulate(entries_.begin(), entries_.end(), std::uint64_t{0}, [](std::uint64_t sum, const Entry& entry) { return sum + entry.units; });
}

void Copies::write_ranges(crdt::Writer& out, const std::vector<Units>& list) {
    out.any_array(3 * list.size());
    for (const Units& units : list) {
        out.any_number(static_cast<double>(units.client));
        out.any_number(units.clock);
        out.any_number(units.length);
    }
}

void Copies::write(crdt::Writer& out, std::uint64_t client, std::optional<crdt::Id> last) const {
    const auto info = static_cast<std::uint8_t>(crdt::Kind::any);
    if (last) {
        out.u8(static_cast<std::uint8_t>(info | crdt::StructView::has_origin));
        out.uvar(last->client);
        out.uvar(last->clock);
    } else {
        out.u8(info);
        out.uvar(1);
        out.text(moves_root);
    }
    out.uvar(entries_.size());
    for (const Entry& entry : entries_) {
        out.any_object(4);
        out.text("from");
        write_ranges(out, entry.from);
        out.text("to");
        std::vector<Units> to = entry.to;
        for (Units& units : to) {
            units.client = client;
        }
        write_ranges(out, to);
        out.text("again");
        out.any_number(by_no_hand);
        out.text("restored");
        out.any_number(1);
    }
}

} // namespace hameau::pads
