// The verb erase-box: removes the messages of one mailbox that is gone for good.
#pragma once

#include <string>

#include "daemon/base/result.hpp"

namespace hameau {

/// Removes STATE/mail/boxes/FOLDER with all that is in it, under the uid that owns the boxes. A folder that is not there is
/// removed already. Errors: invalid for a name that is no folder of ours; io: something is left, ask again.
Status erase_box(const std::string& state, const std::string& folder, bool root);

} // namespace hameau
