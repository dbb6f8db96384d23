// Integrator: taking updates in. The rules are those of yjs-v1-notes section 4; deviations only for hostile input,
// where stock's behaviour is undefined.
#include "modules/pads/crdt/integrator.hpp"

#include "modules/pads/crdt/intake.hpp"

#include <algorithm>

namespace hameau::crdt {

namespace {
std::string_view text_view(View bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
} // namespace

Status Integrator::apply(View update, Hold hold) {
    View kept;
    if (!keep(update, hold, kept))
        return fail(ErrorKind::too_large, "update refused: a document may have at most 4 GiB of updates");
    update_blob_ = blobs_.size() - 1;
    std::size_t position = 0;
    const Fault fault = check_update(kept, outline_, position);
    if (fault != Fault::none) {
        // Nothing points at the kept bytes yet: give them back.
        Blob& blob = blobs_.back();
        blob.size -= static_cast<std::uint32_t>(kept.size());
        blob_end_ -= static_cast<std::uint32_t>(kept.size());
        if (blob.size == 0)
            blobs_.pop_back();
        blob_hint_ = 0;
        return fail(fault_error(fault, position));
    }
    if (items_.empty())
        items_.reserve(static_cast<std::size_t>(outline_.struct_count + outline_.struct_count / 4 + 2 * outline_.delete_ranges));
    touched_.clear();
    Intake<Integrator> intake(*this, pending_);
    if (!intake.run(outline_) || full())
        return fail(ErrorKind::too_large, refusal_);
    each_delete(Reader(outline_.deletes, outline_.end),
                [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                    delete_range(client, {clock, clock + length});
                });
    if (!pending_.empty()) {
        take_deletes();
        dropped_ += pending_.enforce() + intake.dropped();
    }
    return {};
}

bool Integrator::keep(View update, Hold hold, View& kept) {
    constexpr std::uint32_t small = 64 * 1024;
    if (update.size() >= none - blob_end_)
        return false;
    const auto size = static_cast<std::uint32_t>(update.size());
    if (hold == Hold::borrow) {
        blobs_.push_back({blob_end_, size, size, update.data(), nullptr});
    } else {
        if (blobs_.empty() || blobs_.back().owned == nullptr || blobs_.back().capacity - blobs_.back().size < size) {
            Blob blob;
            blob.base = blob_end_;
            // Small updates share a blob; it grows with what there is.
            blob.capacity = std::max(size, std::min(small, std::max(size * 2, blob_end_ / 2)));
            blob.owned.reset(new std::uint8_t[std::max<std::size_t>(blob.capacity, 1)]);
            blob.data = blob.owned.get();
            blobs_.push_back(std::move(blob));
        }
        Blob& blob = blobs_.back();
        if (size > 0)
            std::memcpy(blob.owned.get() + blob.size, update.data(), size);
        update = View(blob.data + blob.size, size);
        blob.size += size;
    }
    blob_end_ += size;
    kept = update;
    return true;
}

View Integrator::bytes_at(std::uint32_t position) const {
    std::size_t i = blob_hint_;
    if (i >= blobs_.size() || position < blobs_[i].base || position - blobs_[i].base > blobs_[i].size) {
        const auto behind = std::upper_bound(blobs_.begin(), blobs_.end(), position,
                                             [](std::uint32_t value, const Blob& blob) { return value < blob.base; });
        if (behind == blobs_.begin())
            return {};
        i = blob_hint_ = static_cast<std::size_t>(behind - blobs_.begin()) - 1;
    }
    const std::uint32_t offset = position - blobs_[i].base;
    return View(blobs_[i].data + offset, blobs_[i].size - offset);
}

/// Position of a byte of the struct being taken over.
std::uint32_t Integrator::position_of(const std::uint8_t* at) const {
    const Blob& blob = blobs_[read_blob_];
    return blob.base + static_cast<std::uint32_t>(at - blob.data);
}

/// The same struct with its bytes in the newest blob: structs from Pending are about to be freed there.
StructView Integrator::settled(const StructView& item) {
    View kept;
    keep(View(item.begin, item.end), Hold::copy, kept);
    read_blob_ = blobs_.size() - 1;
    StructView moved;
    Reader in(kept);
    read_struct<false>(in, item.client, item.clock, moved);
    return moved;
}

std::uint32_t Integrator::client_index(std::uint64_t client) {
    const std::uint32_t index = clients_.add(client);
    if (index == index_.size())
        index_.emplace_back();
    return index;
}

std::uint32_t Integrator::item_at(std::uint32_t client, std::uint32_t clock) const {
    const ItemIndex& index = index_[client];
    return index[index.find(clock)].item;
}

/// The item whose last clock is `clock`, split off if need be. GC structs are never split.
std::uint32_t Integrator::ending_at(std::uint32_t client, std::uint32_t clock) {
    const ItemIndex::Place place = index_[client].find(clock);
    const std::uint32_t index = index_[client][place].item;
    const Item& item = items_[index];
    if (clock + 1 < item.clock + item.length && item.kind != Kind::gc)
        split(place, client, clock + 1 - item.clock);
    return index;
}

std::uint32_t Integrator::starting_at(std::uint32_t client, std::uint32_t clock) {
    const ItemIndex::Place place = index_[client].find(clock);
    const std::uint32_t index = index_[client][place].item;
    const Item& item = items_[index];
    if (clock > item.clock && item.kind != Kind::gc)
        return split(place, client, clock - item.clock);
    return index;
}

/// Splits an item at `offset` units; returns the right part.
std::uint32_t Integrator::split(ItemIndex::Place place, std::uint32_t client, std::uint32_t offset) {
    const std::uint32_t left_index = index_[client][place].item;
    const auto right_index = static_cast<std::uint32_t>(items_.size());
    items_.push_back(items_[left_index]);
    Item& left = items_[left_index];
    Item& right = items_[right_index];
    right.clock += offset;
    right.length -= offset;
    right.left_client = client;
    right.left_clock = right.clock - 1;
    left.length = offset;
    left.next = right_index;
    if (!split_long(left, right))
        split_content(left, right, offset);
    if (left.key != none) {
        KeyEntry& entry = key_entry(left.parent, left.key);
        if (entry.last == left_index)
            entry.last = right_index;
    }
    index_[client].insert_behind(place, {right.clock, right_index});
    return right_index;
}

void Integrator::split_content(Item& left, Item& right, std::uint32_t offset) const {
    if (left.kind == Kind::any || left.kind == Kind::json) {
        Reader in(bytes_at(left.content));
        const std::uint8_t* start = in.at;
        std::string_view ignored;
        for (std::uint32_t i = 0; i < offset; ++i)
            if (!(left.kind == Kind::any ? in.skip_any() : in.text_trusted(ignored)))
                break;
        right.content = left.content + static_cast<std::uint32_t>(in.at - start);
        return;
    }
    if (left.kind != Kind::string)
        return;
    const bool head = (left.flags & Item::head_cut) != 0;
    const std::uint32_t units = offset - (head ? 1 : 0);
    if ((left.flags & Item::ascii) != 0) {
        cut(left, right, left.content + units, false);
        return;
    }
    bool inside = false;
    const std::size_t at = utf16_offset(text_view(bytes_at(left.content)), units, inside);
    cut(left, right, left.content + static_cast<std::uint32_t>(at), inside);
}

/// A string is cut at this position; `inside`: the pair that begins there is torn.
void Integrator::cut(Item& left, Item& right, std::uint32_t at, bool inside) const {
    left.flags = static_cast<std::uint8_t>(left.flags & ~Item::tail_cut);
    right.flags = static_cast<std::uint8_t>(right.flags & ~Item::head_cut);
    right.content = at + (inside ? 4 : 0);
    if (inside) {
        left.flags |= Item::tail_cut;
        right.flags |= Item::head_cut;
    }
}

/// The positions of an item that was never split.
Integrator::Positions Integrator::measure(const Item& whole) const {
    Positions out;
    out.length = whole.length;
    const bool string = whole.kind == Kind::string;
    const std::uint32_t step = string ? 256 : 32;
    // The second half of a torn pair stands before the content.
    std::uint32_t unit = (whole.flags & Item::head_cut) != 0 ? 1 : 0, position = whole.content;
    while (unit + step < whole.length) {
        const View bytes = bytes_at(position);
        if (string) {
            bool inside = false;
            position += static_cast<std::uint32_t>(utf16_offset(text_view(bytes), step, inside));
            unit += step - (inside ? 1 : 0);
        } else {
            Reader in(bytes);
            std::string_view ignored;
            for (std::uint32_t i = 0; i < step; ++i)
                if (!(whole.kind == Kind::any ? in.skip_any() : in.text_trusted(ignored)))
                    break;
            position += static_cast<std::uint32_t>(in.at - bytes.data());
            unit += step;
        }
        out.marks.emplace_back(unit, position);
    }
    return out;
}

/// Splits the content of a part of a long item; false: it is not one.
bool Integrator::split_long(Item& left, Item& right) {
    const bool values = left.kind == Kind::any || left.kind == Kind::json;
    if (!values && (left.kind != Kind::string || (left.flags & Item::ascii) != 0))
        return false;
    auto known = positions_.upper_bound({right.client, right.clock});
    known = known == positions_.begin() ? positions_.end() : std::prev(known);
    if (known == positions_.end() || known->first.first != right.client || right.clock - known->first.second >= known->second.length) {
        if (left.length + right.length < positions_from_units)
            return false;
        Item whole = left;
        whole.length = left.length + right.length;
        known = positions_.emplace(std::pair(whole.client, whole.clock), measure(whole)).first;
    }
    const auto& [base, positions] = *known;
    const std::uint32_t wanted = right.clock - base.second;
    const auto behind = std::upper_bound(positions.marks.begin(), positions.marks.end(), wanted,
                                         [](std::uint32_t value, const auto& mark) { return value < mark.first; });
    if (behind == positions.marks.begin())
        return false;  // near the start of the whole
    const auto [unit, position] = *std::prev(behind);
    if (unit <= left.clock - base.second)
        return false;  // the start of the item is no further away
    Item part = left;
    part.content = position;
    part.flags = static_cast<std::uint8_t>(part.flags & ~Item::head_cut);
    split_content(part, right, wanted - unit);
    left.flags = static_cast<std::uint8_t>((left.flags & Item::head_cut) | (part.flags & ~Item::head_cut));
    return true;
}

std::uint32_t Integrator::root_type(std::string_view name) {
    if (last_root_type_ != none && name == last_root_)
        return last_root_type_;
    const auto [entry, added] = roots_.emplace(name, static_cast<std::uint32_t>(types_.size()));
    if (added) {
        Type& type = types_.emplace_back();
        type.name = name;
    }
    last_root_ = entry->first;
    return last_root_type_ = entry->second;
}

std::uint32_t Integrator::intern(std::string_view key) {
    const auto [entry, added] = keys_.emplace(key, static_cast<std::uint32_t>(key_names_.size()));
    if (added)
        key_names_.push_back(key);
    return entry->second;
}

Integrator::KeyEntry& Integrator::key_entry(std::uint32_t type, std::uint32_t key) {
    const std::uint32_t index = entry_table_.add(static_cast<std::uint64_t>(type) << 32 | key);
    if (index == entries_.size()) {
        entries_.push_back({key, none, none, types_[type].keys});
        types_[type].keys = index;
    }
    return entries_[index];
}

/// Neighbours, parent and key of a new item (section 4, "resolve neighbours"). False: it becomes a GC struct.
bool Integrator::resolve(const StructView& view, Item& item, std::uint32_t& left, std::uint32_t& right) {
    if (item.left_client != none)
        left = ending_at(item.left_client, item.left_clock);
    if (item.right_client != none) {
        // Mostly the right origin is still the left one's neighbour: no search.
        const std::uint32_t follower = left != none ? items_[left].next : none;
        if (follower != none && items_[follower].clock == item.right_clock &&
            items_[follower].client == item.right_client)
            right = follower;
        else
            right = starting_at(item.right_client, item.right_clock);
    }
    if ((left != none && items_[left].kind == Kind::gc) || (right != none && items_[right].kind == Kind::gc))
        return false;
    const std::uint32_t neighbour = left != none ? left : right;
    if (neighbour != none) {
        item.parent = items_[neighbour].parent;
        item.key = items_[neighbour].key;
        return true;
    }
    if (view.parent_form == StructView::Parent::root) {
        item.parent = root_type(view.root);
    } else {
        const Item& holder = items_[item_at(clients_.find(view.parent.client), view.parent.clock)];
        if (holder.kind != Kind::type)
            return false;
        item.parent = holder.content;
    }
    if (view.keyed())
        item.key = intern(view.key);
    return true;
}

void Integrator::fill_content(const StructView& view, std::uint32_t skipped, Item& item) {
    item.kind = view.kind;
    item.content = position_of(view.content);
    switch (view.kind) {
    case Kind::string:
        item.content = position_of(reinterpret_cast<const std::uint8_t*>(view.text.data()));
        if (view.text.size() == view.length)
            item.flags |= Item::ascii;
        break;
    case Kind::any:
    case Kind::json: {
        Reader in(view.content, view.end);
        std::uint64_t count = 0;
        in.uvar(count);
        item.content = position_of(in.at);
        break;
    }
    case Kind::deleted: item.flags |= Item::deleted; break;
    default: break;
    }
    if (skipped > 0) {
        Item dropped = item;
        split_content(dropped, item, skipped);
    }
}

bool Integrator::accept(const StructView& taken) {
    const Blob& blob = blobs_[read_blob_ = update_blob_];
    const bool here = taken.begin >= blob.data && taken.begin < blob.data + blob.size;
    return here ? take(taken) : take(settled(taken));
}

bool Integrator::take(const StructView& view) {
    Item item;
    item.client = client_index(view.client);
    if (touched_.empty() || touched_.back() != item.client)
        touched_.push_back(item.client);
    const std::uint32_t skipped = index_[item.client].next_clock - view.clock;
    item.clock = view.clock + skipped;
    item.length = view.length - skipped;
    std::uint32_t left = none, right = none;
    bool alive = view.kind != Kind::gc;
    if (alive) {
        if (skipped > 0) {
            item.left_client = item.client;
            item.left_clock = item.clock - 1;
        } else if (view.origin_present()) {
            item.left_client = clients_.find(view.origin.client);
            item.left_clock = view.origin.clock;
        }
        if (view.right_present()) {
            item.right_client = clients_.find(view.right.client);
            item.right_clock = view.right.clock;
        }
        alive = resolve(view, item, left, right);
    }
    const auto index = static_cast<std::uint32_t>(items_.size());
    if (alive) {
        fill_content(view, skipped, item);
        if (view.kind == Kind::type) {
            const std::uint32_t depth = types_[item.parent].depth + 1;
            if (depth > type_depth_max) {
                refusal_ = "update refused: shared types nested deeper than 200";
                return false;
            }
            depth_max_ = std::max(depth_max_, depth);
            item.content = static_cast<std::uint32_t>(types_.size());
            types_.push_back({index, none, none, depth, view.type_ref, view.name});
        }
    } else {
        item = Item{item.client, item.clock, item.length};
        item.flags = Item::deleted;
    }
    items_.push_back(item);
    index_[item.client].append({item.clock, index});
    index_[item.client].next_clock = item.clock + item.length;
    if (changes_ != nullptr)
        changes_->inserted.push_back({view.client, item.clock, item.length});
    if (alive)
        link(index, left, right);
    if (!full())
        return true;
    refusal_ = items_.size() > items_max ? "update refused: a document may have at most 3 million items"
                                         : "update refused: too many concurrent inserts at one place";
    return false;
}

/// Finds the left neighbour among concurrent inserts at one place:
///
///     left [ o1 o2 o3 ... ] right      seen: all o so far; conflicting: those since `left` last moved.
///
/// Membership is a stamp in a side array, so that thousands of writers at one place stay cheap. The search ends early when
/// its steps are used up: then the item stands where the search has come to.
std::uint32_t Integrator::place(const Item& item, std::uint32_t head, std::uint32_t left, std::uint32_t right) {
    if (stamps_.size() < items_.size())
        stamps_.resize(items_.size() + items_.size() / 2, 0);
    if (stamp_ > none - 2 * items_.size() - 2) {
        std::fill(stamps_.begin(), stamps_.end(), 0u);
        stamp_ = 0;
    }
    const std::uint64_t client = clients_.id(item.client);
    const std::uint32_t seen_from = stamp_ + 1;
    std::uint32_t conflicting_from = seen_from;
    std::uint64_t after = place_steps_after;
    for (std::uint32_t o = left != none ? items_[left].next : head; o != none && o != right; o = items_[o].next) {
        if (place_steps_left_ > 0) {
            --place_steps_left_;
        } else if (after-- == 0) {
            order_approximate_ = true;
            break;
        }
        stamps_[o] = ++stamp_;
        const Item& other = items_[o];
        if (other.left_client == item.left_client && (item.left_client == none || other.left_clock == item.left_clock)) {
            if (clients_.id(other.client) < client) {
                left = o;
                conflicting_from = stamp_ + 1;
            } else if (other.right_client == item.right_client &&
                       (item.right_client == none || other.right_clock == item.right_clock)) {
                break;
            }
            continue;
        }
        if (other.left_client == none)
            break;
        const std::uint32_t origin = stamps_[item_at(other.left_client, other.left_clock)];
        if (origin < seen_from)
            break;
        if (origin < conflicting_from) {
            left = o;
            conflicting_from = stamp_ + 1;
        }
    }
    return left;
}

void Integrator::link(std::uint32_t index, std::uint32_t left, std::uint32_t right) {
    Item& item = items_[index];
    KeyEntry* entry = item.key != none ? &key_entry(item.parent, item.key) : nullptr;
    std::uint32_t& head = entry != nullptr ? entry->head : types_[item.parent].head;
    const std::uint32_t follower = left != none ? items_[left].next : head;
    if (follower != right)
        left = place(item, head, left, right);
    if (left != none) {
        item.next = items_[left].next;
        items_[left].next = index;
    } else {
        item.next = head;
        head = index;
    }
    bool dead = parent_deleted(item);
    if (entry != nullptr) {
        if (item.next == none) {
            // The new last item of a key is its value; the one before it goes (section 4, step 3).
            entry->last = index;
            if (left != none)
                mark_deleted(left);
        } else {
            dead = true;
        }
    }
    if (dead)
        mark_deleted(index);
}

/// Marks an item deleted, and everything below it.
void Integrator::mark_deleted(std::uint32_t index) {
    const auto mark = [&](std::uint32_t i) {
        Item& item = items_[i];
        if (item.is_deleted())
            return;
        item.flags |= Item::deleted;
        if (changes_ != nullptr)
            changes_->deleted.push_back({clients_.id(item.client), item.clock, item.length});
        if (item.kind == Kind::type)
            doomed_.push_back(item.content);
    };
    mark(index);
    while (!doomed_.empty()) {
        const Type& type = types_[doomed_.back()];
        doomed_.pop_back();
        for (std::uint32_t i = type.head; i != none; i = items_[i].next)
            mark(i);
        for (std::uint32_t e = type.keys; e != none; e = entries_[e].next)
            for (std::uint32_t i = entries_[e].head; i != none; i = items_[i].next)
                mark(i);
    }
}

void Integrator::delete_known(std::uint32_t client, Range range) {
    for (std::uint32_t clock = range.begin; clock < range.end;) {
        const ItemIndex::Place place = index_[client].find(clock);
        std::uint32_t index = index_[client][place].item;
        const std::uint32_t end = items_[index].clock + items_[index].length;
        if (!items_[index].is_deleted()) {
            if (items_[index].clock < clock)
                index = split(place, client, clock - items_[index].clock);
            if (end > range.end)
                split(index_[client].find(clock), client, range.end - clock);
            mark_deleted(index);
        }
        clock = end;
    }
}

void Integrator::delete_range(std::uint64_t client, Range range) {
    const std::uint32_t index = clients_.find(client);
    const std::uint32_t known = index == ClientTable::none ? 0 : index_[index].next_clock;
    if (range.begin < known)
        delete_known(index, {range.begin, std::min(range.end, known)});
    if (range.end > known)
        pending_.add_deletes(client, {std::max(range.begin, known), range.end});
}

/// Applies pending deletions of clocks that became known with this update.
void Integrator::take_deletes() {
    for (const std::uint32_t client : touched_)
        for (const Range& range : pending_.take_deletes(clients_.id(client), index_[client].next_clock))
            delete_known(client, range);
}

} // namespace hameau::crdt
