// When a long reading ends before its end.
#include "modules/pads/storage/readings.hpp"

namespace hameau::pads {

Status Stop::check() const {
    if (wanted_) {
        return fail(ErrorKind::unavailable, "the reading is not wanted any more");
    }
    if (std::chrono::steady_clock::now() > until_) {
        return fail(ErrorKind::too_large, "the reading took too long");
    }
    return {};
}

} // namespace hameau::pads
