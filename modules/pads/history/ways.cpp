// Entries are read strictly and in the order that all readers agree on; two maps of disjoint ranges then answer for whole runs of units.
#include "modules/pads/history/ways.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <tuple>

namespace hameau::pads {

namespace {

using crdt::Id;
using crdt::Integrator;
using crdt::Reader;

// The bounds of docs/pads-format.md.
constexpr std::uint64_t marker_clients = std::uint64_t{1} << 32;  ///< what a marker's client has more than its author's
constexpr std::uint64_t all_units_max = 4'000'000;
constexpr std::uint32_t way_max = 1'000;

struct Units {
    std::uint64_t client;
    std::uint64_t clock;
    std::uint64_t length;
};

/// Ranges of one side of an entry; nothing if they are none, or too many.
using Ranges = std::optional<std::vector<Units>>;

struct Said {
    Ranges from;
    Ranges to;
    double again = 0;
    double restored = 0;
};

std::uint64_t big_endian(crdt::View bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) {
        value = value << 8 | byte;
    }
    return value;
}

/// One value; nothing if it is no number. Passes over it.
std::optional<double> number(Reader& in) {
    const Reader begin = in;
    std::uint8_t tag = 0;
    crdt::View bytes;
    std::int64_t whole = 0;
    bool minus_zero = false;
    if (!in.u8(tag)) {
        return std::nullopt;
    }
    if (tag == 125 && in.svar(whole, minus_zero)) {
        return static_cast<double>(whole);
    }
    if (tag == 124 && in.raw(4, bytes)) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(bytes)));
    }
    if (tag == 123 && in.raw(8, bytes)) {
        return std::bit_cast<double>(big_endian(bytes));
    }
    in = begin;
    in.skip_any();
    return std::nullopt;
}

/// Clients, clocks and lengths in a row. Passes over the value, whatever it is.
Ranges ranges(Reader& in) {
    const Reader begin = in;
    std::uint8_t tag = 0;
    std::uint64_t count = 0;
    const bool fits = in.u8(tag) && tag == 117 && in.uvar(count) && count % 3 == 0 && count <= 3 * moves_ranges_max;
    std::vector<Units> found;
    std::uint64_t units = 0;
    std::uint64_t one[3] = {};
    for (std::uint64_t i = 0; fits && i < count; ++i) {
        const std::optional<double> value = number(in);
        if (!value || *value < 0 || *value > static_cast<double>(crdt::lib0_number_max) || *value != std::floor(*value)) {
            break;
        }
        one[i % 3] = static_cast<std::uint64_t>(*value);
        if (i % 3 == 2) {
            units += one[2];
            if (one[2] == 0 || units > moves_units_max) {
                break;
            }
            found.push_back({one[0], one[1], one[2]});
        }
    }
    if (fits && found.size() * 3 == count) {
        return found;
    }
    in = begin;
    in.skip_any();
    return std::nullopt;
}

/// One entry. Of a key that stands twice the last one counts, as in JavaScript.
Said said(Reader& in) {
    const Reader begin = in;
    Said entry;
    std::uint8_t tag = 0;
    std::uint64_t members = 0;
    if (!in.u8(tag) || tag != 118 || !in.uvar(members)) {
        in = begin;
        in.skip_any();
        return entry;
    }
    for (; members > 0; --members) {
        std::string_view key;
        if (!in.text_trusted(key)) {
            return {};
        }
        if (key == "from" || key == "to") {
            (key == "to" ? entry.to : entry.from) = ranges(in);
        } else if (key == "again" || key == "restored") {
            (key == "again" ? entry.again : entry.restored) = number(in).value_or(0);
        } else {
            in.skip_any();
        }
    }
    return entry;
}

std::uint64_t sum(const Ranges& ranges) {
    std::uint64_t units = 0;
    for (std::size_t i = 0; ranges && i < ranges->size(); ++i) {
        units += (*ranges)[i].length;
    }
    return units;
}

/// Clocks beyond what the wire knows name no unit.
bool is_clock(const Units& units) { return units.clock + units.length <= 0x80000000u; }

} // namespace

