// A child with fewer rights, for bytes that others chose: what strangers say, and the databases of the modules. We run as root.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace hameau::diagnose {

struct ChildRights {
    unsigned uid = 0;         ///< with its own gid and no other group; 0: as we are
    std::string folder = {};  ///< becomes its root folder, which needs root; never through a link. Empty: as we are
};
struct ChildBounds {
    std::size_t bytes_max;  ///< of what it says
    std::chrono::milliseconds limit;
};

/// What `work` returns, in a child that holds no file of ours. No line of it may be a single dot. Nothing: it got no such rights, said too
/// much, crashed, or did not end in time.
std::optional<std::string> by_child(const ChildRights& rights, const ChildBounds& bounds, const std::function<std::string()>& work);

} // namespace hameau::diagnose
