// Decoder of v1 updates: one validating pass (check_update), one trusted struct reader, cutting of structs.
// Everything hostile of section 10 is refused here, before any state changes.
#include "modules/pads/crdt/update.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace hameau::crdt {

std::string_view describe(Fault fault) {
    switch (fault) {
    case Fault::none: return "no fault";
    case Fault::truncated: return "it ends too early";
    case Fault::number: return "a number is malformed or too large";
    case Fault::text: return "a text is not UTF-8";
    case Fault::json: return "a value is not JSON or nested deeper than 64";
    case Fault::any: return "a value has an unknown form or is nested deeper than 64";
    case Fault::kind: return "a struct has an unknown kind";
    case Fault::bits: return "a gap carries item flags";
    case Fault::empty: return "a struct or range has length 0";
    case Fault::clock: return "a clock exceeds 2^31-1";
    case Fault::own_future: return "a struct refers to itself or to later ones of its client";
    case Fault::parent: return "a parent has an unknown form";
    case Fault::type_ref: return "a shared type is of unknown kind";
    case Fault::name_size: return "a name is longer than 1,024 bytes";
    case Fault::value_size: return "an embed or format value is larger than 64 KiB";
    case Fault::repeated_client: return "a client appears twice";
    case Fault::clients: return "it has more than 200,000 clients";
    case Fault::roots: return "it has more than 500 root names";
    case Fault::ranges: return "it has more than 1,000,000 delete ranges";
    case Fault::trailing: return "there are bytes behind the delete set";
    }
    return "unknown fault";
}

namespace {

template <bool checked>
Fault read_text(Reader& in, std::string_view& out, std::uint32_t& units) {
    if (!in.text_trusted(out))
        return Fault::truncated;
    if constexpr (checked)
        return utf8_check(out.data(), out.size(), units) ? Fault::none : Fault::text;
    units = utf16_length(out);
    return Fault::none;
}

/// A name or JSON text, whose UTF-16 length nobody needs.
template <bool checked>
Fault read_plain(Reader& in, std::string_view& out, std::size_t bytes_max, Fault too_long) {
    if (!in.text_trusted(out))
        return Fault::truncated;
    if constexpr (checked) {
        std::uint32_t units = 0;
        if (out.size() > bytes_max)
            return too_long;
        if (!utf8_check(out.data(), out.size(), units))
            return Fault::text;
    }
    return Fault::none;
}

template <bool checked>
Fault read_json(Reader& in, std::string_view& out) {
    const Fault fault = read_plain<checked>(in, out, value_bytes_max, Fault::value_size);
    if constexpr (checked) {
        if (fault == Fault::none && !json_check(out))
            return Fault::json;
    }
    return fault;
}

/// An ID that must lie before (client, clock) if it is of the same client: section 10, "self, future".
template <bool checked>
Fault read_id(Reader& in, std::uint64_t client, std::uint64_t clock, Id& out) {
    std::uint64_t at = 0;
    if (!in.uvar(out.client) || !in.uvar(at))
        return Fault::number;
    if constexpr (checked) {
        if (at >= clock_max)
            return Fault::clock;
        if (out.client == client && at >= clock)
            return Fault::own_future;
    }
    out.clock = static_cast<std::uint32_t>(at);
    return Fault::none;
}

template <bool checked>
Fault read_parent(Reader& in, std::uint64_t client, std::uint64_t clock, StructView& out) {
    std::uint64_t form = 0;
    if (!in.uvar(form))
        return Fault::number;
    if (form > 1)
        return Fault::parent;
    Fault fault = Fault::none;
    if (form == 1) {
        out.parent_form = StructView::Parent::root;
        fault = read_plain<checked>(in, out.root, name_bytes_max, Fault::name_size);
    } else {
        out.parent_form = StructView::Parent::item;
        fault = read_id<checked>(in, client, clock, out.parent);
    }
    // Trap 1: bit 5 alone does not mean that a key follows; it does only where the parent is written too.
    if (fault == Fault::none && out.keyed())
        fault = read_plain<checked>(in, out.key, name_bytes_max, Fault::name_size);
    return fault;
}

template <bool checked>
Fault read_values(Reader& in, StructView& out) {
    std::uint64_t count = 0;
    if (!in.uvar(count))
        return Fault::number;
    if (count > in.left())
        return Fault::truncated;
    if (count == 0)
        return Fault::empty;
    out.length = static_cast<std::uint32_t>(count);
    for (; count > 0; --count) {
        if (out.kind == Kind::any) {
            if (!in.skip_any())
                return Fault::any;
            continue;
        }
        std::string_view text;
        std::uint32_t units = 0;
        const Fault fault = read_text<checked>(in, text, units);
        if (fault != Fault::none)
            return fault;
        if (checked && text != "undefined" && !json_check(text))
            return Fault::json;
    }
    return Fault::none;
}

template <bool checked>
Fault read_type(Reader& in, StructView& out) {
    std::uint64_t ref = 0;
    if (!in.uvar(ref))
        return Fault::number;
    if (ref > static_cast<std::uint64_t>(TypeRef::xml_text))
        return Fault::type_ref;
    out.type_ref = static_cast<TypeRef>(ref);
    if (out.type_ref == TypeRef::xml_element || out.type_ref == TypeRef::xml_hook)
        return read_plain<checked>(in, out.name, name_bytes_max, Fault::name_size);
    return Fault::none;
}

Fault read_length(Reader& in, StructView& out) {
    std::uint64_t length = 0;
    if (!in.uvar(length))
        return Fault::number;
    if (length == 0)
        return Fault::empty;
    if (length > clock_max)
        return Fault::clock;
    out.length = static_cast<std::uint32_t>(length);
    return Fault::none;
}

template <bool checked>
Fault read_content(Reader& in, StructView& out) {
    out.length = 1;
    View ignored;
    switch (out.kind) {
    case Kind::deleted: return read_length(in, out);
    case Kind::json:
    case Kind::any: return read_values<checked>(in, out);
    case Kind::binary: return in.bytes(ignored) ? Fault::none : Fault::truncated;
    case Kind::string: return read_text<checked>(in, out.text, out.length);
    case Kind::embed: return read_json<checked>(in, out.text);
    case Kind::format: {
        const Fault fault = read_plain<checked>(in, out.name, name_bytes_max, Fault::name_size);
        return fault != Fault::none ? fault : read_json<checked>(in, out.text);
    }
    case Kind::type: return read_type<checked>(in, out);
    case Kind::subdocument: {
        const Fault fault = read_plain<checked>(in, out.name, name_bytes_max, Fault::name_size);
        return fault != Fault::none ? fault : in.skip_any() ? Fault::none : Fault::any;
    }
    default: return Fault::kind;
    }
}

} // namespace