Ways::Ways(const Integrator& now) {
    std::vector<Entry> entries = read_list(now);
    std::map<std::uint64_t, std::uint32_t> states;
    if (!entries.empty()) {
        for (const Integrator::Item& item : now.items()) {
            std::uint32_t& state = states[now.client_id(item.client)];
            state = std::max(state, item.clock + item.length);
        }
    }
    // Who says least comes first: else one who says more than counts leaves nothing to the others.
    std::map<std::uint64_t, std::uint64_t> of_client;
    for (const Entry& entry : entries) {
        of_client[entry.id.client] += entry.units_from;
    }
    std::ranges::sort(entries, {}, [&](const Entry& entry) { return std::tuple(of_client[entry.id.client], entry.id.client, entry.id.clock); });
    std::uint64_t units = 0;
    for (const Entry& entry : entries) {
        units += entry.units;
        if (units > all_units_max) {
            break;
        }
        keep(entry, states);
    }
    // The one that counts most comes last.
    std::ranges::sort(kept_, {}, [](const Step& step) { return std::tuple(!step.by_program, step.to.client, step.to.clock); });
    for (const Step& step : kept_) {
        choose(step);
    }
    kept_.clear();
}

std::vector<Ways::Entry> Ways::read_list(const Integrator& now) {
    std::vector<Entry> entries;
    const auto root = now.roots().find(moves_root);
    for (std::uint32_t i = root == now.roots().end() ? Integrator::none : now.types()[root->second].head; i != Integrator::none; i = now.items()[i].next) {
        const Integrator::Item& item = now.items()[i];
        if (item.kind != crdt::Kind::any || item.is_deleted()) {
            continue;
        }
        Reader in(now.payload(item));
        for (std::uint32_t n = 0; n < item.length; ++n) {
            const std::uint8_t* begin = in.at;
            const Said one = said(in);
            Entry& entry = entries.emplace_back(Entry{{now.client_id(item.client), item.clock + n}, sum(one.from), 0, {}});
            if (one.restored == 1) {
                own_.push_back({entry.id, static_cast<std::uint32_t>(sum(one.to)), static_cast<std::size_t>(in.at - begin)});
            }
            const std::uint64_t author = entry.id.client;
            const auto is_authors = [&](const Units& units) { return units.client == author || units.client == author + marker_clients; };
            if (!one.from || !one.to || !std::ranges::all_of(*one.to, is_authors)) {
                continue;
            }
            // Both sides cut at the same places.
            for (std::size_t a = 0, b = 0, done_a = 0, done_b = 0; a < one.from->size() && b < one.to->size();) {
                const Units& from = (*one.from)[a];
                const Units& to = (*one.to)[b];
                const std::uint64_t length = std::min(from.length - done_a, to.length - done_b);
                entry.units += length;
                // (Who names what cannot be takes from his own share all the same.)
                if (is_clock(from) && is_clock(to)) {
                    entry.steps.push_back({{from.client, static_cast<std::uint32_t>(from.clock + done_a)}, {to.client, static_cast<std::uint32_t>(to.clock + done_b)},
                                           static_cast<std::uint32_t>(length), one.again == 1 || one.again == 2, one.again == 2});
                }
                done_a += length;
                done_b += length;
                if (done_a == from.length) {
                    ++a;
                    done_a = 0;
                }
                if (done_b == to.length) {
                    ++b;
                    done_b = 0;
                }
            }
        }
    }
    return entries;
}

/// New units stand in the text, and each is one old unit.
void Ways::keep(const Entry& entry, const std::map<std::uint64_t, std::uint32_t>& states) {
    for (const Step& step : entry.steps) {
        const std::uint32_t end = step.to.clock + step.length;
        const auto state = states.find(step.to.client);
        if (entry.id.client >= marker_clients || (step.to.client == entry.id.client && end > entry.id.clock) || state == states.end() || state->second < end ||
            came_there(step)) {
            continue;
        }
        came_.emplace(Place(step.to.client, step.to.clock), Piece{step.length, step.from});
        kept_.push_back(step);
    }
}

