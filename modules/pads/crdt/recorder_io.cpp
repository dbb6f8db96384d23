// Recorder: what goes out (state vector, step 2, stored state, index) and how a stored state is opened again.
#include "modules/pads/crdt/recorder.hpp"

#include <algorithm>

namespace hameau::crdt {

namespace {

constexpr std::uint8_t index_version = 1;
constexpr std::uint32_t collect_units_min = 12;  ///< a shorter deleted part of a run costs more as a struct of its own

/// Ties an index to its state. Not cryptographic: both come from our own storage.
std::uint64_t hash64(View bytes) {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15ull;
    std::uint64_t lanes[4] = {1, 2, 3, bytes.size()};
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 32; left -= 32, at += 32) {
        std::uint64_t words[4];
        std::memcpy(words, at, 32);
        for (int i = 0; i < 4; ++i) {
            lanes[i] = (lanes[i] ^ words[i]) * factor;
            lanes[i] ^= lanes[i] >> 29;
        }
    }
    for (; left > 0; --left)
        lanes[0] = (lanes[0] ^ *at++) * factor;
    std::uint64_t hash = 0;
    for (const std::uint64_t lane : lanes)
        hash = (hash ^ lane ^ (lane >> 32)) * factor;
    return hash;
}

void write_ranges(Writer& out, std::uint64_t client, const std::vector<Range>& ranges) {
    out.uvar(client);
    out.uvar(ranges.size());
    for (const Range& range : ranges) {
        out.uvar(range.begin);
        out.uvar(range.end - range.begin);
    }
}

} // namespace

const std::vector<std::uint32_t>& Recorder::order() const {
    if (order_.size() != clients_.size()) {
        order_.resize(clients_.size());
        for (std::uint32_t i = 0; i < order_.size(); ++i)
            order_[i] = i;
        std::sort(order_.begin(), order_.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return table_.id(a) > table_.id(b); });
    }
    return order_;
}

Bytes Recorder::state_vector() const {
    Bytes bytes;
    bytes.reserve(4 + clients_.size() * 10);
    Writer out(bytes);
    out.uvar(clients_.size());
    for (const std::uint32_t i : order()) {
        out.uvar(clients_[i].log.client());
        out.uvar(clients_[i].log.next_clock());
    }
    return bytes;
}

void Recorder::write_deletes(Writer& out) const {
    std::size_t count = 0;
    for (const Client& client : clients_)
        count += client.deleted.empty() ? 0 : 1;
    if (pending_.deletes().empty()) {
        out.uvar(count);
        for (const std::uint32_t i : order())
            if (!clients_[i].deleted.empty())
                write_ranges(out, clients_[i].log.client(), clients_[i].deleted.ranges());
        return;
    }
    // Pending deletions lie behind all known ones of the same client.
    std::map<std::uint64_t, std::vector<Range>, std::greater<>> all;
    for (const Client& client : clients_)
        if (!client.deleted.empty())
            all[client.log.client()] = client.deleted.ranges();
    for (const auto& [client, ranges] : pending_.deletes()) {
        auto& joined = all[client];
        joined.insert(joined.end(), ranges.ranges().begin(), ranges.ranges().end());
    }
    out.uvar(all.size());
    for (const auto& [client, ranges] : all)
        write_ranges(out, client, ranges);
}

void Recorder::write_all(Writer& out) const {
    out.uvar(clients_.size());
    for (const std::uint32_t i : order())
        clients_[i].log.write(out, 0, 0);
    write_deletes(out);
}

Bytes Recorder::encode() const {
    Bytes bytes;
    bytes.reserve(encoded_size() + 16);
    Writer out(bytes);
    if (pending_.empty())
        write_all(out);
    else
        write_partial(out, {});
    return bytes;
}

Result<Bytes> Recorder::diff(View state_vector) const {
    auto known = read_state_vector(state_vector);
    if (!known)
        return fail(std::move(known.error()));
    if (known->empty())
        return encode();
    Bytes bytes;
    Writer out(bytes);
    write_partial(out, *known);
    return bytes;
}

namespace {

/// Pending structs of one client behind `from`, with Skip structs in the holes.
struct Tail {
    Bytes bytes;
    std::uint32_t count = 0;
    std::uint32_t first = 0;  ///< clock of the first one
};

Tail pending_tail(const Pending& pending, std::uint64_t client, std::uint32_t from, bool behind_log) {
    Tail tail;
    Writer out(tail.bytes);
    std::uint32_t at = from;
    tail.first = from;
    for (auto piece = pending.pieces().lower_bound({client, 0});
         piece != pending.pieces().end() && piece->first.first == client; ++piece) {
        StructView item;
        Reader in{View(piece->second.bytes)};
        if (read_struct<false>(in, client, piece->first.second, item) != Fault::none ||
            item.clock + item.length <= at)
            continue;
        if (item.clock > at && (behind_log || tail.count > 0)) {
            out.u8(static_cast<std::uint8_t>(Kind::skip));
            out.uvar(item.clock - at);
            ++tail.count;
        }
        if (tail.count == 0)
            tail.first = std::max(at, item.clock);
        write_slice(out, item, item.clock < at ? at - item.clock : 0, item.length);
        ++tail.count;
        at = item.clock + item.length;
    }
    return tail;
}

} // namespace

