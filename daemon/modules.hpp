// The list of built-in modules: the only registry.
#pragma once

#include <span>

#include "daemon/contract/manifest.hpp"

namespace hameau {

/// In order of start; each name is unique.
std::span<const Manifest* const> builtin_modules();

} // namespace hameau
