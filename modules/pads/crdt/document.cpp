// Read access to the integrated document; see document.hpp.
#include "modules/pads/crdt/document.hpp"

#include "modules/pads/crdt/json.hpp"

#include <algorithm>

namespace hameau::crdt {

using Item = Integrator::Item;
constexpr std::uint32_t none = Integrator::none;

std::vector<std::string_view> Document::root_names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, type] : source_.roots())
        names.push_back(name);
    return names;
}

std::optional<std::uint32_t> Document::root(std::string_view name) const {
    const auto found = source_.roots().find(name);
    if (found == source_.roots().end())
        return std::nullopt;
    return found->second;
}

namespace {

bool xml_type(TypeRef ref) { return ref >= TypeRef::xml_element || ref == TypeRef::xml_text; }

} // namespace

RootKind Document::guess(std::uint32_t type) const {
    const Integrator::Type& root = source_.types()[type];
    if (root.head == none)
        return root.keys != none ? RootKind::map : RootKind::array;
    for (std::uint32_t i = root.head; i != none; i = source_.items()[i].next) {
        const Item& item = source_.items()[i];
        if (item.kind == Kind::deleted)
            continue;
        if (item.kind == Kind::string || item.kind == Kind::format || item.kind == Kind::embed)
            return RootKind::text;
        if (item.kind == Kind::type && xml_type(ref(item.content)))
            return RootKind::xml;
        return RootKind::array;
    }
    return RootKind::array;
}

std::optional<std::uint32_t> Document::first_xml_root() const {
    for (const auto& [name, type] : source_.roots())
        if (guess(type) == RootKind::xml)
            return type;
    return std::nullopt;
}

Node Document::node(std::uint32_t index, std::uint32_t offset) const {
    const Item& item = source_.items()[index];
    return {item.kind, Id{source_.client_id(item.client), item.clock + offset}, index, offset,
            item.kind == Kind::type ? item.content : none};
}

Document::Children::Children(const Document& document, std::uint32_t type)
    : document_(&document), item_(document.source_.types()[type].head) {}

bool Document::Children::next(Node& out) {
    for (; item_ != none; item_ = document_->source_.items()[item_].next, offset_ = 0) {
        const Item& item = document_->source_.items()[item_];
        if (!item.countable() || offset_ >= item.length || !document_->visible(item))
            continue;
        out = document_->node(item_, offset_++);
        return true;
    }
    return false;
}

std::optional<Node> Document::value(const Integrator::KeyEntry& entry) const {
    std::uint32_t index = entry.last;
    if (at_ != nullptr) {
        // The last one that existed at that time.
        index = none;
        for (std::uint32_t i = entry.head; i != none; i = source_.items()[i].next)
            if (source_.items()[i].clock < at_->next_clock[source_.items()[i].client])
                index = i;
    }
    if (index == none || !visible(source_.items()[index]))
        return std::nullopt;
    return node(index, source_.items()[index].length - 1);
}

std::vector<std::pair<std::string_view, Node>> Document::entries(std::uint32_t type) const {
    std::vector<std::pair<std::string_view, Node>> result;
    for (std::uint32_t e = source_.types()[type].keys; e != none; e = source_.key_entries()[e].next)
        if (const auto current = value(source_.key_entries()[e]))
            result.emplace_back(source_.key_name(source_.key_entries()[e].key), *current);
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return result;
}

std::optional<Node> Document::entry(std::uint32_t type, std::string_view key) const {
    for (std::uint32_t e = source_.types()[type].keys; e != none; e = source_.key_entries()[e].next)
        if (source_.key_name(source_.key_entries()[e].key) == key)
            return value(source_.key_entries()[e]);
    return std::nullopt;
}

std::string Document::text(std::uint32_t type) const {
    std::string result;
    std::size_t units = 0;
    for (std::uint32_t i = source_.types()[type].head; i != none; i = source_.items()[i].next)
        units += source_.items()[i].kind == Kind::string && visible(source_.items()[i]) ? source_.items()[i].length : 0;
    result.reserve(units);
    for (std::uint32_t i = source_.types()[type].head; i != none; i = source_.items()[i].next)
        if (source_.items()[i].kind == Kind::string && visible(source_.items()[i]))
            source_.append_text(source_.items()[i], result);
    return result;
}

Document::Runs::Runs(const Document& document, std::uint32_t type, Split split)
    : document_(&document), split_(split), item_(document.source_.types()[type].head) {}