template <bool checked>
Fault read_struct(Reader& in, std::uint64_t client, std::uint64_t clock, StructView& out) {
    out.begin = in.at;
    if (!in.u8(out.info))
        return Fault::truncated;
    out.client = client;
    out.clock = static_cast<std::uint32_t>(clock);
    out.kind = static_cast<Kind>(out.info & 0x1f);
    out.parent_form = StructView::Parent::implied;
    Fault fault = Fault::none;
    if (out.kind == Kind::gc || out.kind == Kind::skip) {
        // The two stock readers disagree about flags here (section 10).
        if (out.info != static_cast<std::uint8_t>(out.kind))
            return Fault::bits;
        out.content = in.at;
        fault = read_length(in, out);
    } else {
        if (out.origin_present())
            fault = read_id<checked>(in, client, clock, out.origin);
        if (fault == Fault::none && out.right_present())
            fault = read_id<checked>(in, client, clock, out.right);
        if (fault == Fault::none && (out.info & (StructView::has_origin | StructView::has_right)) == 0)
            fault = read_parent<checked>(in, client, clock, out);
        out.content = in.at;
        if (fault == Fault::none)
            fault = read_content<checked>(in, out);
    }
    out.end = in.at;
    return fault;
}

template Fault read_struct<true>(Reader&, std::uint64_t, std::uint64_t, StructView&);
template Fault read_struct<false>(Reader&, std::uint64_t, std::uint64_t, StructView&);

namespace {

/// The validating pass. Fills an Outline.
class Checker {
public:
    Checker(View update, Outline& outline) : in_(update), outline_(outline), spare_(outline.spare) {
        outline_.blocks.clear();
        outline_.roots.clear();
        outline_.struct_count = outline_.type_count = outline_.delete_ranges = 0;
        outline_.empty_items = false;
        outline_.end = in_.end;
    }

