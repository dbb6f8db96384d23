// Counting goes on beyond the limit; remembering does not.
#include "modules/mail/milter/old_results.hpp"

#include "modules/mail/auth/results.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

void OldResults::begin() {
    ours_.clear();
    seen_ = 0;
}

void OldResults::add_header(std::string_view key, std::string_view value) {
    if (key != "authentication-results") {
        return;
    }
    ++seen_;
    if (!too_many() && mailauth::claims_host(value, host_)) {
        ours_.insert(ours_.begin(), seen_);
    }
}

bool OldResults::too_many() const { return seen_ > results_fields_max; }

} // namespace hameau::milter
