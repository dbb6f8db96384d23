// All structs of one client as the v1 bytes they arrived in, without gaps from clock 0 (section 11, layer A). Typing
// runs are joined in place; a sparse index finds a clock. Owner: pads/crdt; used by the recorder only.
#pragma once

#include "modules/pads/crdt/update.hpp"

namespace hameau::crdt {

class ClientLog {
public:
    /// A struct start that is remembered: one per marks_structs structs or marks_bytes bytes.
    struct Mark {
        std::uint32_t clock = 0;
        std::uint32_t offset = 0;   ///< in bytes from the first struct
        std::uint32_t ordinal = 0;  ///< structs before it
    };
    static constexpr std::uint32_t mark_structs = 64;
    static constexpr std::uint32_t mark_bytes = 2048;

    explicit ClientLog(std::uint64_t client) : client_(client) {}
    /// A log whose bytes lie in a stored state that outlives it.
    ClientLog(std::uint64_t client, View base, std::uint32_t next_clock, std::uint32_t count, std::uint32_t last,
              std::vector<Mark> marks)
        : client_(client), base_(base), next_clock_(next_clock), count_(count), last_(last), marks_(std::move(marks)) {}

    std::uint64_t client() const { return client_; }
    std::uint32_t next_clock() const { return next_clock_; }
    std::uint32_t count() const { return count_; }
    std::uint32_t last() const { return last_; }
    std::size_t size() const { return base_.size() + tail_.size(); }
    const std::vector<Mark>& marks() const { return marks_; }
    std::size_t bytes_used() const { return tail_.capacity() + marks_.capacity() * sizeof(Mark); }

    /// Appends the units of `item` from next_clock() on; item.clock <= next_clock() < item.clock + item.length.
    void append(const StructView& item);
    /// Reads the struct that contains `clock` (< next_clock()). Returns its number.
    std::uint32_t find(std::uint32_t clock, StructView& out) const;
    /// Writes "count, client, clock, structs" for the clocks from `from` on (< next_clock()), with `more` structs
    /// announced that the caller writes behind them.
    void write(Writer& out, std::uint32_t from, std::uint32_t more) const;
    /// Calls visit(const StructView&) for each struct.
    template <class Visit>
    void each(Visit&& visit) const {
        std::uint32_t clock = 0;
        for (View part : {base_, View(tail_)}) {
            Reader in(part);
            StructView item;
            while (!in.done() && read_struct<false>(in, client_, clock, item) == Fault::none) {
                clock += item.length;
                visit(static_cast<const StructView&>(item));
            }
        }
    }
    /// After the owner moved the stored state.
    void rebase(View base) { base_ = base; }
    View base() const { return base_; }

private:
    /// The last struct, as far as joining needs it. Filled on the first append after opening.
    struct Open {
        bool known = false;
        bool right_present = false;
        bool keyed = false;
        Kind kind = Kind::binary;
        Id right;
        std::uint32_t prefix_at = 0;  ///< of the length or count in front of the content, in tail_
        std::uint32_t prefix = 0;
    };

    std::uint64_t client_;
    View base_;
    Bytes tail_;
    std::uint32_t next_clock_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t last_ = 0;  ///< offset of the last struct
    std::vector<Mark> marks_;
    Open open_;

    bool joins(const StructView& item, std::uint32_t skipped) const;
    void join(const StructView& item, std::uint32_t skipped);
    void reopen();
    void remember(const StructView& item, std::uint32_t content_at);
    Reader reader_at(std::uint32_t offset) const;
};

} // namespace hameau::crdt
