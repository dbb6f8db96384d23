// From hameau.yaml, the manifests of external modules and --set words to validated settings, or to every error at once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/settings/settings.hpp"
#include "daemon/settings/yaml.hpp"

namespace hameau {

struct ConfigurationInput {
    std::string name;                                            ///< of the file, for messages
    std::string text;
    std::vector<std::string> overrides;                          ///< "pads.idle_stop=2 s"
    bool trial = false;                                          ///< defaults of a trial
    std::vector<std::pair<std::string, std::string>> manifests;  ///< file name, text: modules.d, sorted by name
    std::string host_of_setup = {};                              ///< house.host where the file names none; empty: none either
};

/// `settings` is complete when `errors` is empty; `errors` holds lines "FILE:LINE:COLUMN: error: MESSAGE".
struct Configuration {
    Settings settings;
    std::string errors;
};

Configuration read_configuration(const ConfigurationInput& input);

/// One file of modules.d; adds external.NAME.* to `settings`.
void read_external_manifest(const YamlNode& root, const std::string& file, Settings& settings, Diagnostics& diagnostics);

} // namespace hameau
