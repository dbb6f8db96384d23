// A sink for the reader of lines that writes lines. Marks and attributes are taken as they are, known or not.
#include "modules/pads/lines/carry.hpp"

#include <algorithm>
#include <array>

#include <sodium.h>

#include "modules/pads/crdt/range_set.hpp"
#include "modules/pads/lines/line_schema.hpp"

namespace hameau::pads {

namespace {

using crdt::Integrator;
constexpr std::uint32_t none = Integrator::none;

/// ProseMirror's own spelling; TipTap's is the editor's.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"code_block", "codeBlock"}, {"bullet_list", "bulletList"}, {"ordered_list", "orderedList"},
    {"list_item", "listItem"},   {"horizontal_rule", "horizontalRule"}, {"hard_break", "hardBreak"},
};

std::string_view name_here(std::string_view name) {
    const auto found = std::find_if(std::begin(other_names), std::end(other_names), [name](const auto& one) { return one.first == name; });
    return found == std::end(other_names) ? name : found->second;
}

bool is_inline(std::string_view name) { return name == "hardBreak" || name == "mention"; }

class Carrier final : public BlockSink {
public:
    Carrier(const crdt::Document& document, LineWriter& writer, std::size_t bytes_max, std::size_t mark_bytes_max) :
        document_(document), writer_(writer), bytes_max_(bytes_max), mark_bytes_max_(mark_bytes_max) {}

    void open(std::string_view name, const Attributes& attributes) override {
        writer_.open(name);
        for (const auto& [key, value] : attributes) {
            writer_.attribute_json(key, value);
        }
    }

    void close() override { writer_.close(); }

    void text(const crdt::Run& run, std::string_view text, bool) override {
        const Span span = span_of(run, text);
        writer_.text(std::span(&span, 1));
    }

    void inside(const crdt::Run&, std::string_view name, const Attributes& attributes) override {
        open(name, attributes);
        close();
    }

    void foreign(std::uint32_t type) override {
        enter(type);
        while (!stack_.empty() && !full()) {
            crdt::Node node;
            if (!stack_.back().children.next(node)) {
                if (stack_.back().written) {
                    writer_.close();
                }
                stack_.pop_back();
            } else if (node.kind == crdt::Kind::type) {
                enter(node.type);
            }
        }
    }

    bool full() const override { return writer_.size() > bytes_max_ || mark_bytes_ > mark_bytes_max_; }

private:
    struct Frame {
        crdt::Document::Children children;
        bool written;   ///< it is open in the writer
        bool for_text;  ///< text may stand in it
    };

    Span span_of(const crdt::Run& run, std::string_view text) {
        Span span{text};
        for (const crdt::Attribute& mark : run.attributes) {
            // y-prosemirror gives these a hash, as if one could lie over itself.
            const bool script = mark.key.starts_with("subscript--") || mark.key.starts_with("superscript--");
            span.marks.emplace(script ? mark.key.substr(0, mark.key.find("--")) : mark.key, mark.value);
            mark_bytes_ += mark.key.size() + mark.value.size();
        }
        return span;
    }

    void enter(std::uint32_t type) {
        const crdt::TypeRef ref = document_.ref(type);
        if (ref == crdt::TypeRef::xml_text || ref == crdt::TypeRef::text) {
            runs(type);
            return;
        }
        if (ref != crdt::TypeRef::xml_element) {
            return;
        }
        const std::string_view name = name_here(document_.name(type));
        const std::string_view block = block_name(name);
        const bool known = !block.empty() || !container_name(name).empty() || is_inline(name);
        if (known) {
            writer_.open(name);
            for (const auto& [key, value] : attributes_of(document_, type)) {
                writer_.attribute_json(key, value);
            }
        }
        // What is unknown is its children.
        stack_.push_back({document_.children(type), known, !block.empty() && !holds_no_text(block)});
    }

