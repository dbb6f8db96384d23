// Joining updates: client blocks that continue each other are concatenated, delete sets united.
#include "modules/pads/room/merge.hpp"

#include <algorithm>
#include <map>

#include "modules/pads/crdt/range_set.hpp"
#include "modules/pads/crdt/update.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

struct Joined {
    std::uint64_t first_clock = 0;
    std::uint64_t next_clock = 0;
    std::uint64_t count = 0;
    Bytes structs;
};

using Blocks = std::map<std::uint64_t, Joined, std::greater<>>;

/// False when a block does not continue what its client has so far.
bool take_blocks(const crdt::Outline& outline, Blocks& blocks) {
    for (std::size_t i = 0; i < outline.blocks.size(); ++i) {
        const crdt::Block& block = outline.blocks[i];
        // The next block's header lies between: walk to the end of this one's structs.
        crdt::Reader in(block.begin, outline.deletes);
        crdt::StructView item;
        std::uint64_t clock = block.clock;
        for (std::uint64_t n = 0; n < block.count; ++n) {
            if (crdt::read_struct<false>(in, block.client, clock, item) != crdt::Fault::none ||
                item.kind == crdt::Kind::skip) {
                return false;
            }
            clock += item.length;
        }
        Joined& joined = blocks[block.client];
        if (joined.count > 0 && joined.next_clock != block.clock) {
            return false;
        }
        joined.first_clock = joined.count == 0 ? block.clock : joined.first_clock;
        joined.next_clock = block.end_clock;
        joined.count += block.count;
        joined.structs.insert(joined.structs.end(), block.begin, in.at);
    }
    return blocks.size() <= merge_blocks_max;
}

} // namespace

std::optional<Bytes> merge_updates(std::span<const View> updates) {
    Blocks blocks;
    std::map<std::uint64_t, crdt::RangeSet, std::greater<>> deletes;
    crdt::Outline outline;
    std::size_t total = 0;
    for (const View update : updates) {
        std::size_t position = 0;
        total += update.size();
        if (total > merge_bytes_max || crdt::check_update(update, outline, position) != crdt::Fault::none ||
            !take_blocks(outline, blocks)) {
            return std::nullopt;
        }
        std::vector<crdt::Range> fresh;
        crdt::each_delete(crdt::Reader(outline.deletes, outline.end),
                          [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                              fresh.clear();
                              deletes[client].add({clock, clock + length}, fresh);
                          });
    }
    Bytes out;
    out.reserve(total);
    crdt::Writer writer(out);
    writer.uvar(blocks.size());
    for (const auto& [client, joined] : blocks) {
        writer.uvar(joined.count);
        writer.uvar(client);
        writer.uvar(joined.first_clock);
        writer.raw(joined.structs);
    }
    writer.uvar(deletes.size());
    for (const auto& [client, ranges] : deletes) {
        writer.uvar(client);
        writer.uvar(ranges.ranges().size());
        for (const crdt::Range& range : ranges.ranges()) {
            writer.uvar(range.begin);
            writer.uvar(range.end - range.begin);
        }
    }
    return out;
}

} // namespace hameau::pads
