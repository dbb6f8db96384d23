// Writing lines as Yjs structs (yjs-v1-notes section 2): text, markers and formats stand one behind the other in the root; each
// names its left neighbour.
#include "modules/pads/lines/line_writer.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "daemon/base/io.hpp"
#include "modules/pads/crdt/json.hpp"
#include "modules/pads/lines/limits.hpp"
#include "modules/pads/lines/line_schema.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

constexpr std::uint64_t type_xml_element = 3;

std::string quoted_json(std::string_view text) {
    std::string out;
    crdt::append_json_string(out, text);
    return out;
}

/// A JSON value in lib0's own form. Attributes are shallow (kept_value lets nothing else through); deeper ones become null.
void put_any(crdt::Writer& out, const json::value& value, int depth = 0) {
    if (value.is_bool()) {
        out.any_bool(value.as_bool());
    } else if (value.is_number()) {
        out.any_number(value.to_number<double>());
    } else if (value.is_string()) {
        out.any_text(std::string_view(value.as_string()));
    } else if (value.is_array() && depth < value_depth_max) {
        out.any_array(value.as_array().size());
        for (const json::value& one : value.as_array()) {
            put_any(out, one, depth + 1);
        }
    } else {
        out.any_null();
    }
}

bool is_list_or_row(std::string_view name) {
    return name == "bulletList" || name == "orderedList" || name == "taskList" || name == "table" || name == "tableRow";
}

} // namespace

void write_format(crdt::Writer& out, std::uint64_t client) {
    out.uvar(1);
    out.uvar(client);
    out.uvar(0);
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(crdt::Kind::any) | crdt::StructView::has_key));
    out.uvar(1);
    out.text(root_name);
    out.text(format_key);
    out.uvar(1);
    out.any_number(format_number);
}

std::uint64_t fresh_client() {
    std::uint64_t client = 0;
    for (const char c : random_base32(4).substr(0, 6)) {
        client = client * 32 + static_cast<std::uint64_t>(c >= 'a' ? c - 'a' : c - '2' + 26);
    }
    return client;
}

void LineWriter::format() { write_attribute(format_key, std::to_string(format_number)); }

/// An attribute of the line that is written.
void LineWriter::write_attribute(std::string_view key, std::string_view value) {
    boost::system::error_code failed;
    const json::value parsed = json::parse(json::string_view(value.data(), value.size()), failed);
    if (failed) {
        return;
    }
    crdt::Writer out(structs_);
    const auto info = static_cast<std::uint8_t>(static_cast<std::uint8_t>(crdt::Kind::any) | crdt::StructView::has_key);
    const auto before = marker_ ? keys_.end() : keys_.find(key);
    if (before != keys_.end()) {
        out.u8(static_cast<std::uint8_t>(info | crdt::StructView::has_origin));
        out.uvar(before->second.client);
        out.uvar(before->second.clock);
    } else {
        out.u8(info);
        out.uvar(marker_ ? 0 : 1);
        if (marker_) {
            out.uvar(client_);
            out.uvar(*marker_);
        } else {
            out.text(root_name);
        }
        out.text(key);
    }
    out.uvar(1);
    put_any(out, parsed);
    ++count_;
    ++clock_;
}

/// The head of what comes next in the root; the caller writes the content and moves the clock.
void LineWriter::sequence_item(crdt::Kind kind) {
    crdt::Writer out(structs_);
    const auto info = static_cast<std::uint8_t>(kind);
    if (last_) {
        out.u8(static_cast<std::uint8_t>(info | crdt::StructView::has_origin));
        out.uvar(last_->client);
        out.uvar(last_->clock);
    } else {
        out.u8(info);
        out.uvar(1);
        out.text(root_name);
    }
    ++count_;
}

void LineWriter::open(std::string_view name) {
    begin();
    Node node;
    node.name = name;
    node.inside_line = name == "hardBreak" || name == "mention";
    node.block = !block_name(name).empty();
    open_.push_back(std::move(node));
}

/// What is open has its attributes now: a block becomes a line.
void LineWriter::begin() {
    if (!open_.empty() && open_.back().block && !open_.back().begun) {
        begin_line(open_.back());
    }
}

void LineWriter::begin_line(Node& block) {
    block.begun = true;
    std::vector<std::string_view> path;
    std::size_t joined = 0;
    for (Node& node : open_) {
        if (container_name(node.name).empty()) {
            continue;
        }
        // Readers look no further than so many.
        if (path.size() < path_names_max) {
            path.push_back(node.name);
            joined += node.begun ? 1 : 0;
        }
        node.begun = true;
    }
    if (any_line_) {
        sequence_item(crdt::Kind::type);
        crdt::Writer out(structs_);
        out.uvar(type_xml_element);
        out.text(marker_name);
        marker_ = clock_;
        last_ = crdt::Id{client_, clock_++};
    }
    any_line_ = true;
    if (block.name != "paragraph") {
        write_attribute(type_key, quoted_json(block.name));
    }
    write_place(path, joined);
    for (const std::string_view name : attribute_names(block.name)) {
        if (const auto given = block.attributes.find(name); given != block.attributes.end()) {
            if (const auto kept = kept_value(block.name, name, given->second, 1)) {
                write_attribute(name, *kept);
            }
        }
    }
    path_.assign(path.begin(), path.end());
}

