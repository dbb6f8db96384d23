// A look at a ZIP's central directory for what libarchive hides: it turns backslashes into slashes in silence.
// Old Windows programs mean slashes by them; an archive made elsewhere has no good reason to hold one.
#pragma once

#include <string>
#include <vector>

namespace hameau::sites {

/// Names with a backslash in an archive that was not made on DOS or Windows; at most `count_max`.
/// A directory that cannot be read gives none: libarchive judges it.
std::vector<std::string> zip_backslash_names(int fd, std::size_t count_max);

} // namespace hameau::sites
