// Integrator: what comes out as bytes (state vector, delete set, collected state, snapshots).
#include "modules/pads/crdt/client_log.hpp"
#include "modules/pads/crdt/integrator.hpp"

#include <algorithm>

namespace hameau::crdt {

std::vector<std::uint32_t> Integrator::order() const {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < index_.size(); ++i)
        if (index_[i].next_clock > 0)
            order.push_back(i);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return clients_.id(a) > clients_.id(b); });
    return order;
}

Bytes Integrator::state_vector() const {
    Bytes bytes;
    Writer out(bytes);
    const auto clients = order();
    out.uvar(clients.size());
    for (const std::uint32_t client : clients) {
        out.uvar(clients_.id(client));
        out.uvar(index_[client].next_clock);
    }
    return bytes;
}

std::vector<Range> Integrator::deleted_ranges(std::uint32_t client) const {
    std::vector<Range> ranges;
    for (const auto& leaf : index_[client].leaves())
        for (const ItemIndex::Entry& entry : leaf) {
            const Item& item = items_[entry.item];
            if (!item.is_deleted())
                continue;
            if (!ranges.empty() && ranges.back().end == item.clock)
                ranges.back().end += item.length;
            else
                ranges.push_back({item.clock, item.clock + item.length});
        }
    return ranges;
}

Bytes Integrator::delete_set() const {
    Bytes bytes, body;
    Writer out(bytes), ranges_out(body);
    std::size_t count = 0;
    for (const std::uint32_t client : order()) {
        const auto ranges = deleted_ranges(client);
        if (ranges.empty())
            continue;
        ++count;
        ranges_out.uvar(clients_.id(client));
        ranges_out.uvar(ranges.size());
        for (const Range& range : ranges) {
            ranges_out.uvar(range.begin);
            ranges_out.uvar(range.end - range.begin);
        }
    }
    out.uvar(count);
    out.raw(body);
    return bytes;
}

Bytes Integrator::encode_snapshot() const {
    Bytes bytes = delete_set();
    Writer(bytes).raw(state_vector());
    return bytes;
}

void Integrator::append_text(const Item& item, std::string& out) const {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::uint32_t units = item.length;
    if ((item.flags & Item::head_cut) != 0) {
        out += replacement;
        --units;
    }
    if ((item.flags & Item::tail_cut) != 0)
        --units;
    const View bytes = payload(item);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    bool inside = false;
    out += text.substr(0, (item.flags & Item::ascii) != 0 ? units : utf16_offset(text, units, inside));
    if ((item.flags & Item::tail_cut) != 0)
        out += replacement;
}

void Integrator::write_content(Writer& out, const Item& item) const {
    Reader in(payload(item));
    const std::uint8_t* start = in.at;
    View ignored;
    std::string_view text;
    switch (item.kind) {
    case Kind::string: {
        std::string content;
        append_text(item, content);
        out.text(content);
        return;
    }
    case Kind::type: {
        const Type& type = types_[item.content];
        out.uvar(static_cast<std::uint64_t>(type.ref));
        if (type.ref == TypeRef::xml_element || type.ref == TypeRef::xml_hook)
            out.text(type.name);
        return;
    }
    case Kind::any:
    case Kind::json:
        out.uvar(item.length);
        for (std::uint32_t i = 0; i < item.length; ++i)
            if (!(item.kind == Kind::any ? in.skip_any() : in.text_trusted(text)))
                break;
        break;
    case Kind::binary:
    case Kind::embed: in.bytes(ignored); break;
    case Kind::format:
        in.bytes(ignored);
        in.bytes(ignored);
        break;
    case Kind::subdocument:
        in.bytes(ignored);
        in.skip_any();
        break;
    default: return;
    }
    out.raw(start, static_cast<std::size_t>(in.at - start));
}

