// Works on libxml2's tree. Nodes are collected first and changed then, so that no walk meets what it has moved.
#include "modules/pads/convert/html_lists.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/text.hpp"
#include "modules/pads/convert/limits.hpp"
#include "modules/pads/lines/safe_values.hpp"

namespace hameau::pads {

namespace {

const xmlChar* xml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }
std::string_view name_of(const xmlNode* node) { return node != nullptr && node->type == XML_ELEMENT_NODE ? reinterpret_cast<const char*>(node->name) : std::string_view(); }
bool is_list(const xmlNode* node) { return name_of(node) == "ul" || name_of(node) == "ol"; }

std::string value_of(const xmlNode* node, const char* attribute) {
    xmlChar* value = xmlGetProp(const_cast<xmlNode*>(node), xml(attribute));
    std::string out(value == nullptr ? "" : reinterpret_cast<const char*>(value));
    xmlFree(value);
    return out;
}
bool has(const xmlNode* node, const char* attribute) { return xmlHasProp(const_cast<xmlNode*>(node), xml(attribute)) != nullptr; }
void set(xmlNode* node, const char* attribute, const std::string& value) { xmlSetProp(node, xml(attribute), xml(value.c_str())); }

std::string style_of(const xmlNode* node) { return ascii_lower(value_of(node, "style")); }

/// The number at the start of `text`.
std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    constexpr std::int64_t most = 1'000'000'000;
    return failed == std::errc{} && number >= -most && number <= most ? std::optional(number) : std::nullopt;
}

/// Every element below `root`, in the order of the document.
std::vector<xmlNode*> elements_of(xmlNode* root) {
    std::vector<xmlNode*> all;
    xmlNode* node = root;
    while (node != nullptr) {
        if (node->type == XML_ELEMENT_NODE) {
            all.push_back(node);
        }
        if (node->children != nullptr && node->type != XML_ENTITY_REF_NODE) {
            node = node->children;
            continue;
        }
        while (node != nullptr && node != root && node->next == nullptr) {
            node = node->parent;
        }
        node = node == nullptr || node == root ? nullptr : node->next;
    }
    return all;
}

xmlNode* element_before(const xmlNode* node) { return xmlPreviousElementSibling(const_cast<xmlNode*>(node)); }
void remove(xmlNode* node) {
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}
void move_children(xmlNode* from, xmlNode* to) {
    while (from->children != nullptr) {
        xmlNode* child = from->children;
        xmlUnlinkNode(child);
        xmlAddChild(to, child);
    }
}

struct Marker {
    bool ordered = false;
    std::string type = {};
    std::int64_t value = 1;
};

std::int64_t roman_value(std::string_view letters) {
    constexpr std::string_view signs = "ivxlcdm";
    constexpr std::array<std::int64_t, 7> worth = {1, 5, 10, 50, 100, 500, 1000};
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const std::int64_t one = worth[signs.find(letters[i])];
        const std::int64_t next = i + 1 < letters.size() ? worth[signs.find(letters[i + 1])] : 0;
        sum += one < next ? -one : one;
    }
    return std::max<std::int64_t>(1, sum);
}

/// What stands before an item: "3.", "(b)", "iv)", or a bullet. A single "i" begins Roman numbers. `type`: of the item before.
Marker marker_of(std::string_view sign, std::string_view type) {
    if (sign.starts_with('(')) {
        sign.remove_prefix(1);
    }
    if (sign.size() < 2 || sign.size() > 10 || (sign.back() != '.' && sign.back() != ')')) {
        return {};
    }
    sign.remove_suffix(1);
    if (sign.find_first_not_of("0123456789") == std::string_view::npos) {
        return {true, "", number_in(sign).value_or(1)};
    }
    const std::string letters = ascii_lower(sign);
    if (letters.size() > 8 || letters.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos) {
        return {};
    }
    const bool upper = letters != sign;
    const std::string before = ascii_lower(type);
    if (letters.find_first_not_of("ivxlcdm") == std::string::npos && (letters.size() > 1 || letters == "i" || before == "i") && before != "a") {
        return {true, upper ? "I" : "i", roman_value(letters)};
    }
    if (letters.size() > 2) {
        return {};
    }
    std::int64_t value = 0;
    for (const char c : letters) {
        value = value * 26 + c - 'a' + 1;
    }
    return {true, upper ? "A" : "a", value};
}

