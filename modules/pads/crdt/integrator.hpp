// Integrator: the document itself, built on demand from updates for export, search, history and compaction
// (yjs-v1-notes sections 3, 4 and 11, layer B). Owner: pads/crdt. Never edits; made, read and thrown away.
#pragma once

#include "modules/pads/crdt/client_table.hpp"
#include "modules/pads/crdt/item_index.hpp"
#include "modules/pads/crdt/pending.hpp"

#include <map>
#include <memory>

#include "modules/pads/crdt/limits.hpp"

namespace hameau::crdt {

template <class Sink>
class Intake;

/// An earlier state of the document: which clocks existed and which of them were deleted. Made by Integrator::snapshot().
struct Snapshot {
    std::vector<std::uint32_t> next_clock;  ///< by client index
    std::vector<RangeSet> deleted;          ///< by client index
};

/// Content of several units that is this long gets a table of positions when it is split for the first time.
inline constexpr std::uint32_t positions_from_units = 512;

/// Who keeps the bytes of an update while the integrator lives.
enum class Hold { copy, borrow };

/// What happens when the steps of the searches are used up. Stock Yjs knows no end: a browser hangs.
enum class Crowded {
    approximate,  ///< nothing is missing, but some of the items stand elsewhere than Yjs puts them
    refuse,       ///< apply() fails with too_large
};

class Integrator {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    /// One run of clocks in its list: 48 bytes, linked by 32-bit indices.
    struct Item {
        static constexpr std::uint8_t deleted = 1, head_cut = 2, tail_cut = 4, ascii = 8;

        std::uint32_t client = 0;  ///< index, see client_id()
        std::uint32_t clock = 0;
        std::uint32_t length = 0;  ///< UTF-16 units or values
        std::uint32_t left_client = none, left_clock = 0;    ///< left origin
        std::uint32_t right_client = none, right_clock = 0;  ///< right origin
        std::uint32_t next = none;     ///< in the list of its parent or key
        std::uint32_t parent = none;   ///< type; none for GC structs
        std::uint32_t key = none;      ///< interned map key
        std::uint32_t content = 0;     ///< position of the payload, or the type of a type item
        Kind kind = Kind::gc;
        std::uint8_t flags = 0;        ///< head_cut, tail_cut: a split pair left U+FFFD at that end
        std::uint16_t unused = 0;

        bool is_deleted() const { return (flags & deleted) != 0; }
        bool countable() const { return kind >= Kind::json && kind != Kind::format; }
    };

    /// A shared type: a root or the content of a type item.
    struct Type {
        std::uint32_t item = none;   ///< that holds it; none for roots
        std::uint32_t head = none;   ///< first item of the sequence
        std::uint32_t keys = none;   ///< first key entry
        std::uint32_t depth = 0;     ///< roots are 0
        TypeRef ref = TypeRef::array;
        std::string_view name;       ///< root name, node name or hook name
    };

    /// The items of one map key or attribute; the last one is the current value.
    struct KeyEntry {
        std::uint32_t key = 0;
        std::uint32_t head = none;
        std::uint32_t last = none;
        std::uint32_t next = none;  ///< next entry of the same type
    };

    Integrator() = default;
    explicit Integrator(Crowded crowded, std::uint64_t steps_max = place_steps_max) : crowded_(crowded), place_steps_left_(steps_max) {}
    Integrator(Integrator&&) = default;
    Integrator& operator=(Integrator&&) = default;
    Integrator(const Integrator&) = delete;
    Integrator& operator=(const Integrator&) = delete;

    /// Validates and integrates one v1 update. invalid: nothing happened. too_large (nesting of types, items, steps): part of
    /// it may have been taken over, and the integrator is only good for throwing away.
    Status apply(View update, Hold hold = Hold::copy);

    /// What updates brought and took away, appended while they are applied; what was implied (children of what was deleted, values that
    /// were replaced) too. nullptr: nobody asks. It must outlive the calls of apply().
    struct Changes {
        std::vector<ClockRange> inserted;
        std::vector<ClockRange> deleted;
    };
    void watch(Changes* changes) { changes_ = changes; }

    /// Known clocks per client, as v1 bytes.
    Bytes state_vector() const;
    /// The delete set as v1 bytes: all deleted clocks, sorted and joined, without pending ones.
    Bytes delete_set() const;
    /// The collected state as one v1 update (section 7): deleted content dropped, children of deleted types as GC.
    /// Pending data is not included.
    Bytes encode() const;
    /// Prepares a view of an earlier state from an encoded snapshot (delete set, state vector). Meaningful only if the document
    /// was built from data that was never collected. invalid when malformed.
    Result<Snapshot> snapshot(View encoded);
    /// The present as an encoded snapshot, to keep for later.
    Bytes encode_snapshot() const;

    bool has_pending() const { return !pending_.empty(); }
    /// Behind the last clock of this client that is put in; 0 for a client that is not known.
    std::uint32_t next_clock_of(std::uint64_t client) const { return state(client); }
    std::size_t dropped() const { return dropped_; }  ///< pending structs lost to the limits
    std::size_t bytes_used() const;
    /// So many inserts contend for one place that some stand elsewhere than Yjs puts them. Nothing is missing.
    bool order_approximate() const { return order_approximate_; }
    /// Largest nesting of types; children of roots are 1.
    std::uint32_t depth_max() const { return depth_max_; }