void Recorder::write_partial(Writer& out, const std::vector<StateEntry>& known) const {
    std::map<std::uint64_t, std::uint32_t, std::greater<>> outside;  ///< clients known only from pending structs
    std::vector<std::uint32_t> wanted(clients_.size(), 0);
    for (const auto& [key, piece] : pending_.pieces())
        if (table_.find(key.first) == ClientTable::none)
            outside.emplace(key.first, 0);
    for (const StateEntry& entry : known) {
        const auto clock = static_cast<std::uint32_t>(std::min<std::uint64_t>(entry.next_clock, clock_max));
        const std::uint32_t index = table_.find(entry.client);
        if (index != ClientTable::none)
            wanted[index] = clock;
        else if (const auto found = outside.find(entry.client); found != outside.end())
            found->second = clock;
    }
    Bytes body;
    std::uint64_t blocks = 0;
    Writer blocks_out(body);
    for (const std::uint32_t i : order()) {
        const ClientLog& log = clients_[i].log;
        const bool from_log = wanted[i] < log.next_clock();
        Tail tail;
        if (pending_.has_structs())
            tail = pending_tail(pending_, log.client(), std::max(wanted[i], log.next_clock()), from_log);
        if (from_log) {
            log.write(blocks_out, wanted[i], tail.count);
        } else if (tail.count > 0) {
            blocks_out.uvar(tail.count);
            blocks_out.uvar(log.client());
            blocks_out.uvar(tail.first);
        } else {
            continue;
        }
        blocks_out.raw(tail.bytes);
        ++blocks;
    }
    for (const auto& [client, from] : outside) {
        const Tail tail = pending_tail(pending_, client, from, false);
        if (tail.count == 0)
            continue;
        blocks_out.uvar(tail.count);
        blocks_out.uvar(client);
        blocks_out.uvar(tail.first);
        blocks_out.raw(tail.bytes);
        ++blocks;
    }
    out.out().reserve(body.size() + 16);
    out.uvar(blocks);
    out.raw(body);
    write_deletes(out);
}

Bytes Recorder::index() const {
    Bytes bytes;
    if (!pending_.empty())
        return bytes;
    const Bytes state = encode();
    Writer out(bytes);
    out.u8(index_version);
    out.big_endian(hash64(state), 8);
    out.uvar(clients_.size());
    out.uvar(depth_max_);
    for (const std::uint32_t i : order()) {
        const Client& client = clients_[i];
        out.uvar(client.log.next_clock());
        out.uvar(client.log.size());
        out.uvar(client.log.last());
        out.uvar(client.log.marks().size());
        ClientLog::Mark before;
        for (const ClientLog::Mark& mark : client.log.marks()) {
            out.uvar(mark.clock - before.clock);
            out.uvar(mark.offset - before.offset);
            out.uvar(mark.ordinal - before.ordinal);
            before = mark;
        }
        out.uvar(client.types.size());
        std::uint32_t clock = 0;
        for (const TypeDepth& type : client.types) {
            out.uvar(type.clock - clock);
            out.uvar(type.depth);
            clock = type.clock;
        }
    }
    out.uvar(roots_.size());
    for (const std::string& root : roots_)
        out.text(root);
    return bytes;
}

Result<Recorder> Recorder::open(Bytes state, View index) {
    Recorder recorder;
    recorder.base_ = std::make_shared<const Bytes>(std::move(state));
    if (!index.empty() && recorder.adopt_index(index))
        return recorder;
    const std::shared_ptr<const Bytes> bytes = std::move(recorder.base_);
    recorder = Recorder();
    if (bytes->empty())
        return recorder;
    Result<Applied> applied = recorder.apply(*bytes);
    if (!applied)
        return fail(std::move(applied.error()).during("opening the stored pad"));
    recorder.outline_ = Outline();
    recorder.inserted_ = {};
    recorder.deleted_ = {};
    return recorder;
}

