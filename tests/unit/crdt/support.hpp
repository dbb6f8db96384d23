// Helpers of the CRDT tests: vectors as JSON lines, base64, comparison of values.
#pragma once

#include "modules/pads/crdt/update.hpp"

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

namespace hameau::crdt::test {

namespace json = boost::json;

/// All lines of tests/vectors/yjs/<name>. Throws with the path when the file is missing or empty.
std::vector<json::object> vectors(const std::string& name);

Bytes from_base64(std::string_view text);
Bytes from_hex(std::string_view text);
std::string to_hex(View bytes);
Bytes bytes_of(const json::object& line, std::string_view key);
std::vector<Bytes> updates_of(const json::object& line);

/// JSON with numbers compared as doubles and object keys in any order.
bool same(const json::value& a, const json::value& b);

using StateMap = std::map<std::uint64_t, std::uint64_t>;
using DeleteMap = std::map<std::uint64_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>>;

StateMap state_map(View state_vector);
StateMap state_map(const json::object& expected);
DeleteMap delete_map(const json::object& expected);
/// The delete set written in an update or snapshot, sorted and joined.
DeleteMap joined(DeleteMap map);

/// Copy without spare capacity, so that address sanitizer sees reads behind the end.
inline Bytes exact(View bytes) { return Bytes(bytes.begin(), bytes.end()); }

} // namespace hameau::crdt::test
