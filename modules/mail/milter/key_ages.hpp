// KeyAges: when a signing key gets a successor, and when its predecessor and the keys of a domain that left are thrown away. Pure.
#pragma once

#include <vector>

namespace hameau::milter {

/// Seconds since 1970.
struct KeyAge {
    long made = 0;
    long seen_since = 0;  ///< its record was found in DNS, and at each look since; 0: it is not there
};

enum class KeyTurn {
    none,
    make_next,     ///< a newer key, which signs once its record is seen
    drop_older,    ///< the newer one has signed long enough
};

/// `keys`: of one domain, the newest first. A key whose record nobody put into DNS gets no successor, and an older one is kept until the
/// newer one's record has been there for signing_key_overlap: whatever people do not do, the house goes on signing.
KeyTurn turn_of(const std::vector<KeyAge>& keys, long now);
/// Whether the keys of a domain that is not ours since `left` are thrown away.
bool is_over(long left, long now);

} // namespace hameau::milter
