// The tables of the line form: which containers, attributes and values exist. What is not in them is repaired or left out.
#include "modules/pads/lines/line_schema.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <boost/json.hpp>

#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {

namespace json = boost::json;

namespace {

struct Container {
    std::string_view name;
    Place stands_in;
    Place holds;
};
constexpr std::array containers = {
    Container{"blockquote", Place::blocks, Place::blocks}, Container{"bulletList", Place::blocks, Place::list},
    Container{"orderedList", Place::blocks, Place::list},  Container{"taskList", Place::blocks, Place::tasks},
    Container{"table", Place::blocks, Place::table},       Container{"listItem", Place::list, Place::blocks},
    Container{"taskItem", Place::tasks, Place::blocks},    Container{"tableRow", Place::table, Place::row},
    Container{"tableCell", Place::row, Place::blocks},     Container{"tableHeader", Place::row, Place::blocks},
};

constexpr std::array<std::string_view, 5> blocks = {"paragraph", "heading", "codeBlock", "horizontalRule", "image"};

constexpr std::array<std::string_view, 1> paragraph_attributes = {"textAlign"};
constexpr std::array<std::string_view, 2> heading_attributes = {"level", "textAlign"};
constexpr std::array<std::string_view, 1> code_attributes = {"language"};
constexpr std::array<std::string_view, 5> image_attributes = {"alt", "height", "src", "title", "width"};
constexpr std::array<std::string_view, 2> ordered_attributes = {"start", "type"};
constexpr std::array<std::string_view, 1> task_attributes = {"checked"};
constexpr std::array<std::string_view, 3> cell_attributes = {"colspan", "rowspan", "colwidth"};

const Container* container_of(std::string_view name) {
    const auto found = std::find_if(containers.begin(), containers.end(), [name](const Container& one) { return one.name == name; });
    return found == containers.end() ? nullptr : &*found;
}

/// What a list, a table or a row is given when something else is to stand in it.
const Container* item_of(Place place) {
    switch (place) {
    case Place::list:
        return container_of("listItem");
    case Place::tasks:
        return container_of("taskItem");
    case Place::table:
        return container_of("tableRow");
    case Place::row:
        return container_of("tableCell");
    case Place::blocks:
        break;
    }
    return nullptr;
}

/// A whole number from 1 to `most`; text too: some editors keep what they read in a page.
std::optional<std::int64_t> number_in(const json::value& value, std::int64_t most) {
    double number = 0;
    if (value.is_number()) {
        number = std::floor(value.to_number<double>());
    } else if (value.is_string()) {
        const json::string& text = value.as_string();
        std::int64_t whole = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), whole);
        number = failed == std::errc{} && end == text.data() + text.size() && text.size() <= number_digits_max ? static_cast<double>(whole) : 0;
    }
    return number >= 1 && number <= static_cast<double>(most) ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
}

std::optional<std::string> number_but(const json::value& value, std::int64_t most, std::int64_t otherwise) {
    const auto number = number_in(value, most);
    return number && *number != otherwise ? std::optional(std::to_string(*number)) : std::nullopt;
}

std::optional<std::string> word_of(const json::value& value, std::initializer_list<std::string_view> words) {
    const bool known = value.is_string() && std::find(words.begin(), words.end(), std::string_view(value.as_string())) != words.end();
    return known ? std::optional(json::serialize(value)) : std::nullopt;
}

/// One number for each column that the cell spans, 0 where nobody dragged.
std::optional<std::string> widths_of(const json::value& value, std::size_t columns) {
    if (!value.is_array() || value.as_array().size() != columns) {
        return std::nullopt;
    }
    std::string out;
    bool any = false;
    for (const json::value& one : value.as_array()) {
        const double width = one.is_number() ? one.to_number<double>() : 0;
        const bool good = width >= 1 && width <= static_cast<double>(column_width_max);
        any = any || good;
        out += out.empty() ? "[" : ",";
        out += good ? std::to_string(static_cast<std::int64_t>(width)) : "0";
    }
    return any ? std::optional(out + "]") : std::nullopt;
}

} // namespace

std::vector<std::string_view> repaired_path(std::span<const std::string> names) {
    std::vector<std::string_view> path;
    Place here = Place::blocks;
    const auto take = [&](const Container& one) {
        path.push_back(one.name);
        here = one.holds;
    };
    for (const std::string& name : names.first(std::min(names.size(), path_names_max))) {
        const Container* wanted = container_of(name);
        if (wanted == nullptr) {
            continue;
        }
        while (wanted->stands_in != here && here != Place::blocks) {
            take(*item_of(here));
        }
        if (wanted->stands_in == here) {
            take(*wanted);
        }
    }
    while (here != Place::blocks) {
        take(*item_of(here));
    }
    return path;
}

std::string_view container_name(std::string_view name) {
    const Container* found = container_of(name);
    return found == nullptr ? std::string_view() : found->name;
}

bool is_cell_name(std::string_view name) { return name == "tableCell" || name == "tableHeader"; }

bool is_item_name(std::string_view name) { return name == "listItem" || name == "taskItem" || is_cell_name(name); }

std::string_view block_name(std::string_view name) {
    const auto found = std::find(blocks.begin(), blocks.end(), name);
    return found == blocks.end() ? std::string_view() : *found;
}

bool holds_no_text(std::string_view block) { return block == "horizontalRule" || block == "image"; }

std::span<const std::string_view> attribute_names(std::string_view name) {
    if (name == "paragraph") {
        return paragraph_attributes;
    }
    if (name == "heading") {
        return heading_attributes;
    }
    if (name == "codeBlock") {
        return code_attributes;
    }
    if (name == "image") {
        return image_attributes;
    }
    if (name == "orderedList") {
        return ordered_attributes;
    }
    if (name == "taskItem") {
        return task_attributes;
    }
    if (name == "tableCell" || name == "tableHeader") {
        return cell_attributes;
    }
    return {};
}

std::size_t joins_by_default(std::span<const std::string_view> path) {
    for (std::size_t i = path.size(); i > 0; --i) {
        if (is_item_name(path[i - 1])) {
            return i - 1;
        }
    }
    return path.size();
}

std::optional<std::string> kept_value(std::string_view name, std::string_view attribute, std::string_view text, std::size_t columns) {
    constexpr std::int64_t levels = 6, starts = 1'000'000'000, spans = 100, side = 10'000;
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed) {
        return std::nullopt;
    }
    if (attribute == "textAlign") {
        return word_of(value, {"left", "center", "right", "justify"});
    }
    if (attribute == "level") {
        return number_but(value, levels, 1);
    }
    if (attribute == "start") {
        return number_but(value, starts, 1);
    }
    if (attribute == "type" && name == "orderedList") {
        return word_of(value, {"1", "a", "A", "i", "I"});
    }
    if (attribute == "checked") {
        return value.is_bool() && value.as_bool() ? std::optional<std::string>("true") : std::nullopt;
    }
    if (attribute == "colspan" || attribute == "rowspan") {
        return number_but(value, spans, 1);
    }
    if (attribute == "colwidth") {
        return widths_of(value, columns);
    }
    if (attribute == "width" || attribute == "height") {
        return number_but(value, side, 0);
    }
    if (!value.is_string() || (attribute == "src" && !is_safe_address(std::string_view(value.as_string())))) {
        return std::nullopt;
    }
    return std::string(text);
}

} // namespace hameau::pads
