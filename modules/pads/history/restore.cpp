// Walks every list of the document once. Old and new items stand in one order (the order of the list never changes), so a
// copy goes where its original stands:
//
//     list:  a  [b]  c  (d)      b was there then and is gone: its copy comes behind b
//                                d came since: it is deleted; a and c stay
//
// What of that moment stands beside where it stood, as another unit, is not copied, and words that stood torn come back whole (standing.hpp).
// Of a line that came since, and of which nothing stays, the marker is not deleted but says `gone`. An entry of the root "moves" says
// which copy is which old unit; the entries of others stay, whenever they came: they say what is, not what is shown. Of the house's own
// the oldest go when there are too many.
#include "modules/pads/history/restore.hpp"

#include <map>
#include <vector>

#include "modules/pads/crdt/range_set.hpp"
#include "modules/pads/history/copies.hpp"
#include "modules/pads/history/standing.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

using crdt::Integrator;
using crdt::Kind;
using Item = Integrator::Item;
constexpr std::uint32_t none = Integrator::none;
constexpr std::string_view marker_name = "line";
constexpr std::string_view gone_name = "gone";

class Restorer {
public:
    Restorer(Integrator& now, const crdt::Snapshot& then, std::uint64_t client, const OneLine* only)
        : now_(now), then_(then), client_(client), only_(only), ways_(now), lines_then_(standing_moment(now, then, ways_)) {
        if (const auto root = now.roots().find(lines_root); root != now.roots().end()) {
            lines_ = root->second;
        }
    }

    std::optional<Bytes> run() {
        for (const auto& [name, type] : now_.roots()) {
            if (only_ != nullptr ? type == lines_ : name != moves_root) {
                common_.push_back(type);
            }
        }
        while (!common_.empty()) {
            const std::uint32_t type = common_.back();
            common_.pop_back();
            sequence(type);
            if (only_ == nullptr || type != lines_) {
                keys(type);
            }
        }
        if (count_ == 0 && deleted_.empty()) {
            return std::nullopt;
        }
        if (!copies_.empty()) {
            const std::size_t before = structs_.size();
            crdt::Writer out(structs_);
            copies_.write(out, client_, last_move());
            end_struct(copies_.count());
            forget_oldest(copies_.units(), structs_.size() - before);
        }
        return finish();
    }

private:
    /// A type that is copied: its new clock, and how far its children are.
    struct Copying {
        std::uint32_t clock;
        std::uint32_t next;                  ///< next original child
        std::optional<std::uint32_t> last;   ///< clock of the last copied child
    };

    const Item& item(std::uint32_t index) const { return now_.items()[index]; }

    bool was_there(const Item& item) const {
        const crdt::Snapshot& then = item.parent == lines_ && item.key == none ? lines_then_ : then_;
        return item.kind != Kind::deleted && item.kind != Kind::gc && item.clock < then.next_clock[item.client] &&
               !then.deleted[item.client].contains(item.clock);
    }

    crdt::Id id_of(const Item& item) const { return {now_.client_id(item.client), item.clock}; }

    /// The last unit of the list of moves.
    std::optional<crdt::Id> last_move() const {
        const auto root = now_.roots().find(moves_root);
        std::uint32_t last = none;
        for (std::uint32_t i = root == now_.roots().end() ? none : now_.types()[root->second].head; i != none; i = item(i).next) {
            last = i;
        }
        if (last == none) {
            return std::nullopt;
        }
        return crdt::Id{now_.client_id(item(last).client), item(last).clock + item(last).length - 1};
    }

    /// Text, embeds and markers of the pad's lines; of other lists nobody looks for it.
    bool is_of_lines(std::uint32_t type, const Item& item) const {
        return type == lines_ && (item.kind == Kind::string || item.kind == Kind::embed || is_marker(item));
    }

    void erase(const Item& item) {
        std::vector<crdt::Range> fresh;
        deleted_[now_.client_id(item.client)].add({item.clock, item.clock + item.length}, fresh);
    }

    /// Entries of earlier restores, as far as there are too many with these new ones.
    void forget_oldest(std::uint64_t units, std::size_t bytes) {
        for (const Ways::Own& one : ways_.own()) {
            units += one.units;
            bytes += one.bytes;
        }
        for (auto one = ways_.own().begin(); one != ways_.own().end() && (units > moves_restored_units_max || bytes > moves_restored_bytes_max); ++one) {
            std::vector<crdt::Range> fresh;
            deleted_[one->entry.client].add({one->entry.clock, one->entry.clock + 1}, fresh);
            units -= one->units;
            bytes -= one->bytes;
        }
    }

    bool is_marker(const Item& item) const {
        return item.kind == Kind::type && now_.types()[item.content].ref == crdt::TypeRef::xml_element && now_.types()[item.content].name == marker_name;
    }