    // Read access for Document and tests.
    const std::vector<Item>& items() const { return items_; }
    const std::vector<Type>& types() const { return types_; }
    const std::vector<KeyEntry>& key_entries() const { return entries_; }
    const std::map<std::string_view, std::uint32_t>& roots() const { return roots_; }
    std::string_view key_name(std::uint32_t key) const { return key_names_[key]; }
    std::uint64_t client_id(std::uint32_t index) const { return clients_.id(index); }
    std::size_t client_count() const { return clients_.size(); }
    /// Bytes of the update from the payload of `item` on.
    View payload(const Item& item) const { return bytes_at(item.content); }
    /// The content of an item as it stands behind a struct's header; of a type its kind and name, not its children.
    void write_content(Writer& out, const Item& item) const;
    /// The text of a string item, with U+FFFD where a pair was split.
    void append_text(const Item& item, std::string& out) const;

private:
    friend class Intake<Integrator>;

    struct Blob {
        std::uint32_t base = 0;
        std::uint32_t size = 0;
        std::uint32_t capacity = 0;
        const std::uint8_t* data = nullptr;
        std::unique_ptr<std::uint8_t[]> owned;
    };

    /// Where the units of one long string, or the values of one long array, begin. Without it a split walks from the start of
    /// the item, so splits from its end towards its start are quadratic.
    struct Positions {
        std::uint32_t length = 0;
        /// Every so many units: how many stand before, and where the next one begins.
        std::vector<std::pair<std::uint32_t, std::uint32_t>> marks;
    };

    std::vector<Item> items_;
    std::vector<Type> types_;
    std::vector<KeyEntry> entries_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Positions> positions_;  ///< (client, first clock)
    Crowded crowded_ = Crowded::approximate;
    std::uint64_t place_steps_left_ = place_steps_max;
    bool order_approximate_ = false;
    ClientTable entry_table_;  ///< (type, key) -> key entry
    std::map<std::string_view, std::uint32_t> roots_;
    std::map<std::string_view, std::uint32_t> keys_;
    std::vector<std::string_view> key_names_;
    ClientTable clients_;
    const char* refusal_ = nullptr;  ///< why take() returned false the last time
    std::vector<ItemIndex> index_;  ///< by client
    std::vector<Blob> blobs_;
    mutable std::size_t blob_hint_ = 0;
    std::uint32_t blob_end_ = 0;
    std::size_t update_blob_ = 0;  ///< that holds the update being applied
    std::size_t read_blob_ = 0;    ///< that holds the struct being taken over
    Pending pending_;
    std::size_t dropped_ = 0;
    std::uint32_t depth_max_ = 0;
    std::string_view last_root_;
    std::uint32_t last_root_type_ = none;
    std::vector<std::uint32_t> stamps_;  ///< per item, for conflict scans
    std::uint32_t stamp_ = 0;
    Changes* changes_ = nullptr;
    std::vector<std::uint32_t> doomed_;  ///< work list of types whose children are to be deleted
    std::vector<std::uint32_t> touched_;  ///< clients that got structs from this update, runs joined
    Outline outline_;

    // Sink of Intake.
    std::uint32_t state(std::uint64_t client) const {
        const std::uint32_t i = clients_.find(client);
        return i == ClientTable::none ? 0 : index_[i].next_clock;
    }
    bool accept(const StructView& item);
    bool take(const StructView& view);
    /// Not for the update alone: nothing more fits.
    bool full() const { return items_.size() > items_max || (order_approximate_ && crowded_ == Crowded::refuse); }

    // Bytes.
    bool keep(View update, Hold hold, View& kept);
    View bytes_at(std::uint32_t position) const;
    std::uint32_t position_of(const std::uint8_t* at) const;
    StructView settled(const StructView& item);

    // Items.
    std::uint32_t client_index(std::uint64_t client);
    bool fill(const StructView& view, std::uint32_t skipped, Item& item);
    bool resolve(const StructView& view, Item& item, std::uint32_t& left, std::uint32_t& right);
    void fill_content(const StructView& view, std::uint32_t skipped, Item& item);
    std::uint32_t root_type(std::string_view name);
    std::uint32_t intern(std::string_view key);
    std::uint32_t item_at(std::uint32_t client, std::uint32_t clock) const;
    std::uint32_t ending_at(std::uint32_t client, std::uint32_t clock);
    std::uint32_t starting_at(std::uint32_t client, std::uint32_t clock);
    std::uint32_t split(ItemIndex::Place place, std::uint32_t client, std::uint32_t offset);
    void split_content(Item& left, Item& right, std::uint32_t offset) const;
    void cut(Item& left, Item& right, std::uint32_t at, bool inside) const;
    bool split_long(Item& left, Item& right);
    Positions measure(const Item& whole) const;
    KeyEntry& key_entry(std::uint32_t type, std::uint32_t key);
    std::uint32_t place(const Item& item, std::uint32_t head, std::uint32_t left, std::uint32_t right);
    void link(std::uint32_t index, std::uint32_t left, std::uint32_t right);
    void mark_deleted(std::uint32_t index);
    void delete_range(std::uint64_t client, Range range);
    void delete_known(std::uint32_t client, Range range);
    void take_deletes();
    std::vector<std::uint32_t> order() const;
    std::vector<Range> deleted_ranges(std::uint32_t client) const;
    void write_item(Writer& out, const Item& item) const;
    bool parent_deleted(const Item& item) const {
        return types_[item.parent].item != none && items_[types_[item.parent].item].is_deleted();
    }
};

} // namespace hameau::crdt
