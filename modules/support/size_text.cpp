// Whole numbers, but for a few gigabytes: one decimal.
#include "modules/support/size_text.hpp"

namespace hameau {

std::string size_text(std::uint64_t bytes, Language language) {
    constexpr std::uint64_t giga = 1'000'000'000;
    constexpr std::uint64_t mega = 1'000'000;
    const bool french = language == Language::french;
    if (bytes >= 10 * giga) {
        return std::to_string(bytes / giga) + (french ? " Go" : " GB");
    }
    if (bytes >= giga) {
        const std::string tenth = std::to_string(bytes % giga / (giga / 10));
        return std::to_string(bytes / giga) + (tenth == "0" ? "" : (french ? "," : ".") + tenth) + (french ? " Go" : " GB");
    }
    if (bytes >= mega) {
        return std::to_string(bytes / mega) + (french ? " Mo" : " MB");
    }
    return std::to_string((bytes + 999) / 1000) + (french ? " Ko" : " kB");
}

} // namespace hameau
