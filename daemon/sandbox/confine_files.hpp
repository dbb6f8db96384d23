// Which files a process may name from now on, by Landlock.
#pragma once

#include <string>
#include <vector>

namespace hameau {

/// Absolute paths, files or folders with all below them; what is not there is left out. Holds for the programs that are started
/// too, and is never lifted. The process has no_new_privs, or CAP_SYS_ADMIN. Best effort: Raspberry Pi OS has no Landlock, and
/// then nothing is confined (the uid is the base).
/// `files_below`: folders whose files may be read, also those that come later, and that cannot be listed. A rule on a file is one on its
/// inode: it ends when another file is renamed over it.
void confine_files(const std::vector<std::string>& reads, const std::vector<std::string>& writes, const std::vector<std::string>& files_below = {});

} // namespace hameau
