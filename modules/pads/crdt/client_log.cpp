// The append-only struct log of one client; see client_log.hpp.
#include "modules/pads/crdt/client_log.hpp"

#include <algorithm>

namespace hameau::crdt {

namespace {

bool joinable(Kind kind) {
    return kind == Kind::gc || kind == Kind::deleted || kind == Kind::string || kind == Kind::any;
}

} // namespace

Reader ClientLog::reader_at(std::uint32_t offset) const {
    const View part = offset < base_.size() ? base_.subspan(offset) : View(tail_).subspan(offset - base_.size());
    return Reader(part);
}

void ClientLog::remember(const StructView& item, std::uint32_t content_at) {
    open_.known = true;
    open_.kind = item.kind;
    open_.keyed = item.is_item() && item.keyed();
    open_.right_present = item.is_item() && item.right_present();
    open_.right = item.right;
    open_.prefix_at = content_at;
    if (!joinable(item.kind))
        return;
    std::uint64_t prefix = 0;
    Reader in(View(tail_).subspan(content_at));
    const std::uint8_t* start = in.at;
    in.uvar(prefix);
    open_.prefix = static_cast<std::uint32_t>(prefix);
    // Overlong numbers are legal to read; such a struct is left alone.
    if (in.at - start != static_cast<std::ptrdiff_t>(uvar_size(prefix)))
        open_.kind = Kind::binary;
}

/// Moves the last stored struct to the tail, where it can grow.
void ClientLog::reopen() {
    if (last_ < base_.size()) {
        const View moved = base_.subspan(last_);
        tail_.assign(moved.begin(), moved.end());
        base_ = base_.first(last_);
    }
    Reader in(View(tail_).subspan(last_ - base_.size()));
    const std::uint8_t* start = in.at;
    StructView item;
    if (read_struct<false>(in, client_, 0, item) != Fault::none)
        return;
    remember(item, static_cast<std::uint32_t>(last_ - base_.size()) + static_cast<std::uint32_t>(item.content - start));
}

/// Section 4, "merging two structs": the neighbour condition is implied, readers split on demand.
bool ClientLog::joins(const StructView& item, std::uint32_t skipped) const {
    if (count_ == 0 || !joinable(item.kind) || (open_.known && open_.kind != item.kind))
        return false;
    if (item.kind == Kind::gc)
        return true;
    if (item.keyed() || (open_.known && open_.keyed))
        return false;
    if (skipped == 0 &&
        !(item.origin_present() && item.origin.client == client_ && item.origin.clock + 1 == next_clock_))
        return false;
    if (!open_.known)
        return true;
    return item.right_present() == open_.right_present && (!item.right_present() || item.right == open_.right);
}

void ClientLog::append(const StructView& item) {
    const std::uint32_t skipped = next_clock_ - item.clock;
    if (joins(item, skipped)) {
        if (!open_.known)
            reopen();
        if (joins(item, skipped)) {
            join(item, skipped);
            next_clock_ = item.clock + item.length;
            return;
        }
    }
    const std::size_t offset = size();
    if (!marks_.empty() || count_ > 0) {
        const Mark before = marks_.empty() ? Mark{} : marks_.back();
        if (count_ - before.ordinal >= mark_structs || offset - before.offset >= mark_bytes)
            marks_.push_back({next_clock_, static_cast<std::uint32_t>(offset), count_});
    }
    const auto tail_at = static_cast<std::uint32_t>(tail_.size());
    if (skipped == 0) {
        tail_.insert(tail_.end(), item.begin, item.end);
        remember(item, tail_at + static_cast<std::uint32_t>(item.content - item.begin));
    } else {
        Writer out(tail_);
        write_slice(out, item, skipped, item.length);
        StructView cut;
        Reader in(View(tail_).subspan(tail_at));
        read_struct<false>(in, client_, next_clock_, cut);
        remember(cut, tail_at + static_cast<std::uint32_t>(cut.content - cut.begin));
    }
    last_ = static_cast<std::uint32_t>(offset);
    ++count_;
    next_clock_ = item.clock + item.length;
}

void ClientLog::join(const StructView& item, std::uint32_t skipped) {
    if (skipped > 0 && (item.kind == Kind::string || item.kind == Kind::any)) {
        Bytes bytes;
        Writer out(bytes);
        write_slice(out, item, skipped, item.length);
        StructView cut;
        Reader in{View(bytes)};
        read_struct<false>(in, client_, next_clock_, cut);
        join(cut, 0);
        return;
    }
    View content;
    std::uint32_t added = item.length - skipped;
    if (item.kind == Kind::string) {
        content = View(reinterpret_cast<const std::uint8_t*>(item.text.data()), item.text.size());
        added = static_cast<std::uint32_t>(content.size());
    } else if (item.kind == Kind::any) {
        Reader in(item.content, item.end);
        std::uint64_t count = 0;
        in.uvar(count);
        content = View(in.at, in.left());
    }
    const std::uint32_t sum = open_.prefix + added;
    const unsigned width = uvar_size(sum), old_width = uvar_size(open_.prefix);
    if (width > old_width)
        tail_.insert(tail_.begin() + open_.prefix_at, width - old_width, 0);
    std::uint8_t* prefix = tail_.data() + open_.prefix_at;
    std::uint32_t value = sum;
    for (; value >= 0x80; value >>= 7)
        *prefix++ = static_cast<std::uint8_t>(value | 0x80);
    *prefix = static_cast<std::uint8_t>(value);
    if (content.size() == 1)
        tail_.push_back(content[0]);
    else
        tail_.insert(tail_.end(), content.begin(), content.end());
    open_.prefix = sum;
}

std::uint32_t ClientLog::find(std::uint32_t clock, StructView& out) const {
    const auto behind = std::upper_bound(marks_.begin(), marks_.end(), clock,
                                         [](std::uint32_t value, const Mark& mark) { return value < mark.clock; });
    Mark start = behind == marks_.begin() ? Mark{} : behind[-1];
    Reader in = reader_at(start.offset);
    for (;; ++start.ordinal) {
        if (in.done())
            in = Reader(View(tail_));
        if (read_struct<false>(in, client_, start.clock, out) != Fault::none || clock < start.clock + out.length)
            return start.ordinal;
        start.clock += out.length;
    }
}

void ClientLog::write(Writer& out, std::uint32_t from, std::uint32_t more) const {
    if (from == 0) {
        out.uvar(std::uint64_t{count_} + more);
        out.uvar(client_);
        out.uvar(0);
        out.raw(base_);
        out.raw(tail_);
        return;
    }
    StructView item;
    const std::uint32_t ordinal = find(from, item);
    out.uvar(std::uint64_t{count_ - ordinal} + more);
    out.uvar(client_);
    out.uvar(from);
    write_slice(out, item, from - item.clock, item.length);
    const View tail(tail_);
    if (item.end > base_.data() && item.end <= base_.data() + base_.size() && !base_.empty()) {
        out.raw(View(item.end, static_cast<std::size_t>(base_.data() + base_.size() - item.end)));
        out.raw(tail);
    } else {
        out.raw(View(item.end, static_cast<std::size_t>(tail.data() + tail.size() - item.end)));
    }
}

} // namespace hameau::crdt
