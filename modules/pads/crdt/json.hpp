// JSON text of lib0 values, for exporters and tests: canonical (keys sorted, shortest numbers), so that equal values
// have equal text. Owner: pads/crdt.
#pragma once

#include "modules/pads/crdt/lib0.hpp"

namespace hameau::crdt {

/// Appends `text` (valid UTF-8) as a JSON string.
void append_json_string(std::string& out, std::string_view text);
/// Appends a number as JavaScript would write it, near enough: shortest form that reads back the same.
void append_json_number(std::string& out, double number);
/// Appends one `any` value as canonical JSON and moves `in` behind it; false when malformed. What JSON cannot hold is
/// written as {"$undef":1}, {"$big":"1"}, {"$bin":"base64"}, {"$num":"NaN"}.
bool append_any_json(std::string& out, Reader& in);
/// Canonical form of checked JSON text; the text itself when it is malformed.
std::string canonical_json(std::string_view text);

} // namespace hameau::crdt
