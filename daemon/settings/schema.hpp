// Every setting of the house, in sections: the house itself, the gate, and each built-in module.
// One declaration each: validation, config/hameau.yaml and config/settings.md come from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/contract/manifest.hpp"

namespace hameau {

struct Section {
    std::string name;
    bool module = false;  ///< stands below "modules:" in the file
    std::string_view doc;
    std::vector<Setting> settings;
};

/// In the order of the sample file. Built once.
const std::vector<Section>& sections();
const Section* find_section(std::string_view name);
/// "pads.idle_stop" -> its declaration, or null.
const Setting* find_setting(std::string_view full_key);
/// Every full key, sorted.
const std::vector<std::string>& all_keys();

/// The commented file with every default, and the reference page (Markdown).
std::string sample_file();
std::string reference_page();

} // namespace hameau