/// Takes positions from the index instead of decoding. The hash ties it to the state, so that the numbers are ours;
/// bounds are checked all the same.
bool Recorder::adopt_index(View index) {
    Reader in(index);
    Reader state{View(*base_)};
    std::uint8_t version = 0;
    View hash;
    std::uint64_t clients = 0, depth_max = 0, state_clients = 0;
    if (!in.u8(version) || version != index_version || !in.raw(8, hash) || !in.uvar(clients) || !in.uvar(depth_max))
        return false;
    Bytes expected;
    Writer(expected).big_endian(hash64(*base_), 8);
    if (!std::equal(hash.begin(), hash.end(), expected.begin()) || !state.uvar(state_clients) ||
        state_clients != clients || clients > in.left() / 4)
        return false;
    depth_max_ = static_cast<std::uint32_t>(depth_max);
    clients_.reserve(static_cast<std::size_t>(clients));
    for (; clients > 0; --clients) {
        std::uint64_t id = 0, count = 0, zero = 0, next = 0, size = 0, last = 0, marks = 0, types = 0, a = 0, b = 0, c = 0;
        View base;
        if (!state.uvar(count) || !state.uvar(id) || !state.uvar(zero) || !in.uvar(next) || !in.uvar(size) ||
            !in.uvar(last) || !in.uvar(marks) || marks > in.left() / 3 || last >= size ||
            !state.raw(static_cast<std::size_t>(size), base))
            return false;
        std::vector<ClientLog::Mark> list;
        list.reserve(static_cast<std::size_t>(marks));
        ClientLog::Mark mark;
        for (; marks > 0 && in.uvar(a) && in.uvar(b) && in.uvar(c); --marks) {
            mark.clock += static_cast<std::uint32_t>(a);
            mark.offset += static_cast<std::uint32_t>(b);
            mark.ordinal += static_cast<std::uint32_t>(c);
            list.push_back(mark);
        }
        if (mark.offset >= size || !in.uvar(types) || types > in.left() / 2)
            return false;
        Client& client = clients_.emplace_back(ClientLog(id, base, static_cast<std::uint32_t>(next),
                                                         static_cast<std::uint32_t>(count),
                                                         static_cast<std::uint32_t>(last), std::move(list)));
        client.types.reserve(static_cast<std::size_t>(types));
        for (std::uint32_t clock = 0; types > 0 && in.uvar(a) && in.uvar(b); --types) {
            clock += static_cast<std::uint32_t>(a);
            client.types.push_back({clock, static_cast<std::uint32_t>(b)});
        }
        if (table_.add(id) + 1 != clients_.size())
            return false;
    }
    std::uint64_t roots = 0;
    if (!in.uvar(roots) || roots > roots_max)
        return false;
    std::string_view name;
    for (; roots > 0 && in.text_trusted(name); --roots)
        roots_.emplace_back(name);
    each_delete(state, [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
        const std::uint32_t found = table_.find(client);
        if (found != ClientTable::none)
            clients_[found].deleted.append({clock, clock + length});
    });
    return in.done();
}

Stored Recorder::collect() const {
    Recorder collected;
    collected.pending_ = pending_;
    collected.roots_ = roots_;
    Bytes piece;
    const auto take = [&](const StructView& item, Kind kind, std::uint32_t from, std::uint32_t to) {
        piece.clear();
        Writer out(piece);
        if (kind == item.kind) {
            write_slice(out, item, from, to);
        } else {
            write_header(out, item, kind, from);
            out.uvar(to - from);
        }
        StructView made;
        Reader in{View(piece)};
        if (read_struct<false>(in, item.client, item.clock + from, made) == Fault::none)
            collected.clients_.back().log.append(made);
    };
    for (std::uint32_t i = 0; i < clients_.size(); ++i) {
        const Client& source = clients_[i];
        collected.table_.add(source.log.client());
        collected.clients_.emplace_back(source.log.client());
        source.log.each([&](const StructView& item) {
            const std::uint32_t end = item.clock + item.length;
            const auto& ranges = source.deleted.ranges();
            if (!item.is_item() || item.kind == Kind::deleted) {
                take(item, item.kind, 0, item.length);
                return;
            }
            std::uint32_t at = 0;
            for (std::size_t r = source.deleted.first_behind(item.clock); r < ranges.size() && ranges[r].begin < end; ++r) {
                std::uint32_t from = std::max(ranges[r].begin, item.clock) - item.clock;
                std::uint32_t to = std::min(ranges[r].end, end) - item.clock;
                if (item.kind == Kind::string) {
                    // Never cut inside a surrogate pair (section 6).
                    bool inside = false;
                    utf16_offset(item.text, from, inside);
                    from += inside ? 1 : 0;
                    utf16_offset(item.text, to, inside);
                    to -= inside ? 1 : 0;
                }
                const bool whole = from == 0 && to == item.length;
                if (from >= to || (!whole && to - from < collect_units_min))
                    continue;
                if (from > at)
                    take(item, item.kind, at, from);
                take(item, Kind::deleted, from, to);
                at = to;
            }
            if (at < item.length)
                take(item, item.kind, at, item.length);
        });
        collected.clients_.back().deleted = source.deleted;
        // Types that became deleted content hold nothing any more, but children still name them: keep the depths.
        collected.clients_.back().types = source.types;
    }
    collected.depth_max_ = depth_max_;
    return collected.store();
}

} // namespace hameau::crdt