void LineWriter::write_place(const std::vector<std::string_view>& path, std::size_t joined) {
    if (!path.empty()) {
        std::string names;
        for (const std::string_view name : path) {
            names += (names.empty() ? "[" : ",") + quoted_json(name);
        }
        write_attribute(path_key, names + "]");
    }
    const auto same = std::mismatch(path.begin(), path.end(), path_.begin(), path_.end()).first;
    const std::size_t common = static_cast<std::size_t>(same - path.begin());
    if (std::min(joins_by_default(path), common) != joined) {
        write_attribute(joins_key, std::to_string(joined));
    }
    write_container_attributes(path, joined);
}

void LineWriter::write_container_attributes(const std::vector<std::string_view>& path, std::size_t from) {
    std::size_t depth = 0;
    for (const Node& node : open_) {
        if (container_name(node.name).empty()) {
            continue;
        }
        const std::size_t here = depth++;
        if (here < from || here >= path.size()) {
            continue;
        }
        const auto inside = std::count(path.begin() + static_cast<std::ptrdiff_t>(here) + 1, path.end(), std::string_view(node.name));
        std::size_t columns = 1;
        for (const std::string_view name : attribute_names(node.name)) {
            const auto given = node.attributes.find(name);
            const auto kept = given == node.attributes.end() ? std::nullopt : kept_value(node.name, name, given->second, columns);
            if (!kept) {
                continue;
            }
            columns = name == "colspan" ? static_cast<std::size_t>(std::stoul(*kept)) : columns;
            write_attribute(node.name + "." + std::string(name) + (inside > 0 ? "." + std::to_string(inside) : ""), *kept);
        }
    }
}

void LineWriter::close() {
    begin();
    Node& node = open_.back();
    if (node.inside_line) {
        std::string embed = R"({"type":)" + quoted_json(node.name);
        for (bool first = true; const auto& [key, value] : node.attributes) {
            embed += (first ? R"(,"attrs":{)" : ",") + quoted_json(key) + ":" + value;
            first = false;
        }
        embed += node.attributes.empty() ? "}" : "}}";
        sequence_item(crdt::Kind::embed);
        crdt::Writer(structs_).text(embed);
        last_ = crdt::Id{client_, clock_++};
    } else if (!node.block && !node.begun && !container_name(node.name).empty() && !is_list_or_row(node.name)) {
        // An item, a cell, a quote with nothing in it holds an empty paragraph; a list, a table, a row is nothing.
        open("paragraph");
        close();
    }
    open_.pop_back();
}

void LineWriter::attribute(std::string_view key, std::int64_t number) { attribute_json(key, std::to_string(number)); }

void LineWriter::attribute(std::string_view key, bool truth) { attribute_json(key, truth ? "true" : "false"); }

void LineWriter::attribute(std::string_view key, std::string_view text) { attribute_json(key, quoted_json(text)); }

void LineWriter::attribute(std::string_view key, std::span<const std::int64_t> numbers) {
    std::string value;
    for (const std::int64_t number : numbers) {
        value += (value.empty() ? "[" : ",") + std::to_string(number);
    }
    attribute_json(key, (value.empty() ? "[" : value) + "]");
}

void LineWriter::attribute_json(std::string_view key, std::string value) {
    open_.back().attributes.insert_or_assign(std::string(key), std::move(value));
}

void LineWriter::put_format(std::string_view mark, std::string_view value) {
    sequence_item(crdt::Kind::format);
    crdt::Writer out(structs_);
    out.text(mark);
    out.text(value);
    last_ = crdt::Id{client_, clock_++};
}

void LineWriter::switch_marks(const std::map<std::string, std::string>& wanted) {
    if (marks_ == wanted) {
        return;
    }
    for (const auto& [mark, value] : marks_) {
        if (!wanted.contains(mark)) {
            put_format(mark, "null");
        }
    }
    for (const auto& [mark, value] : wanted) {
        const auto known = marks_.find(mark);
        if (known == marks_.end() || known->second != value) {
            put_format(mark, value);
        }
    }
    marks_ = wanted;
}

void LineWriter::stretch(const Span& span) {
    begin();
    if (span.text.empty()) {
        return;
    }
    switch_marks(span.marks);
    sequence_item(crdt::Kind::string);
    crdt::Writer(structs_).text(span.text);
    clock_ += crdt::utf16_length(span.text);
    last_ = crdt::Id{client_, clock_ - 1};
}

void LineWriter::end_stretches() { switch_marks({}); }

void LineWriter::text(std::span<const Span> spans) {
    begin();
    for (const Span& span : spans) {
        stretch(span);
    }
    end_stretches();
}

void LineWriter::text(std::string_view plain) {
    const Span span{plain};
    text(std::span(&span, 1));
}

std::optional<Bytes> LineWriter::structs() const {
    if (count_ == 0) {
        return std::nullopt;
    }
    Bytes out_bytes;
    crdt::Writer out(out_bytes);
    out.uvar(count_);
    out.uvar(client_);
    out.uvar(0);
    out.raw(structs_);
    return out_bytes;
}

Bytes LineWriter::finish() const {
    const std::optional<Bytes> own = structs();
    Bytes update;
    crdt::Writer out(update);
    out.uvar(own ? 2 : 1);
    if (own) {
        out.raw(*own);
    }
    write_format(out, blank_client);
    out.uvar(0);
    return update;
}

} // namespace hameau::pads
