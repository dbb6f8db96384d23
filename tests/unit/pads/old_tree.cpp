// Writing a tree as Yjs structs (yjs-v1-notes section 2): each item names its left neighbour, a first child its parent.
#include "tests/unit/pads/old_tree.hpp"

namespace hameau::pads {

namespace {
constexpr std::uint64_t type_xml_element = 3;
constexpr std::uint64_t type_xml_text = 6;
} // namespace

void OldTree::begin_struct(crdt::Kind kind) {
    crdt::Writer out(structs_);
    Frame& parent = frames_.back();
    const auto info = static_cast<std::uint8_t>(kind);
    if (parent.last) {
        out.u8(static_cast<std::uint8_t>(info | crdt::StructView::has_origin));
        out.uvar(client_);
        out.uvar(*parent.last);
    } else {
        out.u8(info);
        if (parent.item) {
            out.uvar(0);
            out.uvar(client_);
            out.uvar(*parent.item);
        } else {
            out.uvar(1);
            out.text(root_name);
        }
    }
    ++count_;
}

void OldTree::open(std::string_view name) {
    begin_struct(crdt::Kind::type);
    crdt::Writer out(structs_);
    out.uvar(type_xml_element);
    out.text(name);
    frames_.back().last = clock_;
    frames_.push_back({clock_++, {}});
}

void OldTree::close() { frames_.pop_back(); }

void OldTree::begin_attribute(std::string_view key) {
    crdt::Writer out(structs_);
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(crdt::Kind::any) | crdt::StructView::has_key));
    out.uvar(0);
    out.uvar(client_);
    out.uvar(*frames_.back().item);
    out.text(key);
    out.uvar(1);
    ++count_;
    ++clock_;
}

void OldTree::attribute(std::string_view key, std::int64_t number) {
    begin_attribute(key);
    crdt::Writer(structs_).any_number(static_cast<double>(number));
}

void OldTree::attribute(std::string_view key, bool truth) {
    begin_attribute(key);
    crdt::Writer(structs_).any_bool(truth);
}

void OldTree::attribute(std::string_view key, std::string_view text) {
    begin_attribute(key);
    crdt::Writer(structs_).any_text(text);
}

void OldTree::attribute(std::string_view key, std::span<const std::int64_t> numbers) {
    begin_attribute(key);
    crdt::Writer out(structs_);
    out.any_array(numbers.size());
    for (const std::int64_t number : numbers) {
        out.any_number(static_cast<double>(number));
    }
}

void OldTree::put_format(std::string_view mark, std::string_view value) {
    begin_struct(crdt::Kind::format);
    crdt::Writer out(structs_);
    out.text(mark);
    out.text(value);
    frames_.back().last = clock_++;
}

void OldTree::text(std::span<const Span> spans) {
    begin_struct(crdt::Kind::type);
    crdt::Writer(structs_).uvar(type_xml_text);
    frames_.back().last = clock_;
    frames_.push_back({clock_++, {}});
    const std::map<std::string, std::string> none;
    const std::map<std::string, std::string>* now = &none;
    const auto switch_to = [&](const std::map<std::string, std::string>& wanted) {
        for (const auto& [mark, value] : *now) {
            if (!wanted.contains(mark)) {
                put_format(mark, "null");
            }
        }
        for (const auto& [mark, value] : wanted) {
            const auto known = now->find(mark);
            if (known == now->end() || known->second != value) {
                put_format(mark, value);
            }
        }
        now = &wanted;
    };
    for (const Span& span : spans) {
        if (span.text.empty()) {
            continue;
        }
        switch_to(span.marks);
        begin_struct(crdt::Kind::string);
        crdt::Writer(structs_).text(span.text);
        clock_ += crdt::utf16_length(span.text);
        frames_.back().last = clock_ - 1;
    }
    switch_to(none);
    frames_.pop_back();
}

void OldTree::text(std::string_view plain) {
    const Span span{plain};
    text(std::span(&span, 1));
}

Bytes OldTree::finish() {
    Bytes update;
    crdt::Writer out(update);
    out.uvar(1);
    out.uvar(count_);
    out.uvar(client_);
    out.uvar(0);
    out.raw(structs_);
    out.uvar(0);
    return update;
}

} // namespace hameau::pads