/// Switches an attribute on, changes it, or off (null).
void Document::Runs::format(const Item& item) {
    Reader in(document_->source_.payload(item));
    std::string_view key, value;
    if (!in.text_trusted(key) || !in.text_trusted(value))
        return;
    const auto place = std::lower_bound(attributes_.begin(), attributes_.end(), key,
                                        [](const Attribute& a, std::string_view wanted) { return a.key < wanted; });
    const bool there = place != attributes_.end() && place->key == key;
    if (!there && value == "null")
        return;
    ++version_;
    if (there) {
        attribute_bytes_ -= place->key.size() + place->value.size();
        attributes_.erase(place);
    }
    if (value.size() > attribute_bytes_max)
        return;
    std::string canonical = canonical_json(value);
    const std::size_t size = key.size() + canonical.size();
    if (canonical == "null" || attributes_.size() == attributes_max || attribute_bytes_ + size > attribute_bytes_max)
        return;
    attribute_bytes_ += size;
    const auto free = std::lower_bound(attributes_.begin(), attributes_.end(), key,
                                       [](const Attribute& a, std::string_view wanted) { return a.key < wanted; });
    attributes_.insert(free, Attribute{key, std::move(canonical)});
}

/// A document that repeats one long attribute over a million runs must not cost a million copies.
void Document::Runs::begin(Run& out, const Item& item) const {
    out.kind = item.kind;
    out.text.clear();
    out.embed = {};
    out.type = none;
    if (out.version != version_)
        out.attributes = attributes_;
    out.version = version_;
    out.client = document_->source_.client_id(item.client);
    out.clock = item.clock;
    out.group = document_->group(item);
}

bool Document::Runs::next(Run& out) {
    bool begun = false;
    for (; item_ != none; item_ = document_->source_.items()[item_].next) {
        const Item& item = document_->source_.items()[item_];
        if (!document_->visible(item))
            continue;
        if (item.kind == Kind::format) {
            format(item);
            continue;
        }
        if (item.kind != Kind::string && item.kind != Kind::embed && item.kind != Kind::type)
            continue;
        if (begun && (item.kind != Kind::string || !same(out) || document_->group(item) != out.group ||
                      (split_ == Split::authors && out.client != document_->source_.client_id(item.client))))
            return true;
        if (!begun)
            begin(out, item);
        begun = true;
        if (item.kind == Kind::string) {
            document_->source_.append_text(item, out.text);
            continue;
        }
        if (item.kind == Kind::type)
            out.type = item.content;
        Reader in(document_->source_.payload(item));
        if (item.kind == Kind::embed)
            in.text_trusted(out.embed);
        item_ = item.next;
        return true;
    }
    return begun;
}

namespace {

std::string unit_json(const Integrator& source, const Item& item, std::uint32_t offset) {
    std::string text, out;
    source.append_text(item, text);
    bool inside = false;
    const std::size_t from = utf16_offset(text, offset, inside);
    const bool half = inside;
    const std::size_t to = utf16_offset(text, offset + 1, inside);
    append_json_string(out, half || inside ? std::string_view("\xEF\xBF\xBD") : std::string_view(text).substr(from, to - from));
    return out;
}

} // namespace

std::string Document::json(const Node& node) const {
    const Item& item = source_.items()[node.item];
    Reader in(source_.payload(item));
    std::string out;
    std::string_view text;
    View bytes;
    switch (item.kind) {
    case Kind::string: return unit_json(source_, item, node.offset);
    case Kind::any:
        for (std::uint32_t i = 0; i < node.offset; ++i)
            if (!in.skip_any())
                return "null";
        return append_any_json(out, in) ? out : "null";
    case Kind::json:
        for (std::uint32_t i = 0; i <= node.offset; ++i)
            if (!in.text_trusted(text))
                return "null";
        return text == "undefined" ? "{\"$undef\":1}" : canonical_json(text);
    case Kind::embed: return in.text_trusted(text) ? canonical_json(text) : "null";
    case Kind::binary: {
        if (!in.bytes(bytes))
            return "null";
        Bytes value;
        Writer(value).any_bytes(bytes);
        Reader value_in{View(value)};
        append_any_json(out, value_in);
        return out;
    }
    case Kind::subdocument:
        if (!in.text_trusted(text))
            return "null";
        out = "{\"$doc\":";
        append_json_string(out, text);
        return out + "}";
    default: return "null";
    }
}

} // namespace hameau::crdt
