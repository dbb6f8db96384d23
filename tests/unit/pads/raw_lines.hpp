// RawLines: any document of format 2 as one update, valid or not, as the shared cases (tests/vectors/lines) write it down.
#pragma once

#include <optional>

#include <boost/json.hpp>

#include "modules/pads/crdt/update.hpp"

namespace hameau::pads {

/// A JSON value as lib0 writes it.
void put_any_value(crdt::Writer& out, const boost::json::value& value);

/// The bytes of a case of tests/vectors.
crdt::Bytes from_base64(std::string_view text);

class RawLines {
public:
    explicit RawLines(std::uint64_t client = 7) : client_(client) {}

    void root_attribute(std::string_view key, const boost::json::value& value);
    /// A marker with these attributes.
    void line(const boost::json::object& attributes);
    void text(std::string_view text, const boost::json::object& marks = {});
    /// A mark over everything that follows.
    void open_mark(std::string_view name, std::string_view value);
    void embed(const boost::json::value& value, const boost::json::object& marks = {});
    /// {"name", "attrs", "children": [such a tree | "text" | {"text": [["run", {marks}], ...]}]}
    void tree(const boost::json::object& node);
    /// An element of that name with one text, as y-prosemirror writes it.
    void element(std::string_view name, const boost::json::object& attributes, std::string_view text);
    /// One text directly in the root.
    void text_type(std::string_view text);
    crdt::Bytes finish() const;

private:
    std::uint32_t item(crdt::Kind kind);
    void attribute(std::optional<std::uint32_t> type, std::string_view key, const boost::json::value& value);
    void text_inside(std::uint32_t type, std::string_view text);
    void formats(const boost::json::object& marks, bool on);
    std::uint32_t element_head(std::string_view name, const boost::json::object& attributes);

    /// Where the next item goes: the root, or below this type.
    std::optional<std::uint32_t> parent_;

    std::uint64_t client_;
    std::uint32_t clock_ = 0;
    std::uint32_t count_ = 0;
    std::optional<std::uint32_t> last_;
    crdt::Bytes structs_;
};

} // namespace hameau::pads
