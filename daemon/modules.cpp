// The list of built-in modules. A module appears here and nowhere else.
#include "daemon/modules.hpp"

#include <array>

namespace hameau {

extern const Manifest people_manifest;
extern const Manifest mail_manifest;
extern const Manifest sites_manifest;
extern const Manifest pads_manifest;

std::span<const Manifest* const> builtin_modules() {
    static constexpr std::array modules = {&people_manifest, &mail_manifest, &sites_manifest, &pads_manifest};
    return modules;
}

} // namespace hameau
