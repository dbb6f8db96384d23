// The flat form of settings, as children read it.
#include "daemon/settings/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto settings = hameau::Settings::parse_flat(std::string_view(reinterpret_cast<const char*>(data), size));
    if (settings && !hameau::Settings::parse_flat(settings->to_flat())) {
        __builtin_trap();
    }
    return 0;
}
