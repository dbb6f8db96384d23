// Any text as hameau.yaml and as a module's manifest: errors or settings, never a crash.
#include "daemon/settings/configuration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    hameau::ConfigurationInput input;
    input.name = "fuzz";
    input.text.assign(reinterpret_cast<const char*>(data), size);
    input.trial = true;
    input.manifests.emplace_back("module", input.text);
    const hameau::Configuration read = hameau::read_configuration(input);
    if (read.errors.empty() && !hameau::Settings::parse_flat(read.settings.to_flat())) {
        __builtin_trap();  // what was accepted must survive its flat form
    }
    return 0;
}
