// Structs and deletions that arrived before what they depend on (yjs-v1-notes section 4, "Pending"). Bounded: missing
// data always comes back through sync, so the oldest may be dropped. Owner: pads/crdt; used by recorder and integrator.
#pragma once

#include "modules/pads/crdt/range_set.hpp"
#include "modules/pads/crdt/update.hpp"

#include <map>
#include <set>

#include "modules/pads/crdt/limits.hpp"

namespace hameau::crdt {

class Pending {
public:
    struct Piece {
        std::uint32_t length = 0;
        std::uint64_t sequence = 0;
        Bytes bytes;
    };
    using Key = std::pair<std::uint64_t, std::uint32_t>;  ///< client, clock

    bool empty() const { return pieces_.empty() && deletes_.empty(); }
    bool has_structs() const { return !pieces_.empty(); }
    const std::map<Key, Piece>& pieces() const { return pieces_; }
    const std::map<std::uint64_t, RangeSet>& deletes() const { return deletes_; }
    std::size_t type_count() const { return types_; }
    std::size_t bytes_used() const { return bytes_ + pieces_.size() * 112 + ranges_ * sizeof(Range) + deletes_.size() * 72; }

    /// Keeps a struct. False when it is there already.
    bool add(const StructView& item);
    /// Keeps a delete range of clocks that are not known yet. False when it is there already.
    bool add_deletes(std::uint64_t client, Range range);
    /// Removes and returns the kept deletions below `clock`.
    std::vector<Range> take_deletes(std::uint64_t client, std::uint32_t clock);

    /// Reads the first kept struct of a client.
    bool first(std::uint64_t client, StructView& out) const;
    void drop_first(std::uint64_t client);
    /// Drops all kept structs of a client; returns how many.
    std::size_t drop_client(std::uint64_t client);

    /// Notes that `client` cannot go on before `missing` is known.
    void wait(std::uint64_t client, Id missing);
    /// Clients to try again now that `client` reached `clock`: appended to `ready`.
    void wake(std::uint64_t client, std::uint32_t clock, std::vector<std::uint64_t>& ready);

    /// Drops the oldest down to three quarters when a limit is exceeded. Returns the number of dropped structs and ranges.
    std::size_t enforce();

private:
    std::map<Key, Piece> pieces_;
    std::map<std::uint64_t, RangeSet> deletes_;
    std::map<std::uint64_t, Id> waiting_;
    std::set<std::pair<Key, std::uint64_t>> waiters_;  ///< (missing id, waiting client)
    std::uint64_t sequence_ = 0;
    std::size_t bytes_ = 0;
    std::size_t types_ = 0;
    std::size_t ranges_ = 0;

    std::map<Key, Piece>::iterator erase(std::map<Key, Piece>::iterator piece);
};

} // namespace hameau::crdt