    void runs(std::uint32_t type) {
        const bool bare = stack_.empty() || !stack_.back().for_text;
        bool begun = false;
        crdt::Document::Runs runs = document_.runs(type);
        for (crdt::Run run; !full() && runs.next(run);) {
            if (run.kind != crdt::Kind::string || run.text.empty()) {
                continue;
            }
            if (bare && !begun) {
                writer_.open("paragraph");
            }
            begun = true;
            writer_.stretch(span_of(run, run.text));
        }
        if (!begun) {
            return;
        }
        writer_.end_stretches();
        if (bare) {
            writer_.close();
        }
    }

    const crdt::Document& document_;
    LineWriter& writer_;
    std::size_t bytes_max_;
    std::size_t mark_bytes_max_;
    std::size_t mark_bytes_ = 0;  ///< of all runs so far
    std::vector<Frame> stack_;
};

/// A client id that the document does not know: 32 bits of its hash.
std::uint64_t client_for(const Integrator& now) {
    const Bytes state = now.encode();
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), state.data(), state.size());
    const auto known = [&now](std::uint64_t client) {
        for (std::uint32_t i = 0; i < now.client_count(); ++i) {
            if (now.client_id(i) == client) {
                return true;
            }
        }
        return false;
    };
    std::uint64_t client = 0;
    for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i) {
        client = client << 8 | hash[i];
    }
    while (client == 0 || known(client)) {
        ++client;
    }
    return client;
}

/// "count, {client, count, {clock, length}*}*" of what the sequence of the root shows.
void put_deletions(crdt::Writer& out, const Integrator& now, std::uint32_t root) {
    std::map<std::uint64_t, crdt::RangeSet, std::greater<>> deleted;
    std::vector<crdt::Range> fresh;
    for (std::uint32_t i = now.types()[root].head; i != none; i = now.items()[i].next) {
        const Integrator::Item& item = now.items()[i];
        if (!item.is_deleted()) {
            deleted[now.client_id(item.client)].add({item.clock, item.clock + item.length}, fresh);
        }
    }
    out.uvar(deleted.size());
    for (const auto& [client, ranges] : deleted) {
        out.uvar(client);
        out.uvar(ranges.ranges().size());
        for (const crdt::Range& range : ranges.ranges()) {
            out.uvar(range.begin);
            out.uvar(range.end - range.begin);
        }
    }
}

} // namespace

std::optional<Bytes> carrying_update(const Integrator& now, std::size_t bytes_max, std::size_t mark_bytes_max) {
    const crdt::Document document(now);
    const auto root = document.root(root_name);
    if (!root || form_of(document, *root) != RootForm::tree) {
        return std::nullopt;
    }
    std::optional<crdt::Id> last;
    for (std::uint32_t i = now.types()[*root].head; i != none; i = now.items()[i].next) {
        const Integrator::Item& item = now.items()[i];
        last = crdt::Id{now.client_id(item.client), item.clock + item.length - 1};
    }
    std::map<std::string, crdt::Id, std::less<>> keys;
    for (std::uint32_t e = now.types()[*root].keys; e != none; e = now.key_entries()[e].next) {
        const Integrator::KeyEntry& entry = now.key_entries()[e];
        if (entry.last != none) {
            const Integrator::Item& item = now.items()[entry.last];
            keys.insert_or_assign(std::string(now.key_name(entry.key)), crdt::Id{now.client_id(item.client), item.clock + item.length - 1});
        }
    }
    const bool had_format = keys.contains(format_key);
    LineWriter writer(client_for(now), last, std::move(keys));
    if (had_format) {
        writer.format();
    }
    Carrier carrier(document, writer, bytes_max, mark_bytes_max);
    read_lines(document, *root, carrier);
    if (carrier.full()) {
        return std::nullopt;
    }
    const std::optional<Bytes> structs = writer.structs();
    Bytes update;
    crdt::Writer out(update);
    out.uvar((structs ? 1u : 0u) + (had_format ? 0u : 1u));
    if (structs) {
        out.raw(*structs);
    }
    if (!had_format) {
        write_format(out, carried_client);
    }
    put_deletions(out, now, *root);
    return update;
}

} // namespace hameau::pads