    Fault run() {
        std::uint64_t clients = 0;
        if (!in_.uvar(clients))
            return in_.done() ? Fault::truncated : Fault::number;
        if (clients > in_.left() / 3)
            return Fault::truncated;
        for (; clients > 0; --clients)
            if (const Fault fault = block(); fault != Fault::none)
                return fault;
        if (!descending_ && repeated())
            return Fault::repeated_client;
        outline_.deletes = in_.at;
        const Fault fault = deletes();
        if (fault != Fault::none)
            return fault;
        // Stock ignores what follows; a v2 update looks like an empty one with bytes behind it.
        return in_.done() ? Fault::none : Fault::trailing;
    }

    const std::uint8_t* at() const { return in_.at; }

private:
    Reader in_;
    Outline& outline_;
    std::optional<std::unordered_set<std::string_view>> root_set_;
    StructView& spare_;
    bool descending_ = true;

    Fault block() {
        Block block;
        if (!in_.uvar(block.count) || !in_.uvar(block.client) || !in_.uvar(block.clock))
            return Fault::number;
        if (block.count > in_.left() / 2)
            return Fault::truncated;
        block.begin = in_.at;
        std::uint64_t clock = block.clock;
        const std::uint64_t clock_limit = block.clock > clock_max ? lib0_number_max : clock_max;
        StructView& local = spare_;
        for (std::uint64_t i = 0; i < block.count; ++i) {
            const bool keep = outline_.struct_count < Outline::kept_structs;
            if (keep && outline_.structs.size() <= outline_.struct_count)
                outline_.structs.emplace_back();
            StructView& item = keep ? outline_.structs[outline_.struct_count] : local;
            if (const Fault fault = read_struct<true>(in_, block.client, clock, item); fault != Fault::none)
                return fault;
            clock += item.length;
            if (clock > clock_limit)
                return Fault::clock;
            if (const Fault fault = note(item); fault != Fault::none)
                return fault;
            ++outline_.struct_count;
        }
        block.end_clock = clock;
        if (block.count == 0)
            return Fault::none;
        if (!outline_.blocks.empty() && outline_.blocks.back().client <= block.client)
            descending_ = false;
        if (outline_.blocks.size() == clients_max)
            return Fault::clients;
        outline_.blocks.push_back(block);
        return Fault::none;
    }

    Fault note(const StructView& item) {
        if (item.kind == Kind::type)
            ++outline_.type_count;
        if (item.length == 0)
            outline_.empty_items = true;
        if (item.parent_form != StructView::Parent::root || item.kind == Kind::skip)
            return Fault::none;
        auto& roots = outline_.roots;
        if (!roots.empty() && roots.back() == item.root)
            return Fault::none;
        if (roots.size() < 8) {
            if (std::find(roots.begin(), roots.end(), item.root) != roots.end())
                return Fault::none;
        } else {
            if (!root_set_)
                root_set_.emplace(roots.begin(), roots.end());
            if (!root_set_->insert(item.root).second)
                return Fault::none;
        }
        if (roots.size() == roots_max)
            return Fault::roots;
        roots.push_back(item.root);
        return Fault::none;
    }

    bool repeated() const {
        std::vector<std::uint64_t> clients;
        clients.reserve(outline_.blocks.size());
        for (const Block& block : outline_.blocks)
            clients.push_back(block.client);
        std::sort(clients.begin(), clients.end());
        return std::adjacent_find(clients.begin(), clients.end()) != clients.end();
    }

    Fault deletes() {
        std::uint64_t clients = 0, client = 0, ranges = 0, clock = 0, length = 0;
        if (!in_.uvar(clients))
            return in_.done() ? Fault::truncated : Fault::number;
        if (clients > in_.left() / 2)
            return Fault::truncated;
        for (; clients > 0; --clients) {
            if (!in_.uvar(client) || !in_.uvar(ranges))
                return Fault::number;
            if (ranges > in_.left() / 2)
                return Fault::truncated;
            outline_.delete_ranges += ranges;
            if (outline_.delete_ranges > delete_ranges_max)
                return Fault::ranges;
            for (; ranges > 0; --ranges) {
                if (!in_.uvar(clock) || !in_.uvar(length))
                    return Fault::number;
                if (length == 0)
                    return Fault::empty;
                if (clock > clock_max || length > clock_max - clock)
                    return Fault::clock;
            }
        }
        return Fault::none;
    }
};

} // namespace