/// One item as a struct, collected as far as section 7 allows.
void Integrator::write_item(Writer& out, const Item& item) const {
    if (item.kind == Kind::gc || (item.is_deleted() && parent_deleted(item))) {
        out.u8(0);
        out.uvar(item.length);
        return;
    }
    const bool gone = item.is_deleted();
    const bool left = item.left_client != none, right = item.right_client != none;
    out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(gone ? Kind::deleted : item.kind) |
                                     (left ? StructView::has_origin : 0u) | (right ? StructView::has_right : 0u) |
                                     (item.key != none ? StructView::has_key : 0u)));
    if (left) {
        out.uvar(clients_.id(item.left_client));
        out.uvar(item.left_clock);
    }
    if (right) {
        out.uvar(clients_.id(item.right_client));
        out.uvar(item.right_clock);
    }
    if (!left && !right) {
        const Type& parent = types_[item.parent];
        if (parent.item == none) {
            out.uvar(1);
            out.text(parent.name);
        } else {
            out.uvar(0);
            out.uvar(clients_.id(items_[parent.item].client));
            out.uvar(items_[parent.item].clock);
        }
        if (item.key != none)
            out.text(key_name(item.key));
    }
    if (gone)
        out.uvar(item.length);
    else
        write_content(out, item);
}

Bytes Integrator::encode() const {
    Bytes bytes, piece;
    Writer out(bytes);
    const auto clients = order();
    out.uvar(clients.size());
    for (const std::uint32_t client : clients) {
        ClientLog log(clients_.id(client));
        for (const auto& leaf : index_[client].leaves())
            for (const ItemIndex::Entry& entry : leaf) {
                piece.clear();
                Writer piece_out(piece);
                write_item(piece_out, items_[entry.item]);
                StructView made;
                Reader in{View(piece)};
                if (read_struct<false>(in, log.client(), entry.clock, made) == Fault::none)
                    log.append(made);
            }
        log.write(out, 0, 0);
    }
    out.raw(delete_set());
    return bytes;
}

Result<Snapshot> Integrator::snapshot(View encoded) {
    Reader in(encoded);
    Snapshot result;
    result.next_clock.resize(clients_.size(), 0);
    result.deleted.resize(clients_.size());
    std::vector<std::vector<Range>> ranges(clients_.size());
    std::uint64_t clients = 0, client = 0, count = 0, clock = 0, length = 0;
    bool fine = in.uvar(clients);
    for (; fine && clients > 0; --clients) {
        fine = in.uvar(client) && in.uvar(count);
        const std::uint32_t index = clients_.find(client);
        for (; fine && count > 0; --count) {
            fine = in.uvar(clock) && in.uvar(length) && clock <= clock_max && length <= clock_max - clock;
            if (fine && index != ClientTable::none && length > 0)
                ranges[index].push_back({static_cast<std::uint32_t>(clock), static_cast<std::uint32_t>(clock + length)});
        }
    }
    if (!fine)
        return fail(ErrorKind::invalid, "snapshot refused: its delete set is malformed");
    const auto entries = read_state_vector(View(in.at, in.left()));
    if (!entries)
        return fail(entries.error().during("reading a snapshot"));
    for (const StateEntry& entry : *entries)
        if (const std::uint32_t index = clients_.find(entry.client); index != ClientTable::none)
            result.next_clock[index] =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(entry.next_clock, index_[index].next_clock));
    for (std::uint32_t i = 0; i < ranges.size(); ++i) {
        std::vector<Range> fresh;
        result.deleted[i].add_all(ranges[i], fresh);
        // Items lie wholly inside or outside afterwards.
        const std::uint32_t known = index_[i].next_clock;
        for (const Range& range : result.deleted[i].ranges())
            for (const std::uint32_t edge : {range.begin, range.end})
                if (edge > 0 && edge < known)
                    starting_at(i, edge);
        if (result.next_clock[i] > 0 && result.next_clock[i] < known)
            starting_at(i, result.next_clock[i]);
    }
    return result;
}

std::size_t Integrator::bytes_used() const {
    std::size_t size = sizeof *this + items_.capacity() * sizeof(Item) + types_.capacity() * sizeof(Type) +
                       entries_.capacity() * sizeof(KeyEntry) + entry_table_.bytes_used() + clients_.bytes_used() +
                       key_names_.capacity() * sizeof(key_names_[0]) + (roots_.size() + keys_.size()) * 64 +
                       index_.capacity() * sizeof(ItemIndex) + pending_.bytes_used() +
                       stamps_.capacity() * sizeof(std::uint32_t);
    for (const ItemIndex& index : index_)
        size += index.bytes_used();
    for (const Blob& blob : blobs_)
        size += sizeof blob + (blob.owned != nullptr ? blob.capacity : 0);
    return size;
}

} // namespace hameau::crdt
