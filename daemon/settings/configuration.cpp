// The walk over hameau.yaml: sections, keys, values; then what has to fit together.
#include "daemon/settings/configuration.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/backup_target.hpp"
#include "daemon/settings/schema.hpp"
#include "daemon/settings/values.hpp"

namespace hameau {

namespace {

constexpr std::string_view loopback_networks = "127.0.0.0/8, ::1/128";

class Reader {
public:
    Reader(const ConfigurationInput& input, Diagnostics& diagnostics) : input_(input), diagnostics_(diagnostics) {}

    Settings settings;

    void set_defaults() {
        for (const Section& section : sections()) {
            for (const Setting& setting : section.settings) {
                const std::string key = section.name + "." + std::string(setting.key);
                std::string value = canonical_value(setting, setting.default_value).value_or("");
                if (input_.trial && setting.key == "limits.exempt_networks") {
                    value = loopback_networks;
                } else if (input_.trial && key == "house.host") {
                    value = "localhost";
                } else if (key == "house.host" && !input_.host_of_setup.empty()) {
                    // The first set-up keeps it in the state folder; it is checked like what the file says.
                    auto host = canonical_value(setting, input_.host_of_setup);
                    value = host ? *host : std::string();
                    extra_errors += host ? "" : "the host name of the first set-up: error: " + host.error().message + "\n";
                }
                settings.set(key, std::move(value));
            }
        }
    }

    void read_root(const YamlNode& root) {
        if (root.kind == YamlNode::Kind::null) {
            return;
        }
        if (root.kind != YamlNode::Kind::map) {
            diagnostics_.add(root.position, "the file must be a map of sections (house:, modules:)");
            return;
        }
        std::vector<std::string_view> known = {"modules"};
        for (const Section& section : sections()) {
            known.push_back(section.name);
        }
        for (const YamlEntry& entry : root.entries) {
            if (entry.key == "modules") {
                read_modules(entry.value);
            } else if (const Section* section = find_section(entry.key)) {
                read_section(*section, entry.value);
            } else {
                diagnostics_.add(entry.position, unknown_word("the section", entry.key, known));
            }
        }
    }

    void read_overrides() {
        for (const std::string& text : input_.overrides) {
            const std::size_t equals = text.find('=');
            const std::string key = text.substr(0, equals);
            Diagnostics own("--set " + text.substr(0, 200));
            const Setting* setting = find_setting(key);
            if (equals == std::string::npos) {
                own.add("SETTING=VALUE was expected");
            } else if (setting == nullptr) {
                const std::vector<std::string_view> known(all_keys().begin(), all_keys().end());
                own.add(unknown_word("the setting", key, known));
            } else if (auto value = canonical_value(*setting, std::string_view(text).substr(equals + 1))) {
                settings.set(key, std::move(*value));
                places_.insert_or_assign(key, Position{});
            } else {
                own.add(value.error().message);
            }
            extra_errors += own.text();
        }
    }

    void check_together() {
        if (settings.text("people.enabled") == "false") {
            diagnostics_.add(place_of("people.enabled"), "people cannot be switched off: nobody could sign in");
        }
        std::map<std::string, std::string> ports;
        for (const auto& [key, value] : settings.all()) {
            if (!key.ends_with("_port") || (key.starts_with("mail.") && settings.text("mail.enabled") == "false")) {
                continue;
            }
            const auto [found, fresh] = ports.emplace(value, key);
            if (!fresh) {
                // Said at the later of the two places.
                const Position first = place_of(found->second);
                const Position second = place_of(key);
                const bool later = std::pair(first.line, first.column) < std::pair(second.line, second.column);
                diagnostics_.add(later ? second : first, "port " + value + " is used twice: by " + found->second + " and " + key);
            }
        }
    }

    std::string extra_errors;

private:
    Position place_of(const std::string& key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? Position{} : found->second;
    }

    void read_modules(const YamlNode& node) {
        if (node.kind == YamlNode::Kind::null) {
            return;
        }
        if (node.kind != YamlNode::Kind::map) {
            diagnostics_.add(node.position, "modules: must be a map of modules");
            return;
        }
        std::vector<std::string_view> known;
        for (const Section& section : sections()) {
            if (section.module) {
                known.push_back(section.name);
            }
        }
        for (const YamlEntry& entry : node.entries) {
            const Section* section = find_section(entry.key);
            if (section == nullptr || !section->module) {
                diagnostics_.add(entry.position, unknown_word("the module", entry.key, known));
            } else {
                read_section(*section, entry.value);
            }
        }
    }

    void read_section(const Section& section, const YamlNode& node) {
        if (node.kind == YamlNode::Kind::null) {
            return;
        }
        if (node.kind != YamlNode::Kind::map) {
            diagnostics_.add(node.position, section.name + ": must be a map of settings");
            return;
        }
        for (const YamlEntry& entry : node.entries) {
            read_key(section, entry.key, entry.position, entry.value);
        }
    }