Fault check_update(View update, Outline& outline, std::size_t& position) {
    Checker checker(update, outline);
    const Fault fault = checker.run();
    position = static_cast<std::size_t>(checker.at() - update.data());
    return fault;
}

Error fault_error(Fault fault, std::size_t position) {
    const bool limit = fault == Fault::name_size || fault == Fault::value_size || fault == Fault::clients ||
                       fault == Fault::roots || fault == Fault::ranges;
    std::string message = "update refused at byte " + std::to_string(position) + ": ";
    message += describe(fault);
    return Error{limit ? ErrorKind::too_large : ErrorKind::invalid, std::move(message)};
}

Status validate(View update) {
    Outline outline;
    std::size_t position = 0;
    const Fault fault = check_update(update, outline, position);
    if (fault != Fault::none)
        return fail(fault_error(fault, position));
    return {};
}

Result<std::vector<StateEntry>> read_state_vector(View bytes) {
    Reader in(bytes);
    std::uint64_t count = 0;
    if (!in.uvar(count) || count > in.left() / 2)
        return fail(ErrorKind::invalid, "state vector refused: its count does not fit its size");
    std::vector<StateEntry> entries;
    for (; count > 0; --count) {
        StateEntry entry;
        if (!in.uvar(entry.client) || !in.uvar(entry.next_clock))
            return fail(ErrorKind::invalid, "state vector refused: a number is malformed");
        entries.push_back(entry);
    }
    if (!in.done())
        return fail(ErrorKind::invalid, "state vector refused: there are bytes behind it");
    return entries;
}

void write_header(Writer& out, const StructView& item, Kind kind, std::uint32_t from) {
    const auto flags = static_cast<std::uint8_t>((item.info & 0xe0) | (from > 0 ? StructView::has_origin : 0));
    out.u8(static_cast<std::uint8_t>(flags | static_cast<std::uint8_t>(kind)));
    if (from == 0) {
        out.raw(item.begin + 1, static_cast<std::size_t>(item.content - item.begin) - 1);
        return;
    }
    out.uvar(item.client);
    out.uvar(item.clock + from - 1);
    if (item.right_present()) {
        out.uvar(item.right.client);
        out.uvar(item.right.clock);
    }
}

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void write_text_slice(Writer& out, std::string_view text, std::uint32_t length, std::uint32_t from, std::uint32_t to) {
    bool head_cut = false, tail_cut = false;
    std::size_t first = utf16_offset(text, from, head_cut);
    const std::size_t last = to == length ? text.size() : utf16_offset(text, to, tail_cut);
    if (head_cut)
        first += 4;
    // Section 4: a cut inside a surrogate pair leaves U+FFFD on both sides.
    const std::size_t middle = last > first ? last - first : 0;
    out.uvar(middle + (head_cut ? 3 : 0) + (tail_cut ? 3 : 0));
    if (head_cut)
        out.raw(replacement.data(), replacement.size());
    out.raw(text.data() + first, middle);
    if (tail_cut)
        out.raw(replacement.data(), replacement.size());
}

void write_value_slice(Writer& out, const StructView& item, std::uint32_t from, std::uint32_t to) {
    Reader in(item.content, item.end);
    std::uint64_t count = 0;
    in.uvar(count);
    const auto skip = [&](std::uint32_t values) {
        std::string_view ignored;
        for (; values > 0; --values)
            if (!(item.kind == Kind::any ? in.skip_any() : in.text_trusted(ignored)))
                return;
    };
    skip(from);
    const std::uint8_t* first = in.at;
    skip(to - from);
    out.uvar(to - from);
    out.raw(first, static_cast<std::size_t>(in.at - first));
}

} // namespace

void write_slice(Writer& out, const StructView& item, std::uint32_t from, std::uint32_t to) {
    if (from == 0 && to == item.length) {
        out.raw(item.begin, static_cast<std::size_t>(item.end - item.begin));
        return;
    }
    if (item.is_item())
        write_header(out, item, item.kind, from);
    else
        out.u8(item.info);
    switch (item.kind) {
    case Kind::string: write_text_slice(out, item.text, item.length, from, to); break;
    case Kind::any:
    case Kind::json: write_value_slice(out, item, from, to); break;
    default: out.uvar(to - from); break;
    }
}

} // namespace hameau::crdt
