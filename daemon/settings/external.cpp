// The manifest of an external module: modules.d/NAME.yaml -> external.NAME.executable, .arguments.N, .idle_stop,
// .routes.N.pattern, .routes.N.who, .routes.N.websocket.
#include <algorithm>
#include <array>

#include "daemon/modules.hpp"
#include "daemon/settings/configuration.hpp"
#include "daemon/settings/limits.hpp"
#include "daemon/settings/values.hpp"

namespace hameau {

namespace {

constexpr std::array<std::string_view, 5> manifest_keys = {"name", "executable", "arguments", "idle_stop", "routes"};
constexpr std::array<std::string_view, 3> route_keys = {"pattern", "who", "websocket"};
constexpr std::array<std::string_view, 3> who_words = {"anyone", "member", "admin"};
constexpr std::array<std::string_view, 3> taken_names = {"gate", "admin", "milter"};

/// A process name holds 15 characters, of which "hameau-" takes seven.
bool is_module_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_line(std::string_view text) {
    return text.size() <= 1000 &&
           std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// "/a/{b}/c" or "/a/*": a path of literal parts, {names} and at most one "*" at the end.
std::string pattern_problem(std::string_view pattern) {
    if (!pattern.starts_with('/') || pattern.size() > 200 || !is_line(pattern)) {
        return "a pattern begins with \"/\" and has at most 200 characters";
    }
    if (pattern.starts_with("/api/") || pattern.starts_with("/internal") || pattern == "/" || pattern == "/*") {
        return "the paths /, /api/ and /internal belong to the house; choose a path of the module's own";
    }
    const std::size_t star = pattern.find('*');
    if (star != std::string_view::npos && (star + 1 != pattern.size() || pattern[star - 1] != '/')) {
        return "\"*\" may only stand alone at the end, after \"/\"";
    }
    return {};
}

class ManifestReader {
public:
    ManifestReader(Settings& settings, Diagnostics& diagnostics) : settings_(settings), diagnostics_(diagnostics) {}

    void read(const YamlNode& root) {
        if (root.kind != YamlNode::Kind::map) {
            diagnostics_.add(root.position, "a module's manifest is a map: name, executable, routes");
            return;
        }
        for (const YamlEntry& entry : root.entries) {
            if (std::find(manifest_keys.begin(), manifest_keys.end(), entry.key) == manifest_keys.end()) {
                diagnostics_.add(entry.position, unknown_word("the key", entry.key, manifest_keys));
            }
        }
        if (!read_name(root) || !diagnostics_.empty()) {
            return;
        }
        read_executable(root);
        read_arguments(root);
        if (const YamlNode* node = root.find("idle_stop")) {
            const auto ms = parse_duration(node->text);
            if (node->kind == YamlNode::Kind::scalar && ms) {
                set("idle_stop", std::to_string(*ms));
            } else {
                diagnostics_.add(node->position, "idle_stop: a duration was expected (such as 60 s, or 0)");
            }
        }
        read_routes(root);
    }

private:
    void set(const std::string& key, std::string value) { settings_.set(base_ + "." + key, std::move(value)); }

    bool read_name(const YamlNode& root) {
        const YamlNode* node = root.find("name");
        if (node == nullptr || node->kind != YamlNode::Kind::scalar) {
            diagnostics_.add(node == nullptr ? root.position : node->position, "name is missing: a-z, 0-9 and \"-\"");
            return false;
        }
        if (!is_module_name(node->text)) {
            diagnostics_.add(node->position, "name: a-z, 0-9 and \"-\", at most 32 characters, beginning with a letter");
            return false;
        }
        bool taken = std::find(taken_names.begin(), taken_names.end(), node->text) != taken_names.end();
        for (const Manifest* manifest : builtin_modules()) {
            taken = taken || manifest->name == node->text;
        }
        base_ = "external." + node->text;
        taken = taken || settings_.has(base_ + ".executable");
        if (taken) {
            diagnostics_.add(node->position, "name: a module called \"" + node->text + "\" exists already");
        }
        return !taken;
    }

    void read_executable(const YamlNode& root) {
        const YamlNode* node = root.find("executable");
        if (node == nullptr || node->kind != YamlNode::Kind::scalar) {
            diagnostics_.add(node == nullptr ? root.position : node->position, "executable is missing: an absolute path");
        } else if (!node->text.starts_with('/') || !is_line(node->text)) {
            diagnostics_.add(node->position, "executable: an absolute path was expected");
        } else {
            set("executable", node->text);
        }
    }

    void read_arguments(const YamlNode& root) {
        const YamlNode* node = root.find("arguments");
        if (node == nullptr || node->kind == YamlNode::Kind::null) {
            return;
        }
        if (node->kind != YamlNode::Kind::sequence || node->items.size() > arguments_max) {
            diagnostics_.add(node->position, "arguments: a list of at most " + std::to_string(arguments_max) + " words was expected");
            return;
        }
        for (std::size_t i = 0; i < node->items.size(); ++i) {
            const YamlNode& item = node->items[i];
            if (item.kind != YamlNode::Kind::scalar || !is_line(item.text)) {
                diagnostics_.add(item.position, "arguments: one line of text was expected");
            } else {
                set("arguments." + std::to_string(i), item.text);
            }
        }
    }

    void read_routes(const YamlNode& root) {
        const YamlNode* node = root.find("routes");
        if (node == nullptr || node->kind != YamlNode::Kind::sequence || node->items.empty() ||
            node->items.size() > routes_max) {
            diagnostics_.add(node == nullptr ? root.position : node->position,
                             "routes: a list of 1 to " + std::to_string(routes_max) + " routes was expected, such as {pattern: /guestbook, who: anyone}");
            return;
        }
        for (std::size_t i = 0; i < node->items.size(); ++i) {
            read_route(node->items[i], "routes." + std::to_string(i));
        }
    }

    void read_route(const YamlNode& node, const std::string& base) {
        if (node.kind != YamlNode::Kind::map) {
            diagnostics_.add(node.position, "a route is a map, such as {pattern: /guestbook, who: anyone}");
            return;
        }
        for (const YamlEntry& entry : node.entries) {
            if (std::find(route_keys.begin(), route_keys.end(), entry.key) == route_keys.end()) {
                diagnostics_.add(entry.position, unknown_word("the key", entry.key, route_keys));
            }
        }
        const YamlNode* pattern = node.find("pattern");
        if (pattern == nullptr || pattern->kind != YamlNode::Kind::scalar) {
            diagnostics_.add(node.position, "pattern is missing");
        } else if (const std::string problem = pattern_problem(pattern->text); !problem.empty()) {
            diagnostics_.add(pattern->position, "pattern: " + problem);
        } else {
            set(base + ".pattern", pattern->text);
        }
        std::string who = "member";
        if (const YamlNode* word = node.find("who")) {
            who = word->text;
            if (std::find(who_words.begin(), who_words.end(), who) == who_words.end()) {
                diagnostics_.add(word->position, "who: anyone, member or admin was expected");
            }
        }
        set(base + ".who", who);
        std::string websocket = "false";
        if (const YamlNode* word = node.find("websocket")) {
            const Setting boolean{"websocket", SettingType::boolean, "false", ""};
            if (auto value = canonical_value(boolean, word->text)) {
                websocket = *value;
            } else {
                diagnostics_.add(word->position, "websocket: " + value.error().message);
            }
        }
        set(base + ".websocket", websocket);
    }

    Settings& settings_;
    Diagnostics& diagnostics_;
    std::string base_;
};

} // namespace

void read_external_manifest(const YamlNode& root, const std::string& file, Settings& settings, Diagnostics& diagnostics) {
    (void)file;
    ManifestReader(settings, diagnostics).read(root);
}

} // namespace hameau