    /// "limits: {upload_max: 1}" and "limits.upload_max: 1" are the same.
    void read_key(const Section& section, const std::string& key, Position position, const YamlNode& node) {
        const Setting* setting = find_setting(section.name + "." + key);
        if (setting != nullptr) {
            read_value(section, *setting, position, node);
            return;
        }
        const std::string prefix = key + ".";
        const bool group = std::any_of(section.settings.begin(), section.settings.end(),
                                       [&](const Setting& known) { return known.key.starts_with(prefix); });
        if (group && node.kind == YamlNode::Kind::map) {
            for (const YamlEntry& entry : node.entries) {
                read_key(section, prefix + entry.key, entry.position, entry.value);
            }
            return;
        }
        if (group) {
            if (node.kind != YamlNode::Kind::null) {
                diagnostics_.add(node.position, section.name + "." + key + ": must be a map");
            }
            return;
        }
        std::vector<std::string_view> known;
        std::vector<std::string> groups;
        for (const Setting& other : section.settings) {
            known.push_back(other.key);
            if (const std::size_t dot = other.key.find('.'); dot != std::string_view::npos) {
                groups.emplace_back(other.key.substr(0, dot));
            }
        }
        known.insert(known.end(), groups.begin(), groups.end());
        diagnostics_.add(position, unknown_word("the setting", section.name + "." + key, with_prefix(section, known)));
    }

    /// The known words with the section before them, kept alive by this reader.
    std::vector<std::string_view> with_prefix(const Section& section, const std::vector<std::string_view>& known) {
        words_.clear();
        for (const std::string_view word : known) {
            words_.push_back(section.name + "." + std::string(word));
        }
        return {words_.begin(), words_.end()};
    }

    void read_value(const Section& section, const Setting& setting, Position position, const YamlNode& node) {
        const std::string key = section.name + "." + std::string(setting.key);
        if (const auto before = places_.find(key); before != places_.end()) {
            diagnostics_.add(position, key + " is set twice; the first is on line " + std::to_string(before->second.line));
            return;
        }
        places_.emplace(key, position);
        std::string text;
        if (node.kind == YamlNode::Kind::scalar) {
            text = node.text;
        } else if (node.kind == YamlNode::Kind::sequence && setting.type == SettingType::networks) {
            for (const YamlNode& item : node.items) {
                if (item.kind != YamlNode::Kind::scalar) {
                    diagnostics_.add(item.position, key + ": a network was expected");
                } else if (auto network = parse_network(item.text); !network) {
                    diagnostics_.add(item.position, key + ": " + network.error().message);
                } else {
                    text += (text.empty() ? "" : ", ") + *network;
                }
            }
        } else if (node.kind == YamlNode::Kind::sequence && setting.type == SettingType::backup_targets) {
            for (const YamlNode& item : node.items) {
                if (item.kind != YamlNode::Kind::scalar) {
                    diagnostics_.add(item.position, key + ": a target was expected");
                } else if (auto target = parse_backup_target(item.text); !target) {
                    diagnostics_.add(item.position, key + ": " + target.error().message);
                } else {
                    text += (text.empty() ? "" : ", ") + target->address;
                }
            }
        } else if (node.kind == YamlNode::Kind::null) {
            diagnostics_.add(position, key + ": the value is missing");
            return;
        } else {
            diagnostics_.add(node.position, key + ": one value was expected, not a list or a map");
            return;
        }
        auto value = canonical_value(setting, text);
        if (value && value->empty() && key == "house.host") {
            return;  // an empty one says nothing: what the first set-up chose stays
        }
        if (value) {
            settings.set(key, std::move(*value));
        } else {
            diagnostics_.add(node.position, key + ": " + value.error().message);
        }
    }

    const ConfigurationInput& input_;
    Diagnostics& diagnostics_;
    std::map<std::string, Position, std::less<>> places_;
    std::vector<std::string> words_;
};

} // namespace

Configuration read_configuration(const ConfigurationInput& input) {
    Diagnostics diagnostics(input.name);
    const YamlNode root = parse_yaml(input.text, diagnostics);
    Reader reader(input, diagnostics);
    reader.set_defaults();
    const bool readable = diagnostics.empty() || root.kind != YamlNode::Kind::null;
    if (readable) {
        reader.read_root(root);
    }
    reader.read_overrides();
    if (readable && (root.kind == YamlNode::Kind::map || root.kind == YamlNode::Kind::null)) {
        reader.check_together();
    }
    Configuration configuration;
    configuration.settings = std::move(reader.settings);
    std::string errors = diagnostics.text() + reader.extra_errors;
    for (const auto& [file, text] : input.manifests) {
        Diagnostics own(file);
        const YamlNode manifest = parse_yaml(text, own);
        if (own.empty()) {
            read_external_manifest(manifest, file, configuration.settings, own);
        }
        errors += own.text();
    }
    configuration.errors = std::move(errors);
    return configuration;
}

} // namespace hameau
