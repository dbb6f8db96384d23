// Kept structs and deletions; see pending.hpp.
#include "modules/pads/crdt/pending.hpp"

#include <algorithm>

namespace hameau::crdt {

bool Pending::add(const StructView& item) {
    // First copy wins (section 6): only the clocks that no kept struct covers are added.
    const std::uint32_t end = item.clock + item.length;
    std::uint32_t at = item.clock;
    bool added = false;
    auto next = pieces_.lower_bound({item.client, item.clock});
    if (next != pieces_.begin()) {
        const auto before = std::prev(next);
        if (before->first.first == item.client)
            at = std::max(at, before->first.second + before->second.length);
    }
    while (at < end) {
        const bool more = next != pieces_.end() && next->first.first == item.client && next->first.second < end;
        const std::uint32_t to = more ? next->first.second : end;
        if (at < to) {
            Piece piece{to - at, sequence_++, {}};
            Writer out(piece.bytes);
            write_slice(out, item, at - item.clock, to - item.clock);
            bytes_ += piece.bytes.size();
            types_ += item.kind == Kind::type ? 1 : 0;
            pieces_.emplace_hint(next, Key{item.client, at}, std::move(piece));
            added = true;
        }
        at = more ? to + next->second.length : end;
        if (more)
            ++next;
    }
    return added;
}

std::map<Pending::Key, Pending::Piece>::iterator Pending::erase(std::map<Key, Piece>::iterator piece) {
    bytes_ -= piece->second.bytes.size();
    types_ -= static_cast<Kind>(piece->second.bytes[0] & 0x1f) == Kind::type ? 1 : 0;
    return pieces_.erase(piece);
}

bool Pending::add_deletes(std::uint64_t client, Range range) {
    RangeSet& set = deletes_[client];
    std::vector<Range> fresh;
    const std::size_t before = set.ranges().size();
    set.add(range, fresh);
    ranges_ += set.ranges().size();
    ranges_ -= before;
    return !fresh.empty();
}

std::vector<Range> Pending::take_deletes(std::uint64_t client, std::uint32_t clock) {
    std::vector<Range> taken;
    const auto found = deletes_.find(client);
    if (found == deletes_.end())
        return taken;
    const std::size_t before = found->second.ranges().size();
    found->second.take_below(clock, taken);
    ranges_ += found->second.ranges().size();
    ranges_ -= before;
    if (found->second.empty())
        deletes_.erase(found);
    return taken;
}

bool Pending::first(std::uint64_t client, StructView& out) const {
    const auto found = pieces_.lower_bound({client, 0});
    if (found == pieces_.end() || found->first.first != client)
        return false;
    Reader in{View(found->second.bytes)};
    return read_struct<false>(in, client, found->first.second, out) == Fault::none;
}

void Pending::drop_first(std::uint64_t client) {
    const auto found = pieces_.lower_bound({client, 0});
    if (found != pieces_.end() && found->first.first == client)
        erase(found);
}

std::size_t Pending::drop_client(std::uint64_t client) {
    std::size_t dropped = 0;
    auto piece = pieces_.lower_bound({client, 0});
    for (; piece != pieces_.end() && piece->first.first == client; ++dropped)
        piece = erase(piece);
    return dropped;
}

void Pending::wait(std::uint64_t client, Id missing) {
    const auto [entry, added] = waiting_.emplace(client, missing);
    if (!added) {
        waiters_.erase({{entry->second.client, entry->second.clock}, client});
        entry->second = missing;
    }
    waiters_.insert({{missing.client, missing.clock}, client});
}

void Pending::wake(std::uint64_t client, std::uint32_t clock, std::vector<std::uint64_t>& ready) {
    if (waiters_.empty() && pieces_.empty())
        return;
    auto waiter = waiters_.lower_bound({{client, 0}, 0});
    while (waiter != waiters_.end() && waiter->first.first == client && waiter->first.second < clock) {
        ready.push_back(waiter->second);
        waiting_.erase(waiter->second);
        waiter = waiters_.erase(waiter);
    }
    const auto own = pieces_.lower_bound({client, 0});
    if (own != pieces_.end() && own->first.first == client)
        ready.push_back(client);
}

std::size_t Pending::enforce() {
    std::size_t dropped = 0;
    if (pieces_.size() > pending_structs_max || bytes_ > pending_bytes_max) {
        std::vector<std::pair<std::uint64_t, Key>> ages;
        for (const auto& [key, piece] : pieces_)
            ages.emplace_back(piece.sequence, key);
        std::sort(ages.begin(), ages.end());
        for (const auto& [age, key] : ages) {
            if (pieces_.size() <= pending_structs_max / 4 * 3 && bytes_ <= pending_bytes_max / 4 * 3)
                break;
            erase(pieces_.find(key));
            ++dropped;
        }
    }
    while (ranges_ > pending_ranges_max || deletes_.size() > pending_ranges_max) {
        dropped += deletes_.begin()->second.ranges().size();
        ranges_ -= deletes_.begin()->second.ranges().size();
        deletes_.erase(deletes_.begin());
    }
    if (pieces_.empty()) {
        waiting_.clear();
        waiters_.clear();
    }
    return dropped;
}

} // namespace hameau::crdt