/// Of these units it is said already what they were.
bool Ways::came_there(const Step& step) const {
    auto next = came_.lower_bound({step.to.client, step.to.clock});
    if (next != came_.end() && next->first.first == step.to.client && next->first.second < step.to.clock + step.length) {
        return true;
    }
    if (next == came_.begin()) {
        return false;
    }
    --next;
    return next->first.first == step.to.client && next->first.second + next->second.length > step.to.clock;
}

/// Takes the place of what was chosen before for these units.
void Ways::choose(Step step) {
    const std::uint64_t client = step.from.client;
    const std::uint32_t begin = step.from.clock;
    const std::uint32_t end = begin + step.length;
    auto at = goes_.lower_bound({client, begin});
    if (at != goes_.begin()) {
        const auto before = std::prev(at);
        const std::uint32_t head = before->first.second;
        const std::uint32_t behind = head + before->second.length;
        if (before->first.first == client && behind > begin) {
            const Id other = before->second.other;
            before->second.length = begin - head;
            if (behind > end) {
                goes_.emplace(Place(client, end), Piece{behind - end, {other.client, other.clock + end - head}, before->second.home});
            }
        }
    }
    at = goes_.lower_bound({client, begin});
    while (at != goes_.end() && at->first.first == client && at->first.second < end) {
        const std::uint32_t head = at->first.second;
        const Piece piece = at->second;
        at = goes_.erase(at);
        if (head + piece.length > end) {
            at = goes_.emplace(Place(client, end), Piece{head + piece.length - end, {piece.other.client, piece.other.clock + end - head}, piece.home}).first;
        }
    }
    goes_.emplace(Place(client, begin), Piece{step.length, step.to, step.home});
}

/// The piece in which this unit is, if there is one; `length` ends where it (or what is none) ends.
const Ways::Pieces::value_type* Ways::covering(const Pieces& pieces, Id id, std::uint32_t& length) {
    ++looks_;
    auto next = pieces.upper_bound({id.client, id.clock});
    if (next != pieces.begin()) {
        const auto& one = *std::prev(next);
        if (one.first.first == id.client && id.clock - one.first.second < one.second.length) {
            length = std::min(length, one.first.second + one.second.length - id.clock);
            return &one;
        }
    }
    if (next != pieces.end() && next->first.first == id.client) {
        length = std::min(length, next->first.second - id.clock);
    }
    return nullptr;
}

Id Ways::along(const Pieces::value_type& piece, Id at) {
    return {piece.second.other.client, piece.second.other.clock + at.clock - piece.first.second};
}

/// Nothing for a circle, or a way that is longer than counts: moved by nobody. `length` ends where that is so for other units.
std::optional<Id> Ways::origin(Id id, std::uint32_t& length) {
    std::uint32_t moves = 0;
    for (const Pieces::value_type* one = covering(came_, id, length); one != nullptr; one = covering(came_, id, length)) {
        id = along(*one, id);
        if (++moves > way_max) {
            return std::nullopt;
        }
    }
    return id;
}

Ways::Run Ways::first(Id id, std::uint32_t length) {
    const std::optional<Id> found = origin(id, length);
    return {found.value_or(id), length};
}

Ways::Run Ways::home(Id id, std::uint32_t length) {
    const Run written = first(id, length);
    length = written.length;
    Id at = id;
    std::uint32_t moves = 0;
    for (const Pieces::value_type* one = covering(goes_, at, length); one != nullptr && one->second.home && moves < way_max; one = covering(goes_, at, length)) {
        if (one->second.other.client != written.id.client) {
            break;
        }
        at = along(*one, at);
        ++moves;
    }
    return {at, length};
}

Ways::Run Ways::now(Id id, std::uint32_t length) {
    const std::optional<Id> found = origin(id, length);
    if (!found) {
        return {id, length};
    }
    Id at = *found;
    std::uint32_t moves = 0;
    for (const Pieces::value_type* one = covering(goes_, at, length); one != nullptr && moves < way_max; one = covering(goes_, at, length)) {
        at = along(*one, at);
        ++moves;
    }
    return {at, length};
}

} // namespace hameau::pads
