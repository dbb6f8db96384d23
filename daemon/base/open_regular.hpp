// Opening what another uid wrote: the gate reads files that the sites process may change at any time.
#pragma once

#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

/// Opens `path` below `folder` (an open descriptor) for reading, through no symbolic link on the whole way, never waiting; `flags` are
/// added (O_DIRECTORY). Without openat2(2) it fails. Errors: not_found, io.
Result<Fd> open_below(int folder, const std::string& path, int flags = 0);

/// Opens `path` below `folder` (an open descriptor): a regular file, reached without any symbolic link. It never waits,
/// whatever was put there (a FIFO would block an ordinary open). Errors: not_found, io; invalid: no regular file.
Result<Fd> open_regular(int folder, const std::string& path);

} // namespace hameau
