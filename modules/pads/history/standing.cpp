// Three walks over the lines, each with the moment that the one before made: ends of torn words, copies on the left, copies on the right.
#include "modules/pads/history/standing.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <utf8proc.h>

#include "modules/pads/crdt/range_set.hpp"

namespace hameau::pads {

namespace {

using crdt::Id;
using crdt::Integrator;
using crdt::Kind;
using crdt::Range;
using crdt::Snapshot;
using Item = Integrator::Item;
constexpr std::uint32_t none = Integrator::none;

/// `length` units from `from` on, of that moment, stand from `to` on.
struct Same {
    Id from;
    Id to;
    std::uint32_t length;
};

/// UTF-16 units of an item's text.
std::u16string units_of(const Integrator& now, const Item& item) {
    std::string text;
    now.append_text(item, text);
    std::u16string units;
    units.reserve(item.length);
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    for (auto left = static_cast<utf8proc_ssize_t>(text.size()); left > 0;) {
        utf8proc_int32_t code = 0;
        const utf8proc_ssize_t size = utf8proc_iterate(at, left, &code);
        if (size <= 0) {
            break;
        }
        if (code > 0xffff) {
            units += static_cast<char16_t>(0xd7c0 + (code >> 10));
            code = 0xdc00 + (code & 0x3ff);
        }
        units += static_cast<char16_t>(code);
        at += size;
        left -= size;
    }
    units.resize(item.length, u'\uFFFD');
    return units;
}

bool is_letter(char16_t unit) {
    const utf8proc_category_t category = utf8proc_category(unit);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO && category != UTF8PROC_CATEGORY_MN && category != UTF8PROC_CATEGORY_MC &&
           category != UTF8PROC_CATEGORY_ME;
}

bool is_half(char16_t unit) { return unit >= 0xd800 && unit < 0xe000; }

class Lines {
public:
    Lines(Integrator& now, Ways& ways) : now_(now), ways_(ways) {
        const auto root = now.roots().find(lines_root);
        root_ = root == now.roots().end() ? none : root->second;
    }

    /// Nothing of this moment is gone, so nothing of it stands elsewhere.
    bool all_stand(const Snapshot& then) const {
        const std::vector<std::uint32_t> items = in_order();
        return std::ranges::none_of(items, [&](std::uint32_t i) { return item(i).is_deleted() && had(item(i), then); });
    }

    std::vector<Same> home(const Snapshot& then);
    std::vector<Same> beside(const Snapshot& then, bool from_the_end);
    Snapshot with(const Snapshot& then, const std::vector<Same>& found) const;

private:
    using Place = std::pair<std::uint64_t, std::uint32_t>;
    /// A run that stands and is none of that moment. `order`: of the walk.
    struct Standing {
        std::uint32_t item;
        std::uint32_t length;
        std::size_t order;
    };
    /// What stands since the last unit of that moment. What came before `floor` in this walk counts no more.
    struct Gap {
        std::map<Place, Standing> runs;
        std::size_t floor = 0;
    };

    const Item& item(std::uint32_t index) const { return now_.items()[index]; }
    Id id_of(const Item& item) const { return {now_.client_id(item.client), item.clock}; }
    bool had(const Item& item, const Snapshot& then) const {
        return item.kind != Kind::deleted && item.kind != Kind::gc && item.clock < then.next_clock[item.client] &&
               !then.deleted[item.client].contains(item.clock);
    }
    std::vector<std::uint32_t> in_order() const {
        std::vector<std::uint32_t> items;
        for (std::uint32_t i = root_ == none ? none : now_.types()[root_].head; i != none; i = item(i).next) {
            items.push_back(i);
        }
        return items;
    }
    const std::u16string& text(std::uint32_t index) {
        if (text_of_ != index) {
            text_ = units_of(now_, item(index));
            text_of_ = index;
        }
        return text_;
    }
    std::map<Place, Id> ends_at_home(const std::vector<std::uint32_t>& items, const Snapshot& then);
    static std::uint32_t alike(std::u16string_view ours, std::u16string_view theirs, bool from_the_end);
    bool match(const Item& old, bool from_the_end, Gap& gap, std::vector<Same>& found);

