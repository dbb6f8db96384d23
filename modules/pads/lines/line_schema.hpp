// What may stand where in a pad, and which attributes its blocks have with which values (docs/pads-format.md; the names and
// bounds are those of web-ui/src/pad/schema.ts and clamp.ts). Pure; for the reader and the writer of lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pads/lines/limits.hpp"

namespace hameau::pads {

inline constexpr std::string_view marker_name = "line";
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view path_key = "path";
inline constexpr std::string_view joins_key = "joins";
inline constexpr std::string_view type_key = "type";
inline constexpr std::string_view gone_key = "gone";
inline constexpr int format_number = 2;

/// A place for something in the document.
enum class Place { blocks, list, tasks, table, row };

/// Repair 1: the containers that a path stands for. What it returns points to names of its own.
std::vector<std::string_view> repaired_path(std::span<const std::string> names);
/// The name of a container as it is known here, empty for others.
std::string_view container_name(std::string_view name);
/// listItem, taskItem, tableCell, tableHeader.
bool is_item_name(std::string_view name);
bool is_cell_name(std::string_view name);
/// paragraph, heading, codeBlock, horizontalRule, image: the name as it is known here; empty for others.
std::string_view block_name(std::string_view name);
/// horizontalRule, image.
bool holds_no_text(std::string_view block);
/// The attributes that a block or container has.
std::span<const std::string_view> attribute_names(std::string_view name);
/// How many containers go on when `joins` is absent (before the comparison with the line before).
std::size_t joins_by_default(std::span<const std::string_view> path);

/// The JSON of an attribute's value when it is within its bounds and not the schema's default. `columns`: of the cell.
std::optional<std::string> kept_value(std::string_view name, std::string_view attribute, std::string_view value, std::size_t columns);

} // namespace hameau::pads
