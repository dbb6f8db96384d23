// Recorder: taking over updates. Everything is validated before anything changes; the only check that needs the
// document itself, type nesting, runs on a copy when an update could break it.
#include "modules/pads/crdt/recorder.hpp"

#include "modules/pads/crdt/intake.hpp"

#include <algorithm>

namespace hameau::crdt {

namespace {

constexpr std::size_t many_ranges = 64;      ///< from here on delete ranges are sorted and merged
constexpr std::uint32_t memo_steps = 64;     ///< every so many steps of an origin chain are remembered

} // namespace

std::uint32_t Recorder::next_clock(std::uint64_t client) const {
    const std::uint32_t index = table_.find(client);
    return index == ClientTable::none ? 0 : clients_[index].log.next_clock();
}

std::size_t Recorder::struct_count() const {
    std::size_t count = 0;
    for (const Client& client : clients_)
        count += client.log.count();
    return count;
}

std::size_t Recorder::encoded_size() const {
    std::size_t size = 2;
    for (const Client& client : clients_)
        size += client.log.size() + 12 + client.deleted.ranges().size() * 4;
    return size;
}

std::size_t Recorder::deleted_range_count() const {
    std::size_t count = 0;
    for (const Client& client : clients_)
        count += client.deleted.ranges().size();
    return count;
}

std::size_t Recorder::bytes_used() const {
    std::size_t size = sizeof *this + (base_ ? base_->capacity() : 0) + table_.bytes_used() +
                       clients_.capacity() * sizeof(Client) + pending_.bytes_used() +
                       order_.capacity() * sizeof(std::uint32_t) + depth_memo_.size() * 64;
    for (const Client& client : clients_)
        size += client.log.bytes_used() + client.deleted.bytes_used() + client.types.capacity() * sizeof(TypeDepth);
    for (const std::string& root : roots_)
        size += sizeof root + root.capacity();
    size += outline_.structs.capacity() * sizeof(StructView) + outline_.blocks.capacity() * sizeof(Block);
    size += (inserted_.capacity() + deleted_.capacity()) * sizeof(ClockRange) + fresh_.capacity() * sizeof(Range);
    return size + relay_.capacity();
}

/// The root limit counts over the pad's life; new names are kept even if the rest of the update turns out pending.
bool Recorder::admit_roots() {
    const std::size_t before = roots_.size();
    for (const std::string_view name : outline_.roots) {
        if (std::find(roots_.begin(), roots_.end(), name) != roots_.end())
            continue;
        if (roots_.size() == roots_max) {
            roots_.resize(before);
            return false;
        }
        roots_.emplace_back(name);
    }
    return true;
}

// One return statement, so that the result is built where the caller wants it: this runs for every keystroke.
Result<Applied> Recorder::apply(View update, std::size_t new_clients_max) {
    Result<Applied> result(Applied{});
    if (std::optional<Error> refused = admit(update, *result, new_clients_max))
        result = fail(std::move(*refused));
    return result;
}

/// Whoever is known already may go on in a pad that takes no new ones.
bool Recorder::has_clients_left(std::size_t new_clients_max) {
    const std::size_t most = std::min(new_clients_max, clients_max - std::min(clients_max, clients_.size()));
    if (outline_.blocks.size() <= most)
        return true;
    std::size_t unknown = 0;
    for (const Block& block : outline_.blocks)
        unknown += table_.find(block.client) == ClientTable::none ? 1 : 0;
    return unknown <= most;
}

std::optional<Error> Recorder::admit(View update, Applied& applied, std::size_t new_clients_max) {
    std::size_t position = 0;
    const Fault fault = check_update(update, outline_, position);
    if (fault != Fault::none)
        return fault_error(fault, position);
    if (!has_clients_left(new_clients_max))
        return Error{ErrorKind::conflict, "update refused: it brings more new clients than may come"};
    // Each type item nests at most one level deeper than all before it, so that most updates cannot reach the limit.
    if (depth_max_ + outline_.type_count + pending_.type_count() <= type_depth_max)
        return take(update, applied);
    Recorder trial(*this);
    std::optional<Error> refused = trial.take(update, applied);
    if (!refused)
        *this = std::move(trial);
    return refused;
}

std::optional<Error> Recorder::take(View update, Applied& applied) {
    inserted_.clear();
    deleted_.clear();
    if (!outline_.roots.empty() && !admit_roots())
        return Error{ErrorKind::too_large, "update refused: the pad would have more than 500 root names"};
    Intake<Recorder> intake(*this, pending_);
    if (!intake.run(outline_))
        return Error{ErrorKind::too_large, "update refused: shared types nested deeper than 200"};
    applied.held = intake.held();
    const std::size_t pending_before = pending_.deletes().size();
    if (outline_.delete_ranges > many_ranges)
        take_many_deletes();
    else if (outline_.delete_ranges > 0)
        each_delete(Reader(outline_.deletes, outline_.end),
                    [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                        applied.held = delete_range(client, {clock, clock + length}) || applied.held;
                    });
    applied.held = applied.held || pending_.deletes().size() != pending_before;
    if (!pending_.deletes().empty())
        take_deletes();
    applied.dropped = intake.dropped() + (pending_.empty() ? 0 : pending_.enforce());
    applied.changed = !inserted_.empty() || !deleted_.empty();
    applied.pending = !pending_.empty();
    applied.inserted = inserted_;
    applied.deleted = deleted_;
    applied.relay = outline_.empty_items ? rewritten() : update;
    return std::nullopt;
}

/// Takes over one struct whose dependencies are known; refuses only by depth.
bool Recorder::accept(const StructView& item) {
    std::uint32_t depth = 0;
    if (item.kind == Kind::type) {
        depth = parent_depth(item) + 1;
        if (depth > type_depth_max)
            return false;
    }
    const std::uint32_t index = table_.add(item.client);
    if (index == clients_.size())
        clients_.emplace_back(item.client);
    Client& client = clients_[index];
    const std::uint32_t from = client.log.next_clock();
    client.log.append(item);
    const std::uint32_t end = client.log.next_clock();
    if (depth > 0) {
        client.types.push_back({item.clock, depth});
        depth_max_ = std::max(depth_max_, depth);
    }
    // GC and deleted content count as deleted from the start (section 4).
    if (item.kind == Kind::gc || item.kind == Kind::deleted) {
        fresh_.clear();
        client.deleted.add({from, end}, fresh_);
        note_deleted(item.client);
    }
    if (!inserted_.empty() && inserted_.back().client == item.client &&
        inserted_.back().clock + inserted_.back().length == from)
        inserted_.back().length += end - from;
    else
        inserted_.push_back({item.client, from, end - from});
    return true;
}

void Recorder::note_deleted(std::uint64_t client) {
    for (const Range& range : fresh_)
        deleted_.push_back({client, range.begin, range.end - range.begin});
}

/// Marks one range; the part beyond the known clocks becomes pending. True if something new became pending.
bool Recorder::delete_range(std::uint64_t client, Range range) {
    const std::uint32_t index = table_.find(client);
    const std::uint32_t known = index == ClientTable::none ? 0 : clients_[index].log.next_clock();
    if (range.begin < known) {
        fresh_.clear();
        clients_[index].deleted.add({range.begin, std::min(range.end, known)}, fresh_);
        note_deleted(client);
    }
    return range.end > known && pending_.add_deletes(client, {std::max(range.begin, known), range.end});
}

void Recorder::take_many_deletes() {
    std::vector<ClockRange> all;
    all.reserve(static_cast<std::size_t>(outline_.delete_ranges));
    each_delete(Reader(outline_.deletes, outline_.end), [&](std::uint64_t client, std::uint32_t clock,
                                                            std::uint32_t length) { all.push_back({client, clock, length}); });
    std::stable_sort(all.begin(), all.end(),
                     [](const ClockRange& a, const ClockRange& b) { return a.client < b.client; });
    std::vector<Range> known;
    for (std::size_t i = 0; i < all.size();) {
        const std::uint64_t client = all[i].client;
        const std::uint32_t index = table_.find(client);
        const std::uint32_t state = index == ClientTable::none ? 0 : clients_[index].log.next_clock();
        known.clear();
        std::size_t kept = 0;
        for (; i < all.size() && all[i].client == client; ++i) {
            const Range range{all[i].clock, all[i].clock + all[i].length};
            if (range.begin < state)
                known.push_back({range.begin, std::min(range.end, state)});
            // Beyond the limit they would be dropped again at once.
            if (range.end > state && kept++ < pending_ranges_max)
                pending_.add_deletes(client, {std::max(range.begin, state), range.end});
        }
        if (!known.empty())
            delete_known(clients_[index], known);
    }
}

void Recorder::delete_known(Client& client, std::vector<Range>& ranges) {
    fresh_.clear();
    client.deleted.add_all(ranges, fresh_);
    note_deleted(client.log.client());
}

/// Applies pending deletions of clocks that became known with this update.
void Recorder::take_deletes() {
    for (std::size_t i = 0; i < inserted_.size(); ++i) {
        const std::uint64_t client = inserted_[i].client;
        if (i > 0 && inserted_[i - 1].client == client)
            continue;
        Client& known = clients_[table_.find(client)];
        std::vector<Range> ranges = pending_.take_deletes(client, known.log.next_clock());
        if (!ranges.empty())
            delete_known(known, ranges);
    }
}

/// Items of length 0 (an old y-crdt bug) do nothing and are not passed on (section 10).
View Recorder::rewritten() {
    relay_.clear();
    Writer out(relay_);
    std::vector<Bytes> blocks;
    for (const Block& block : outline_.blocks) {
        Bytes structs;
        std::uint64_t count = 0;
        std::uint64_t clock = block.clock;
        Reader in(block.begin, outline_.end);
        StructView item;
        for (std::uint64_t i = 0; i < block.count; ++i) {
            if (read_struct<false>(in, block.client, clock, item) != Fault::none)
                break;
            clock += item.length;
            if (item.length == 0)
                continue;
            structs.insert(structs.end(), item.begin, item.end);
            ++count;
        }
        if (count == 0)
            continue;
        Bytes& whole = blocks.emplace_back();
        Writer head(whole);
        head.uvar(count);
        head.uvar(block.client);
        head.uvar(block.clock);
        head.raw(structs);
    }
    out.uvar(blocks.size());
    for (const Bytes& block : blocks)
        out.raw(block);
    out.raw(View(outline_.deletes, outline_.end));
    return relay_;
}

/// Depth of the type item `id`, 0 when it is none (then what names it as parent becomes GC).
std::uint32_t Recorder::depth_at(Id id) const {
    const std::uint32_t index = table_.find(id.client);
    if (index == ClientTable::none)
        return 0;
    const auto& types = clients_[index].types;
    const auto found = std::lower_bound(types.begin(), types.end(), id.clock,
                                        [](const TypeDepth& type, std::uint32_t clock) { return type.clock < clock; });
    return found != types.end() && found->clock == id.clock ? found->depth : 0;
}

/// Depth of the type that will hold `item`; a root is 0. Without a written parent it is that of the origin, found by
/// following origins. Memory of every 64th step keeps repeated walks short.
std::uint32_t Recorder::parent_depth(const StructView& item) {
    if (item.parent_form == StructView::Parent::root)
        return 0;
    if (item.parent_form == StructView::Parent::item)
        return depth_at(item.parent);
    Id id = item.origin_present() ? item.origin : item.right;
    std::vector<Id> path;
    std::uint32_t depth = 0;
    for (std::uint32_t steps = 1;; ++steps) {
        if (const std::uint32_t sibling = depth_at(id); sibling > 0) {
            depth = sibling - 1;
            break;
        }
        if (const auto memo = depth_memo_.find({id.client, id.clock}); memo != depth_memo_.end()) {
            depth = memo->second;
            break;
        }
        if (steps % memo_steps == 0)
            path.push_back(id);
        const std::uint32_t index = table_.find(id.client);
        if (index == ClientTable::none || id.clock >= clients_[index].log.next_clock())
            break;
        StructView found;
        clients_[index].log.find(id.clock, found);
        if (!found.is_item() || found.parent_form == StructView::Parent::root)
            break;
        if (found.parent_form == StructView::Parent::item) {
            depth = depth_at(found.parent);
            break;
        }
        id = found.origin_present() ? found.origin : found.right;
    }
    for (const Id& step : path)
        depth_memo_[{step.client, step.clock}] = depth;
    return depth;
}

} // namespace hameau::crdt