/// Makes nested lists of items that say their level.
class Levels {
public:
    /// The next item does not follow the last one.
    void end() { open_.clear(); }
    std::string type_at(std::int64_t level) const {
        const auto found = std::find_if(open_.begin(), open_.end(), [level](const Open& one) { return one.level == level; });
        return found == open_.end() ? std::string() : found->type;
    }
    xmlNode* outer() const { return open_.empty() ? nullptr : open_.front().list; }

    /// An empty item of this level; the outermost list is put before `place`.
    xmlNode* add(xmlNode* place, std::int64_t level, const Marker& marker) {
        while (!open_.empty() && open_.back().level > level) {
            open_.pop_back();
        }
        if (!open_.empty() && open_.back().level == level && (open_.back().ordered != marker.ordered || open_.back().type != marker.type)) {
            open_.pop_back();
        }
        if (open_.empty() || open_.back().level < level) {
            xmlNode* list = xmlNewDocNode(place->doc, nullptr, xml(marker.ordered ? "ol" : "ul"), nullptr);
            if (!marker.type.empty()) {
                set(list, "type", marker.type);
            }
            if (open_.empty()) {
                xmlAddPrevSibling(place, list);
            } else {
                xmlAddChild(open_.back().last, list);
            }
            open_.push_back({list, level, nullptr, marker.ordered, marker.type});
        }
        xmlNode* item = xmlNewChild(open_.back().list, nullptr, xml("li"), nullptr);
        if (marker.ordered) {
            set(item, "value", std::to_string(marker.value));
        }
        open_.back().last = item;
        return item;
    }

private:
    struct Open {
        xmlNode* list;
        std::int64_t level;
        xmlNode* last;
        bool ordered;
        std::string type;
    };
    std::vector<Open> open_;
};

/// "mso-list: l0 level2 lfo1": 2; 0 when it says no list.
std::int64_t word_level(const xmlNode* node) {
    const std::string style = has(node, "style") ? style_of(node) : std::string();
    const std::size_t at = style.find("mso-list:");
    const std::size_t level = at == std::string::npos ? at : style.find(" level", at);
    const std::string_view between = level == std::string::npos ? std::string_view() : std::string_view(style).substr(at + 9, level - at - 9);
    if (level == std::string::npos || between.find(';') != std::string_view::npos || between.find_first_not_of(" ") == std::string_view::npos || between[between.find_first_not_of(" ")] != 'l') {
        return 0;
    }
    return std::clamp<std::int64_t>(number_in(std::string_view(style).substr(level + 6)).value_or(0), 0, document_depth_max);
}

