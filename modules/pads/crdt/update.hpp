// Decoder and validator of Yjs v1 updates (yjs-v1-notes sections 2 and 10). Owner: pads/crdt. Views point into the
// bytes that were read; nothing is copied, nothing recurses, no number from the wire sizes an allocation.
#pragma once

#include "daemon/base/result.hpp"
#include "modules/pads/crdt/lib0.hpp"
#include "modules/pads/crdt/limits.hpp"

namespace hameau::crdt {

/// Position in the history of one client, in UTF-16 units since its first one. Clients are u53, clocks u31.
struct Id {
    std::uint64_t client = 0;
    std::uint32_t clock = 0;
    friend bool operator==(const Id&, const Id&) = default;
};

/// `length` consecutive clocks of one client, from `clock` on.
struct ClockRange {
    std::uint64_t client = 0;
    std::uint32_t clock = 0;
    std::uint32_t length = 0;
    friend bool operator==(const ClockRange&, const ClockRange&) = default;
};

/// Struct kinds: the low five bits of the first byte (section 2).
enum class Kind : std::uint8_t {
    gc = 0,
    deleted = 1,
    json = 2,
    binary = 3,
    string = 4,
    embed = 5,
    format = 6,
    type = 7,
    any = 8,
    subdocument = 9,
    skip = 10,
};

/// What a type item holds.
enum class TypeRef : std::uint8_t { array, map, text, xml_element, xml_fragment, xml_hook, xml_text };

/// One struct as read. Which members mean something depends on `kind` and `info`.
struct StructView {
    static constexpr std::uint8_t has_origin = 0x80, has_right = 0x40, has_key = 0x20;
    enum class Parent : std::uint8_t { implied, root, item };

    std::uint64_t client = 0;
    std::uint32_t clock = 0;
    std::uint32_t length = 0;        ///< UTF-16 units, or values
    std::uint8_t info = 0;
    Kind kind = Kind::gc;
    Parent parent_form = Parent::implied;
    TypeRef type_ref = TypeRef::array;
    Id origin;                       ///< left origin, if info has has_origin
    Id right;                        ///< right origin, if info has has_right
    Id parent;                       ///< if parent_form is item
    std::string_view root;           ///< if parent_form is root
    std::string_view key;            ///< map key, if parent_form is not implied and info has has_key
    std::string_view name;           ///< node name, format key or subdocument guid
    std::string_view text;           ///< string content, or the JSON of an embed or format
    const std::uint8_t* begin = nullptr;    ///< the info byte
    const std::uint8_t* content = nullptr;  ///< first byte behind the header
    const std::uint8_t* end = nullptr;      ///< one past the struct

    bool origin_present() const { return (info & has_origin) != 0; }
    bool right_present() const { return (info & has_right) != 0; }
    bool keyed() const { return (info & has_key) != 0; }
    bool is_item() const { return kind != Kind::gc && kind != Kind::skip; }
};

/// Why an update was refused.
enum class Fault : std::uint8_t {
    none, truncated, number, text, json, any, kind, bits, empty, clock, own_future, parent, type_ref, name_size,
    value_size, repeated_client, clients, roots, ranges, trailing,
};

/// One sentence for a fault.
std::string_view describe(Fault fault);

/// Reads one struct. With `checked` it applies every rule of section 10; without, only bounds (for bytes that passed
/// before). Items of length 0 are returned with length 0: the caller drops them.
template <bool checked>
Fault read_struct(Reader& in, std::uint64_t client, std::uint64_t clock, StructView& out);
extern template Fault read_struct<true>(Reader&, std::uint64_t, std::uint64_t, StructView&);
extern template Fault read_struct<false>(Reader&, std::uint64_t, std::uint64_t, StructView&);

/// The structs of one client in an update.
struct Block {
    std::uint64_t client = 0;
    std::uint64_t clock = 0;      ///< of the first struct; may exceed clock_max, then nothing of it can ever be used
    std::uint64_t end_clock = 0;
    std::uint64_t count = 0;
    const std::uint8_t* begin = nullptr;
};

/// What a first, validating pass over an update found. Reused from update to update: its vectors keep their memory.
struct Outline {
    static constexpr std::size_t kept_structs = 16;

    std::vector<Block> blocks;               ///< blocks with at least one struct, in wire order
    std::vector<std::string_view> roots;     ///< distinct root names, in order of appearance
    std::vector<StructView> structs;         ///< the first struct_count are valid, if small_update()
    StructView spare;                        ///< scratch of check_update
    std::uint64_t struct_count = 0;
    std::uint64_t type_count = 0;            ///< structs of kind 7
    std::uint64_t delete_ranges = 0;
    const std::uint8_t* deletes = nullptr;   ///< the delete set
    const std::uint8_t* end = nullptr;
    bool empty_items = false;                ///< has items of length 0: do not relay as it is

    bool small_update() const { return struct_count <= kept_structs; }
};

/// Validates a whole update and fills `outline`. On a fault `position` is the byte offset near it.
Fault check_update(View update, Outline& outline, std::size_t& position);

/// Validates a whole update: invalid or too_large with the byte offset in the message.
Status validate(View update);

/// The Error for a fault, "update refused at byte N: ...".
Error fault_error(Fault fault, std::size_t position);

/// Walks the structs of a block that was checked before.
class StructCursor {
public:
    StructCursor() = default;
    StructCursor(const Block& block, const std::uint8_t* end)
        : in_(block.begin, end), client_(block.client), clock_(block.clock), left_(block.count) {}

    /// The next struct that is neither Skip nor of length 0; false at the end.
    bool next(StructView& out) {
        while (left_ > 0) {
            --left_;
            if (read_struct<false>(in_, client_, clock_, out) != Fault::none)
                return left_ = 0, false;
            clock_ += out.length;
            if (out.length > 0 && out.kind != Kind::skip)
                return true;
        }
        return false;
    }

private:
    Reader in_;
    std::uint64_t client_ = 0;
    std::uint64_t clock_ = 0;
    std::uint64_t left_ = 0;
};

/// Calls visit(client, clock, length) for each range of a delete set that was checked before.
template <class Visit>
void each_delete(Reader in, Visit&& visit) {
    std::uint64_t clients = 0, client = 0, ranges = 0, clock = 0, length = 0;
    for (in.uvar(clients); clients > 0 && in.uvar(client) && in.uvar(ranges); --clients)
        for (; ranges > 0 && in.uvar(clock) && in.uvar(length); --ranges)
            visit(client, static_cast<std::uint32_t>(clock), static_cast<std::uint32_t>(length));
}

/// One entry of a state vector: clocks below `next_clock` are known.
struct StateEntry {
    std::uint64_t client = 0;
    std::uint64_t next_clock = 0;
};

/// Decodes a state vector (in wire order). Refuses bad numbers and bytes behind it.
Result<std::vector<StateEntry>> read_state_vector(View bytes);

/// Writes the units [from, to) of a struct as a struct of its own (section 2, "reading from the middle"). A string cut
/// inside a surrogate pair gets U+FFFD at the cut.
void write_slice(Writer& out, const StructView& item, std::uint32_t from, std::uint32_t to);

/// Writes the header of `item` (info byte to parent) for content of `kind`, cut at `from` units.
void write_header(Writer& out, const StructView& item, Kind kind, std::uint32_t from);

} // namespace hameau::crdt