    /// Markers that came since, of whose lines nothing stays. From the end on: `stays` says whether something that was there then
    /// stands between here and the next marker of then.
    std::vector<std::uint32_t> lines_to_take(std::uint32_t type) const {
        std::vector<std::uint32_t> all;
        bool any = false;
        for (std::uint32_t i = now_.types()[type].head; i != none; i = item(i).next) {
            all.push_back(i);
            any = any || (is_marker(item(i)) && !item(i).is_deleted() && !was_there(item(i)));
        }
        std::vector<std::uint32_t> found;
        bool stays = false;
        for (std::size_t n = any ? all.size() : 0; n > 0; --n) {
            const Item& one = item(all[n - 1]);
            const bool then = was_there(one);
            if (is_marker(one)) {
                if (!then && !stays && !one.is_deleted()) {
                    found.push_back(all[n - 1]);
                }
                stays = stays && !then;
            } else if (then && one.countable()) {
                stays = true;
            }
        }
        return found;
    }

    /// The line of this marker is taken out (docs/pads-format.md, Lines taken out): what somebody writes in it meanwhile stays a line.
    void take_line(const Item& marker) {
        for (std::uint32_t e = now_.types()[marker.content].keys; e != none; e = now_.key_entries()[e].next) {
            const Integrator::KeyEntry& entry = now_.key_entries()[e];
            if (now_.key_name(entry.key) == gone_name) {
                if (entry.last != none && !item(entry.last).is_deleted()) {
                    return;
                }
                const Item& last = item(entry.last);
                crdt::Writer out(structs_);
                out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(Kind::any) | crdt::StructView::has_origin | crdt::StructView::has_key));
                out.uvar(now_.client_id(last.client));
                out.uvar(last.clock + last.length - 1);
                return gone_content();
            }
        }
        crdt::Writer out(structs_);
        out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(Kind::any) | crdt::StructView::has_key));
        out.uvar(0);
        out.uvar(now_.client_id(marker.client));
        out.uvar(marker.clock);
        out.text(gone_name);
        gone_content();
    }

    /// One value: the number 1.
    void gone_content() {
        crdt::Writer out(structs_);
        out.uvar(1);
        out.u8(125);
        out.u8(1);
        end_struct(1);
    }

    /// Follows the one line that is wanted through the list: whether a unit is of it, and whether what came since goes.
    struct Window {
        bool inside = false;
        bool erases = false;
        bool over = false;
    };

    /// A line of which nothing stands today, and in which somebody wrote since: that stays, with a break between.
    struct Reused {
        bool any = false;
        std::uint32_t before = none;  ///< the item in front of the first one of then, when new words stand before that
        bool after = false;           ///< new words stand behind the last one of then
    };

    Reused reused(std::uint32_t type, Window window) const {
        Reused found;
        bool stands = false;
        bool fresh = false;
        bool old = false;
        std::uint32_t previous = none;
        for (std::uint32_t i = now_.types()[type].head; i != none && !window.over; previous = i, i = item(i).next) {
            const Item& one = item(i);
            look(window, one);
            if (!window.inside || window.over || is_marker(one) || !one.countable()) {
                continue;
            }
            const bool then = was_there(one);
            stands = stands || (then && !one.is_deleted());
            if (then && one.is_deleted()) {
                found.before = !old && fresh ? previous : found.before;
                old = true;
                found.after = false;
            } else if (!then && !one.is_deleted() && window.erases) {
                fresh = found.after = true;
            }
        }
        found.any = !stands && fresh && old;
        return found;
    }

    /// A break within the line, behind what was written last or behind an item.
    void write_break(std::uint32_t left) {
        if (left != none) {
            head(Kind::embed, left);
        } else {
            crdt::Writer out(structs_);
            out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(Kind::embed) | crdt::StructView::has_origin));
            out.uvar(client_);
            out.uvar(clock_ - 1);
        }
        crdt::Writer(structs_).text(R"({"type":"hardBreak"})");
        end_struct(1);
    }

    void look(Window& window, const Item& one) const {
        if (!is_marker(one)) {
            return;
        }
        const crdt::Id id = id_of(one);
        if (only_->marker && id.client == only_->marker->client && id.clock == only_->marker->clock) {
            window.inside = window.erases = was_there(one);
            window.over = !window.inside;
        } else if (window.inside && was_there(one)) {
            window.over = true;
        } else if (!one.is_deleted()) {
            window.erases = false;
        }
    }

    void sequence(std::uint32_t type) {
        const bool one_line = only_ != nullptr && type == lines_;
        Window window;
        window.inside = window.erases = !one_line || !only_->marker;
        const Reused line = one_line ? reused(type, window) : Reused();
        if (line.any && line.before != none) {
            write_break(line.before);
        }
        const std::vector<std::uint32_t> taken = one_line ? std::vector<std::uint32_t>() : lines_to_take(type);
        std::size_t left = taken.size();
        for (std::uint32_t i = now_.types()[type].head; i != none; i = item(i).next) {
            const Item& one = item(i);
            if (one_line) {
                look(window, one);
            }
            if (window.over) {
                break;
            }
            if (!window.inside) {
                continue;
            }
            const bool then = was_there(one);
            if (then && !one.is_deleted()) {
                flush_text();
                if (one.kind == Kind::type) {
                    common_.push_back(one.content);
                }
            } else if (then && one.kind == Kind::string) {
                // Deleted items may lie between: nobody sees where exactly among them the text stands.
                now_.append_text(one, text_);
                text_behind_ = i;
                if (is_of_lines(type, one)) {
                    text_from_.push_back(i);
                }
            } else if (then) {
                flush_text();
                if (is_of_lines(type, one)) {
                    copies_.add(id_of(one), one.length, clock_, ways_);
                }
                copy(one, i);
            } else if (left > 0 && taken[left - 1] == i) {
                --left;
                take_line(one);
            } else if (!one.is_deleted() && window.erases && !line.any && !(one_line && is_marker(one))) {
                erase(one);
            }
        }
        flush_text();
        if (line.any && line.after) {
            write_break(none);
        }
    }

    void flush_text() {
        if (text_.empty()) {
            return;
        }
        head(Kind::string, text_behind_);
        crdt::Writer(structs_).text(text_);
        std::uint32_t clock = clock_;
        for (const std::uint32_t one : text_from_) {
            copies_.add(id_of(item(one)), item(one).length, clock, ways_);
            clock += item(one).length;
        }
        end_struct(crdt::utf16_length(text_));
        text_.clear();
        text_from_.clear();
    }

    /// The head of a copy that stands behind the item `left`, which names the parent.
    void head(Kind kind, std::uint32_t left) {
        crdt::Writer out(structs_);
        const std::uint32_t right = item(left).next;
        out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(kind) | crdt::StructView::has_origin |
                                         (right != none ? crdt::StructView::has_right : 0u)));
        out.uvar(now_.client_id(item(left).client));
        out.uvar(item(left).clock + item(left).length - 1);
        if (right != none) {
            out.uvar(now_.client_id(item(right).client));
            out.uvar(item(right).clock);
        }
    }

    void end_struct(std::uint32_t length) {
        ++count_;
        clock_ += length;
    }

    void copy(const Item& one, std::uint32_t index) {
        head(one.kind, index);
        crdt::Writer out(structs_);
        now_.write_content(out, one);
        const std::uint32_t clock = clock_;
        end_struct(one.length);
        if (one.kind == Kind::type) {
            copy_inside(one.content, clock);
        }
    }

    /// Everything that was below a type, below its copy. With a stack of its own.
    void copy_inside(std::uint32_t type, std::uint32_t clock) {
        std::vector<Copying> stack{{clock, now_.types()[type].head, {}}};
        copy_keys(type, clock, stack);
        while (!stack.empty()) {
            Copying& top = stack.back();
            const std::uint32_t index = top.next;
            if (index == none) {
                stack.pop_back();
                continue;
            }
            const Item& one = item(index);
            top.next = one.next;
            if (!was_there(one)) {
                continue;
            }
            child_head(one.kind, top, none);
            const std::uint32_t own = clock_;
            std::uint32_t length = one.length;
            if (one.kind == Kind::string) {
                std::string text;
                now_.append_text(one, text);
                while (top.next != none && (!was_there(item(top.next)) || item(top.next).kind == Kind::string)) {
                    if (was_there(item(top.next))) {
                        now_.append_text(item(top.next), text);
                    }
                    top.next = item(top.next).next;
                }
                crdt::Writer(structs_).text(text);
                length = crdt::utf16_length(text);
            } else {
                crdt::Writer out(structs_);
                now_.write_content(out, one);
            }
            end_struct(length);
            top.last = clock_ - 1;
            if (one.kind == Kind::type) {
                stack.push_back({own, now_.types()[one.content].head, {}});
                copy_keys(one.content, own, stack);
            }
        }
    }

    void child_head(Kind kind, const Copying& parent, std::uint32_t key) {
        crdt::Writer out(structs_);
        const bool first = !parent.last;
        out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(kind) | (first ? 0u : crdt::StructView::has_origin) |
                                         (key != none ? crdt::StructView::has_key : 0u)));
        if (!first) {
            out.uvar(client_);
            out.uvar(*parent.last);
            return;
        }
        out.uvar(0);
        out.uvar(client_);
        out.uvar(parent.clock);
        if (key != none) {
            out.text(now_.key_name(key));
        }
    }

    /// The item that was the value of a key then, or none.
    std::uint32_t value_then(const Integrator::KeyEntry& entry) const {
        std::uint32_t value = none;
        for (std::uint32_t i = entry.head; i != none; i = item(i).next) {
            if (item(i).clock < then_.next_clock[item(i).client]) {
                value = i;
            }
        }
        return value != none && was_there(item(value)) ? value : none;
    }

    /// Shared types among the values go onto the stack.
    void copy_keys(std::uint32_t type, std::uint32_t clock, std::vector<Copying>& stack) {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> types{{type, clock}};
        while (!types.empty()) {
            const auto [from, to] = types.back();
            types.pop_back();
            copy_keys_of(from, to, stack, types);
        }
    }

    void copy_keys_of(std::uint32_t type, std::uint32_t clock, std::vector<Copying>& stack,
                      std::vector<std::pair<std::uint32_t, std::uint32_t>>& types) {
        for (std::uint32_t e = now_.types()[type].keys; e != none; e = now_.key_entries()[e].next) {
            const Integrator::KeyEntry& entry = now_.key_entries()[e];
            const std::uint32_t value = value_then(entry);
            if (value == none) {
                continue;
            }
            child_head(item(value).kind, Copying{clock, none, {}}, entry.key);
            crdt::Writer out(structs_);
            now_.write_content(out, item(value));
            const std::uint32_t own = clock_;
            end_struct(item(value).length);
            if (item(value).kind == Kind::type) {
                stack.push_back({own, now_.types()[item(value).content].head, {}});
                types.emplace_back(item(value).content, own);
            }
        }
    }

    void keys(std::uint32_t type) {
        for (std::uint32_t e = now_.types()[type].keys; e != none; e = now_.key_entries()[e].next) {
            const Integrator::KeyEntry& entry = now_.key_entries()[e];
            const std::uint32_t then = value_then(entry);
            const bool alive = entry.last != none && !item(entry.last).is_deleted();
            if (then != none && then == entry.last && alive) {
                if (item(then).kind == Kind::type) {
                    common_.push_back(item(then).content);
                }
            } else if (then == none && alive) {
                erase(item(entry.last));
            } else if (then != none && !(alive && same_content(item(then), item(entry.last)))) {
                set_key(entry, item(then));
            }
        }
    }

    bool same_content(const Item& a, const Item& b) const {
        Bytes first;
        Bytes second;
        crdt::Writer first_out(first);
        crdt::Writer second_out(second);
        now_.write_content(first_out, a);
        now_.write_content(second_out, b);
        return a.kind == b.kind && a.kind != Kind::type && first == second;
    }

    /// Behind the last one of its key, which it replaces (section 4, step 3).
    void set_key(const Integrator::KeyEntry& entry, const Item& value) {
        const Item& last = item(entry.last);
        crdt::Writer out(structs_);
        out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(value.kind) | crdt::StructView::has_origin | crdt::StructView::has_key));
        out.uvar(now_.client_id(last.client));
        out.uvar(last.clock + last.length - 1);
        now_.write_content(out, value);
        const std::uint32_t own = clock_;
        end_struct(value.length);
        if (value.kind == Kind::type) {
            copy_inside(value.content, own);
        }
    }

    Bytes finish() const {
        Bytes update;
        crdt::Writer out(update);
        out.uvar(count_ > 0 ? 1 : 0);
        if (count_ > 0) {
            out.uvar(count_);
            out.uvar(client_);
            out.uvar(0);
            out.raw(structs_);
        }
        out.uvar(deleted_.size());
        for (const auto& [client, ranges] : deleted_) {
            out.uvar(client);
            out.uvar(ranges.ranges().size());
            for (const crdt::Range& range : ranges.ranges()) {
                out.uvar(range.begin);
                out.uvar(range.end - range.begin);
            }
        }
        return update;
    }

    const Integrator& now_;
    const crdt::Snapshot& then_;
    std::uint64_t client_;
    const OneLine* only_;  ///< nothing else is restored
    std::vector<std::uint32_t> common_;  ///< types that were and are there, still to be walked
    std::map<std::uint64_t, crdt::RangeSet, std::greater<>> deleted_;
    Bytes structs_;
    std::uint64_t count_ = 0;
    std::uint32_t clock_ = 0;

    std::string text_;  ///< of several deleted items of the sequence, written as one copy behind the last of them
    std::uint32_t text_behind_ = none;
    std::vector<std::uint32_t> text_from_;  ///< these items, where somebody may look for them
    Ways ways_;
    crdt::Snapshot lines_then_;  ///< that moment, for the sequence of the lines: what of it stands elsewhere is not copied
    std::uint32_t lines_ = none;
    Copies copies_;
};

} // namespace

std::optional<Bytes> restoring_update(crdt::Integrator& now, const crdt::Snapshot& then, std::uint64_t client, const OneLine* only) {
    return Restorer(now, then, client, only).run();
}

} // namespace hameau::pads