    Integrator& now_;
    Ways& ways_;
    std::uint32_t root_ = none;
    std::uint32_t text_of_ = none;
    std::u16string text_;
};

/// Units of that moment that their writer's program brought home since, by where they are: where they were.
std::map<Lines::Place, Id> Lines::ends_at_home(const std::vector<std::uint32_t>& items, const Snapshot& then) {
    std::map<Place, Id> found;
    for (const std::uint32_t i : items) {
        const Item& old = item(i);
        if (old.kind != Kind::string || !old.is_deleted() || !had(old, then)) {
            continue;
        }
        for (std::uint32_t offset = 0; offset < old.length && !ways_.spent();) {
            const Id from{now_.client_id(old.client), old.clock + offset};
            const Ways::Run run = ways_.home(from, old.length - offset);
            for (std::uint32_t n = 0; n < run.length && !(run.id == from); ++n) {
                found.emplace(Place(run.id.client, run.id.clock + n), Id{from.client, from.clock + n});
            }
            offset += run.length;
        }
    }
    return found;
}

/// Only where such an end is right behind the letter after which it was typed, which was there: so nobody can make by an entry that
/// anything else comes back.
std::vector<Same> Lines::home(const Snapshot& then) {
    const std::vector<std::uint32_t> items = in_order();
    const std::map<Place, Id> ends = ends_at_home(items, then);
    std::vector<Same> found;
    std::map<Place, bool> gone;
    Id before{};
    char16_t last = 0;
    for (const std::uint32_t i : ends.empty() ? std::vector<std::uint32_t>() : items) {
        const Item& one = item(i);
        if (!one.countable()) {
            continue;
        }
        const bool was = had(one, then);
        const Id id = id_of(one);
        if (one.kind != Kind::string) {
            last = was ? 0 : last;
            continue;
        }
        const auto next = ends.lower_bound({id.client, id.clock});
        const bool some = next != ends.end() && next->first.first == id.client && next->first.second < id.clock + one.length;
        for (std::uint32_t n = 0; (was || some) && n < one.length; ++n) {
            const Id unit{id.client, id.clock + n};
            if (was) {
                if (!gone.contains({unit.client, unit.clock})) {
                    before = unit;
                    last = text(i)[n];
                }
                continue;
            }
            const auto end = ends.find({unit.client, unit.clock});
            if (end == ends.end() || !is_letter(last) || !is_letter(text(i)[n])) {
                continue;
            }
            const Id first = ways_.first(unit, 1).id;
            const Id behind = ways_.first(before, 1).id;
            if (behind.client == first.client && behind.clock + 1 == first.clock) {
                found.push_back({end->second, unit, 1});
                gone[{end->second.client, end->second.clock}] = true;
                before = unit;
                last = text(i)[n];
            }
        }
    }
    return found;
}

/// How many of these units are the same letters, from the first (or the last) on. No half of a pair is at either end.
std::uint32_t Lines::alike(std::u16string_view ours, std::u16string_view theirs, bool from_the_end) {
    const std::size_t length = ours.size();
    std::uint32_t same = 0;
    const auto unit = [&](std::u16string_view units, std::size_t n) { return units[from_the_end ? length - 1 - n : n]; };
    while (same < length && unit(theirs, same) == unit(ours, same)) {
        ++same;
    }
    if (same == 0 || is_half(unit(ours, 0))) {
        return 0;
    }
    while (same > 0 && is_half(unit(ours, same - 1))) {
        --same;
    }
    return same;
}

/// Whether all of this item stands in the gap. `found` gets what does, up to the first (from the end: the last) unit that does not.
bool Lines::match(const Item& old, bool from_the_end, Gap& gap, std::vector<Same>& found) {
    std::vector<std::pair<std::uint32_t, Ways::Run>> pieces;
    for (std::uint32_t offset = 0; offset < old.length; offset += pieces.back().second.length) {
        pieces.emplace_back(offset, ways_.now({now_.client_id(old.client), old.clock + offset}, old.length - offset));
    }
    if (from_the_end) {
        std::ranges::reverse(pieces);
    }
    const std::u16string ours = units_of(now_, old);
    for (const auto& [first, run] : pieces) {
        std::uint32_t begin = 0;
        std::uint32_t end = run.length;
        while (begin < end) {
            const Id wanted{run.id.client, run.id.clock + (from_the_end ? end - 1 : begin)};
            const auto next = gap.runs.upper_bound({wanted.client, wanted.clock});
            if (ways_.spent() || next == gap.runs.begin()) {
                return false;
            }
            const auto found_at = std::prev(next);
            const auto [place, one] = *found_at;
            const std::uint32_t here = wanted.clock - place.second;
            if (place.first != wanted.client || here >= one.length || one.order < gap.floor) {
                return false;
            }
            const std::uint32_t most = std::min(end - begin, from_the_end ? here + 1 : one.length - here);
            const std::uint32_t from = from_the_end ? end - most : begin;
            const std::uint32_t at = from_the_end ? here + 1 - most : here;
            const auto theirs = std::u16string_view(text(one.item)).substr(place.second - item(one.item).clock + at, most);
            const std::uint32_t same = alike(std::u16string_view(ours).substr(first + from, most), theirs, from_the_end);
            if (same == 0) {
                return false;
            }
            const std::uint32_t skipped = from_the_end ? most - same : 0;
            found.push_back({{now_.client_id(old.client), old.clock + first + from + skipped}, {place.first, place.second + at + skipped}, same});
            // What stands beyond it, and the rest of that run, is left.
            gap.runs.erase(found_at);
            gap.floor = one.order;
            const std::uint32_t rest = from_the_end ? 0 : at + same;
            const std::uint32_t size = from_the_end ? at + skipped : one.length - rest;
            if (size > 0) {
                gap.runs.emplace(Place(place.first, place.second + rest), Standing{one.item, size, one.order});
            }
            (from_the_end ? end : begin) = from_the_end ? end - same : begin + same;
        }
    }
    return true;
}

/// Units of that moment that are gone and stand beside where they stood. Nothing of that moment is between: so the text is the same, and
/// what others write beside it now stays beside it.
std::vector<Same> Lines::beside(const Snapshot& then, bool from_the_end) {
    std::vector<std::uint32_t> items = in_order();
    if (from_the_end) {
        std::ranges::reverse(items);
    }
    std::vector<Same> found;
    Gap gap;
    std::size_t order = 0;
    for (const std::uint32_t i : items) {
        const Item& one = item(i);
        ++order;
        if (!had(one, then)) {
            if (one.kind == Kind::string && !one.is_deleted()) {
                const Id id = id_of(one);
                gap.runs.emplace(Place(id.client, id.clock), Standing{i, one.length, order});
            }
            continue;
        }
        if (gap.runs.empty() || one.kind != Kind::string || !one.is_deleted() || !match(one, from_the_end, gap, found)) {
            gap.runs.clear();
        }
    }
    return found;
}

/// That moment with the units that stand.
Snapshot Lines::with(const Snapshot& then, const std::vector<Same>& found) const {
    std::map<std::uint64_t, std::vector<Range>> more;
    std::map<std::uint64_t, std::vector<Range>> less;
    for (const Same& same : found) {
        more[same.to.client].push_back({same.to.clock, same.to.clock + same.length});
        less[same.from.client].push_back({same.from.clock, same.from.clock + same.length});
    }
    crdt::Bytes deletes;
    crdt::Bytes states;
    crdt::Writer out(deletes);
    crdt::Writer states_out(states);
    out.uvar(now_.client_count());
    states_out.uvar(now_.client_count());
    for (std::uint32_t client = 0; client < now_.client_count(); ++client) {
        const std::uint64_t name = now_.client_id(client);
        crdt::RangeSet gone = then.deleted[client];
        std::uint32_t next = then.next_clock[client];
        std::vector<Range> fresh;
        std::vector<Range>& here = more[name];
        std::ranges::sort(here, {}, &Range::begin);
        if (!here.empty() && here.back().end > next) {
            gone.add({next, here.back().end}, fresh);
            next = here.back().end;
        }
        for (const Range& range : less[name]) {
            gone.add(range, fresh);
        }
        // All of these but those that stand.
        std::vector<Range> left;
        auto stands = here.begin();
        for (Range range : gone.ranges()) {
            for (; stands != here.end() && stands->begin < range.end; ++stands) {
                if (stands->begin > range.begin) {
                    left.push_back({range.begin, stands->begin});
                }
                range.begin = std::max(range.begin, stands->end);
            }
            if (range.begin < range.end) {
                left.push_back(range);
            }
        }
        out.uvar(name);
        out.uvar(left.size());
        for (const Range& range : left) {
            out.uvar(range.begin);
            out.uvar(range.end - range.begin);
        }
        states_out.uvar(name);
        states_out.uvar(next);
    }
    out.raw(states);
    auto snapshot = now_.snapshot(deletes);
    return snapshot ? *snapshot : then;
}

} // namespace

Snapshot standing_moment(Integrator& now, const Snapshot& then, Ways& ways) {
    Lines lines(now, ways);
    Snapshot moment = then;
    if (!ways.any() || lines.all_stand(then)) {
        return moment;
    }
    for (const int walk : {0, 1, 2}) {
        if (const std::vector<Same> found = walk == 0 ? lines.home(moment) : lines.beside(moment, walk == 2); !found.empty()) {
            moment = Lines(now, ways).with(moment, found);
        }
    }
    return moment;
}

} // namespace hameau::pads