/// What Word writes before an item for programs that know no lists; it is taken out.
std::string take_marker(xmlNode* paragraph, std::vector<xmlNode*>& left) {
    for (xmlNode* node : elements_of(paragraph)) {
        std::string style = node != paragraph && has(node, "style") ? style_of(node) : std::string();
        std::erase(style, ' ');
        if (style.find("mso-list:ignore") == std::string::npos) {
            continue;
        }
        xmlChar* content = xmlNodeGetContent(node);
        std::string sign(content == nullptr ? "" : reinterpret_cast<const char*>(content));
        xmlFree(content);
        xmlUnlinkNode(node);
        left.push_back(node);
        for (std::size_t at = sign.find("\u00a0"); at != std::string::npos; at = sign.find("\u00a0")) {
            sign.erase(at, 2);
        }
        std::erase_if(sign, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
        return sign;
    }
    return {};
}

void word_paragraphs(xmlNode* root, std::vector<xmlNode*>& left) {
    Levels levels;
    const xmlNode* before = nullptr;
    for (xmlNode* part : elements_of(root)) {
        const std::string_view name = name_of(part);
        const bool block = name == "p" || (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6');
        const std::int64_t level = block && part != root ? word_level(part) : 0;
        if (level == 0) {
            continue;
        }
        const std::string sign = take_marker(part, left);
        if (before == nullptr || element_before(part) != before) {
            levels.end();
        }
        xmlNode* item = levels.add(part, level, marker_of(sign, levels.type_at(level)));
        xmlUnlinkNode(part);
        xmlAddChild(item, part);
        before = levels.outer();
    }
}

/// How a list counts, by its style.
std::string type_in_style(const xmlNode* node) {
    constexpr std::array<std::pair<std::string_view, const char*>, 6> types = {{{"lower-alpha", "a"}, {"lower-latin", "a"}, {"upper-alpha", "A"}, {"upper-latin", "A"}, {"lower-roman", "i"}, {"upper-roman", "I"}}};
    const std::string style = node != nullptr && has(node, "style") ? style_of(node) : std::string();
    const std::size_t at = style.find("list-style");
    if (at == std::string::npos) {
        return {};
    }
    const std::string_view value = std::string_view(style).substr(at, style.find(';', at) - at);
    const auto known = std::find_if(types.begin(), types.end(), [value](const auto& one) { return value.find(one.first) != std::string_view::npos; });
    return known == types.end() ? std::string() : known->second;
}

std::vector<xmlNode*> items_of(const xmlNode* list) {
    std::vector<xmlNode*> items;
    for (xmlNode* child = list->children; child != nullptr; child = child->next) {
        if (name_of(child) == "li") {
            items.push_back(child);
        }
    }
    return items;
}

void word_online(xmlNode* root, std::vector<xmlNode*>& left) {
    Levels levels;
    const xmlNode* before = nullptr;
    for (xmlNode* wrapper : elements_of(root)) {
        // What stands between the items would be lost; a wrapper in an item moves with it and has its turn later.
        xmlNode* list = name_of(wrapper) == "div" && has(wrapper, "class") && value_of(wrapper, "class").find("ListContainerWrapper") != std::string::npos ? xmlFirstElementChild(wrapper) : nullptr;
        if (!is_list(list) || xmlChildElementCount(wrapper) != 1 || items_of(list).size() != xmlChildElementCount(list)) {
            continue;
        }
        if (before == nullptr || element_before(wrapper) != before) {
            levels.end();
        }
        const bool ordered = name_of(list) == "ol";
        std::int64_t value = number_in(value_of(list, "start")).value_or(1);
        for (xmlNode* one : items_of(list)) {
            const std::string said = has(one, "data-aria-level") ? value_of(one, "data-aria-level") : value_of(one, "aria-level");
            const std::int64_t level = std::clamp<std::int64_t>(number_in(said).value_or(1), 1, document_depth_max);
            const std::string type = type_in_style(one).empty() ? type_in_style(list) : type_in_style(one);
            move_children(one, levels.add(wrapper, level, {ordered, ordered ? type : std::string(), value}));
            ++value;
        }
        before = levels.outer();
        xmlUnlinkNode(wrapper);
        left.push_back(wrapper);
    }
}

void direct_lists(xmlNode* root) {
    for (xmlNode* list : elements_of(root)) {
        if (list == root || !is_list(list) || !is_list(list->parent)) {
            continue;
        }
        xmlNode* before = element_before(list);
        if (name_of(before) == "li") {
            xmlUnlinkNode(list);
            xmlAddChild(before, list);
            continue;
        }
        while (list->children != nullptr) {
            xmlNode* child = list->children;
            xmlUnlinkNode(child);
            xmlAddPrevSibling(list, child);
        }
        remove(list);
    }
}

/// The first check box that stands at the start of an item: a forge's and our own export's.
xmlNode* box_of(xmlNode* item) {
    xmlNode* child = item->children;
    for (int depth = 0; child != nullptr && depth < 4; ++depth) {
        while (child != nullptr && child->type == XML_TEXT_NODE && xmlIsBlankNode(child) != 0) {
            child = child->next;
        }
        const std::string_view name = name_of(child);
        if (name == "input") {
            return value_of(child, "type") == "checkbox" ? child : nullptr;
        }
        if (name != "p" && name != "label" && name != "span" && name != "div") {
            return nullptr;  // a list in the item may begin with a box: that is not this item's
        }
        child = child->children;
    }
    return nullptr;
}

void boxes(xmlNode* root) {
    std::vector<xmlNode*> pictures;
    for (xmlNode* item : elements_of(root)) {
        if (name_of(item) != "li") {
            continue;
        }
        if (value_of(item, "role") == "checkbox") {
            // Google Docs: the box is a picture too.
            set(item, "data-checked", value_of(item, "aria-checked"));
            set(item, "data-type", "taskItem");
            xmlNode* first = xmlFirstElementChild(item);
            if (name_of(first) == "img") {
                pictures.push_back(first);
            }
        } else if (const xmlNode* box = value_of(item, "data-type") == "taskItem" ? nullptr : box_of(item); box != nullptr) {
            set(item, "data-checked", has(box, "checked") ? "true" : "false");
            set(item, "data-type", "taskItem");
        } else if (name_of(item->parent) != "" && value_of(item->parent, "data-type") == "taskList") {
            set(item, "data-type", "taskItem");
        }
    }
    for (xmlNode* picture : pictures) {
        remove(picture);
    }
}

/// What stands in a list without an item goes on in the item before, or stands in front of the list.
void stray(xmlNode* node, xmlNode* list, xmlNode* part) {
    if (node->type == XML_TEXT_NODE && xmlIsBlankNode(node) != 0) {
        xmlFreeNode(node);
    } else if (part != nullptr) {
        xmlAddChild(part->last, node);
    } else {
        xmlAddPrevSibling(list, node);
    }
}

/// Cuts a list where its numbers jump, and where tasks and plain items meet.
void cut(xmlNode* list) {
    const std::vector<xmlNode*> items = items_of(list);
    const bool ordered = name_of(list) == "ol";
    const std::int64_t step = has(list, "reversed") ? -1 : 1;
    std::int64_t next = number_in(value_of(list, "start")).value_or(step < 0 ? static_cast<std::int64_t>(items.size()) : 1);
    std::string type(safe_list_type(value_of(list, "type")));
    type = !type.empty() || items.empty() ? type : !type_in_style(list).empty() ? type_in_style(list) : type_in_style(items.front());
    xmlNode* part = nullptr;
    bool task = false;
    std::int64_t shown = 0;
    for (xmlNode* item = list->children; item != nullptr; item = list->children) {
        xmlUnlinkNode(item);
        if (name_of(item) != "li") {
            stray(item, list, part);
            continue;
        }
        const std::int64_t number = ordered ? number_in(value_of(item, "value")).value_or(next) : next;
        next = number + step;
        const bool is_task = value_of(item, "data-type") == "taskItem";
        if (part == nullptr || is_task != task || (ordered && !is_task && number != shown + 1)) {
            part = xmlNewDocNode(list->doc, nullptr, xml(is_task || !ordered ? "ul" : "ol"), nullptr);
            if (is_task) {
                set(part, "data-type", "taskList");
            } else if (ordered && number > 1) {
                set(part, "start", std::to_string(number));
            }
            if (!is_task && ordered && !type.empty()) {
                set(part, "type", type);
            }
            xmlAddPrevSibling(list, part);
        }
        xmlAddChild(part, item);
        task = is_task;
        shown = number;
    }
    remove(list);
}

} // namespace

void settle_lists(xmlNode* root) {
    // Taken out, but freed last: what a walk has collected may stand in it.
    std::vector<xmlNode*> left;
    word_paragraphs(root, left);
    word_online(root, left);
    direct_lists(root);
    boxes(root);
    for (xmlNode* list : elements_of(root)) {
        if (list != root && is_list(list) && xmlFirstElementChild(list) != nullptr && !items_of(list).empty()) {
            cut(list);
        }
    }
    std::for_each(left.begin(), left.end(), xmlFreeNode);
}

} // namespace hameau::pads
