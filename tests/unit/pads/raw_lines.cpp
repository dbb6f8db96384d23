// Documents of lines for the tests of the readers, made struct by struct as other programs may make them.
#include "tests/unit/pads/raw_lines.hpp"

#include <boost/beast/core/detail/base64.hpp>

#include "modules/pads/lines/line_writer.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {
constexpr std::uint64_t type_xml_element = 3;
constexpr std::uint64_t type_xml_text = 6;
} // namespace

crdt::Bytes from_base64(std::string_view text) {
    crdt::Bytes bytes(boost::beast::detail::base64::decoded_size(text.size()));
    bytes.resize(boost::beast::detail::base64::decode(bytes.data(), text.data(), text.size()).first);
    return bytes;
}

void put_any_value(crdt::Writer& out, const json::value& value) {
    if (value.is_bool()) {
        out.any_bool(value.as_bool());
    } else if (value.is_number()) {
        out.any_number(value.to_number<double>());
    } else if (value.is_string()) {
        out.any_text(std::string_view(value.as_string()));
    } else if (value.is_array()) {
        out.any_array(value.as_array().size());
        for (const json::value& one : value.as_array()) {
            put_any_value(out, one);
        }
    } else if (value.is_object()) {
        out.any_object(value.as_object().size());
        for (const auto& [key, one] : value.as_object()) {
            out.text(std::string_view(key));
            put_any_value(out, one);
        }
    } else {
        out.any_null();
    }
}

std::uint32_t RawLines::item(crdt::Kind kind) {
    crdt::Writer out(structs_);
    if (last_) {
        out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(kind) | crdt::StructView::has_origin));
        out.uvar(client_);
        out.uvar(*last_);
    } else {
        out.u8(static_cast<std::uint8_t>(kind));
        out.uvar(parent_ ? 0 : 1);
        if (parent_) {
            out.uvar(client_);
            out.uvar(*parent_);
        } else {
            out.text(root_name);
        }
    }
    ++count_;
    last_ = clock_;
    return clock_++;
}

void RawLines::attribute(std::optional<std::uint32_t> type, std::string_view key, const json::value& value) {
    crdt::Writer out(structs_);
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(crdt::Kind::any) | crdt::StructView::has_key));
    if (type) {
        out.uvar(0);
        out.uvar(client_);
        out.uvar(*type);
    } else {
        out.uvar(1);
        out.text(root_name);
    }
    out.text(key);
    out.uvar(1);
    put_any_value(out, value);
    ++count_;
    ++clock_;
}

void RawLines::root_attribute(std::string_view key, const json::value& value) { attribute(std::nullopt, key, value); }

void RawLines::line(const json::object& attributes) {
    const std::uint32_t marker = item(crdt::Kind::type);
    crdt::Writer out(structs_);
    out.uvar(type_xml_element);
    out.text("line");
    for (const auto& [key, value] : attributes) {
        attribute(marker, std::string_view(key), value);
    }
}

void RawLines::formats(const json::object& marks, bool on) {
    for (const auto& [key, value] : marks) {
        open_mark(std::string_view(key), on ? json::serialize(value) : "null");
    }
}

void RawLines::text(std::string_view text, const json::object& marks) {
    formats(marks, true);
    item(crdt::Kind::string);
    crdt::Writer(structs_).text(text);
    clock_ += crdt::utf16_length(text) - 1;
    last_ = clock_ - 1;
    formats(marks, false);
}

void RawLines::open_mark(std::string_view name, std::string_view value) {
    item(crdt::Kind::format);
    crdt::Writer out(structs_);
    out.text(name);
    out.text(value);
}

void RawLines::embed(const json::value& value, const json::object& marks) {
    formats(marks, true);
    item(crdt::Kind::embed);
    crdt::Writer(structs_).text(json::serialize(value));
    formats(marks, false);
}

std::uint32_t RawLines::element_head(std::string_view name, const json::object& attributes) {
    const std::uint32_t type = item(crdt::Kind::type);
    crdt::Writer out(structs_);
    out.uvar(type_xml_element);
    out.text(name);
    for (const auto& [key, value] : attributes) {
        attribute(type, std::string_view(key), value);
    }
    return type;
}

void RawLines::tree(const json::object& node) {
    const json::value* attributes = node.if_contains("attrs");
    const std::uint32_t type = element_head(std::string_view(node.at("name").as_string()), attributes == nullptr ? json::object() : attributes->as_object());
    const auto parent = std::exchange(parent_, type);
    const auto last = std::exchange(last_, std::nullopt);
    const json::value* children = node.if_contains("children");
    for (const json::value& child : children == nullptr ? json::array() : children->as_array()) {
        if (child.is_object() && child.as_object().contains("name")) {
            tree(child.as_object());
            continue;
        }
        const std::uint32_t inside = item(crdt::Kind::type);
        crdt::Writer(structs_).uvar(type_xml_text);
        const auto outside = std::exchange(parent_, inside);
        const auto before = std::exchange(last_, std::nullopt);
        const json::value runs = child.is_string() ? json::value(json::array{json::array{child}}) : child.as_object().at("text");
        for (const json::value& run : runs.as_array()) {
            const json::array& parts = run.as_array();
            text(std::string_view(parts.at(0).as_string()), parts.size() > 1 ? parts.at(1).as_object() : json::object());
        }
        parent_ = outside;
        last_ = before;
    }
    parent_ = parent;
    last_ = last;
}

/// The first child of a type: a text with these letters, or the letters.
void RawLines::text_inside(std::uint32_t type, std::string_view text) {
    crdt::Writer out(structs_);
    out.u8(static_cast<std::uint8_t>(crdt::Kind::string));
    out.uvar(0);
    out.uvar(client_);
    out.uvar(type);
    out.text(text);
    ++count_;
    clock_ += crdt::utf16_length(text);
}

void RawLines::element(std::string_view name, const json::object& attributes, std::string_view text) {
    const std::uint32_t type = element_head(name, attributes);
    crdt::Writer out(structs_);
    if (!text.empty()) {
        out.u8(static_cast<std::uint8_t>(crdt::Kind::type));
        out.uvar(0);
        out.uvar(client_);
        out.uvar(type);
        out.uvar(type_xml_text);
        ++count_;
        text_inside(clock_++, text);
    }
}

void RawLines::text_type(std::string_view text) {
    const std::uint32_t type = item(crdt::Kind::type);
    crdt::Writer(structs_).uvar(type_xml_text);
    text_inside(type, text);
}

crdt::Bytes RawLines::finish() const {
    crdt::Bytes update;
    crdt::Writer out(update);
    out.uvar(count_ > 0 ? 1 : 0);
    if (count_ > 0) {
        out.uvar(count_);
        out.uvar(client_);
        out.uvar(0);
        out.raw(structs_);
    }
    out.uvar(0);
    return update;
}

} // namespace hameau::pads
