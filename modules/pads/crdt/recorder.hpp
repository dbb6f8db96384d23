// Recorder: the shared document of one pad as the bytes that arrived, validated but not integrated (yjs-v1-notes
// section 11, layer A). Records updates, answers sync step 1, stores and opens. Owner: pads/crdt. Never edits, never
// interprets content, applies each update wholly or not at all.
#pragma once

#include "modules/pads/crdt/client_log.hpp"
#include "modules/pads/crdt/client_table.hpp"
#include "modules/pads/crdt/pending.hpp"

#include <memory>
#include <optional>

namespace hameau::crdt {

/// What one update did. The spans live until the recorder's next non-const call.
struct Applied {
    /// Something was recorded that was not known before (structs or deletions; pending data does not count).
    bool changed = false;
    /// Something new was put aside because what it depends on is missing. Store and relay the update in this case too.
    bool held = false;
    /// After this update, data is waiting for missing structs (ask the sender with a step 1).
    bool pending = false;
    /// Pending structs and delete ranges that were thrown away to stay within the limits: log it.
    std::size_t dropped = 0;
    /// New clocks, including formerly pending ones: bind each client to the sending user at first sight.
    std::span<const ClockRange> inserted;
    /// Clocks deleted for the first time (explicitly, or as collected structs): they have no author on the wire.
    std::span<const ClockRange> deleted;
    /// What other clients should get: the update as it came, or rewritten without items of length 0.
    View relay;
};

/// A state and the index for opening it fast.
struct Stored {
    Bytes state;
    Bytes index;
};

template <class Sink>
class Intake;

class Recorder {
public:
    Recorder() = default;

    /// Opens a stored state (any v1 update). With the index that belongs to it (same store() or the encode()/index()
    /// pair) nothing is decoded but the delete set; an index that does not fit is ignored. invalid or too_large when
    /// the state is not an update.
    static Result<Recorder> open(Bytes state, View index = {});

    /// Validates and records one v1 update, all or nothing. invalid: not a v1 update (byte offset in the message);
    /// too_large: a limit of section 10 (type nesting, roots, clients, names, values). `update` must live as long as
    /// Applied::relay is used.
    /// conflict: more clients that the pad does not know than `new_clients_max`, or than it may have.
    Result<Applied> apply(View update, std::size_t new_clients_max = SIZE_MAX);

    /// Known clocks per client, encoded as for sync step 1. Pending data is not counted.
    Bytes state_vector() const;
    /// First clock of a client that is not known; 0 for an unknown client.
    std::uint32_t next_clock(std::uint64_t client) const;
    /// Calls visit(client, next_clock), in no particular order.
    template <class Visit>
    void each_client(Visit&& visit) const {
        for (const Client& client : clients_)
            visit(client.log.client(), client.log.next_clock());
    }

    /// The exact answer to a step 1 (payload of step 2): what a replica with that state vector lacks, the whole delete
    /// set, and pending data with Skip structs in the holes. invalid when it is not a state vector.
    Result<Bytes> diff(View state_vector) const;
    /// The whole state as one v1 update, pending data included.
    Bytes encode() const;
    /// Index for opening what encode() returns now; empty while data is pending (then open without).
    Bytes index() const;
    /// encode() and index() together.
    Stored store() const { return {encode(), index()}; }
    /// The state with deleted items rewritten as "deleted content" (section 7): same state vector, same content for
    /// every reader, no deleted text. History must be kept elsewhere. Pending data is kept.
    Stored collect() const;

    /// Whether data is waiting for missing structs or for their deletion.
    bool has_pending() const { return !pending_.empty(); }
    std::size_t client_count() const { return clients_.size(); }
    /// Ranges of the delete set: what every diff() writes beside the structs. Takes time with the number of clients.
    std::size_t deleted_range_count() const;
    std::size_t struct_count() const;
    /// Size of encode() in bytes, without pending data; approximate to a few bytes per client. Takes time with the number of clients.
    std::size_t encoded_size() const;
    /// Heap memory in bytes, estimated from capacities.
    std::size_t bytes_used() const;

private:
    friend class Intake<Recorder>;

    struct TypeDepth {
        std::uint32_t clock = 0;
        std::uint32_t depth = 0;
    };
    struct Client {
        explicit Client(std::uint64_t id) : log(id) {}
        explicit Client(ClientLog opened) : log(std::move(opened)) {}
        ClientLog log;
        RangeSet deleted;
        std::vector<TypeDepth> types;  ///< clocks of type items, ascending
    };

    std::shared_ptr<const Bytes> base_;  ///< the opened state; the logs' first parts lie in it
    ClientTable table_;
    std::vector<Client> clients_;  ///< by index of table_
    Pending pending_;
    std::vector<std::string> roots_;
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint32_t> depth_memo_;
    std::uint32_t depth_max_ = 0;
    mutable std::vector<std::uint32_t> order_;  ///< client indices, descending by id

    // Scratch, kept from call to call so that a keystroke allocates nothing.
    Outline outline_;
    std::vector<ClockRange> inserted_;
    std::vector<ClockRange> deleted_;
    std::vector<Range> fresh_;
    Bytes relay_;

    // Sink of Intake.
    std::uint32_t state(std::uint64_t client) const { return next_clock(client); }
    bool accept(const StructView& item);

    bool admit_roots();
    std::optional<Error> admit(View update, Applied& applied, std::size_t new_clients_max);
    bool has_clients_left(std::size_t new_clients_max);
    std::optional<Error> take(View update, Applied& applied);
    void take_deletes();
    void take_many_deletes();
    void delete_known(Client& client, std::vector<Range>& ranges);
    bool delete_range(std::uint64_t client, Range range);
    void note_deleted(std::uint64_t client);
    View rewritten();
    std::uint32_t parent_depth(const StructView& item);
    std::uint32_t depth_at(Id id) const;
    const std::vector<std::uint32_t>& order() const;
    void write_all(Writer& out) const;
    void write_partial(Writer& out, const std::vector<StateEntry>& known) const;
    void write_deletes(Writer& out) const;
    bool adopt_index(View index);
};

} // namespace hameau::crdt
