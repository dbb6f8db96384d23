// The two jobs of hameau-boxes, on one mailbox whose home folder is open. Both run under the uid that owns the mailboxes.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/result.hpp"

namespace hameau::mail {

/// Writes the mailbox as parts (daemon/contract/parts.hpp) to `out`, each below PREFIX/, and the END. What a mail program changes
/// meanwhile (flags, a message that leaves "new") is found again; a message that is deleted meanwhile may be missing.
/// Errors: io; then there is no END.
Status pack_box(int home, const std::string& prefix, int out);

struct Placed {
    std::uint64_t messages = 0;  ///< that were not there before
    std::uint64_t present = 0;   ///< that were there already, whatever their flags
};
/// Reads parts from `in` into the mailbox. A message whose name is there already is left alone, so the same archive may come twice.
/// `trusted`: who made the archive is known. Else its scripts are kept and none is in force: a script can send each letter elsewhere.
/// On the disk when it returns. Errors: invalid for a path that no mailbox of ours has, closed when the stream was cut, io.
Result<Placed> place_box(int home, int in, bool trusted);

} // namespace hameau::mail
