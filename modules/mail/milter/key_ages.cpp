// A time that lies ahead was written by a clock that was wrong: nothing is due.
#include "modules/mail/milter/key_ages.hpp"

#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

KeyTurn turn_of(const std::vector<KeyAge>& keys, long now) {
    if (keys.empty() || keys.front().seen_since == 0) {
        return KeyTurn::none;
    }
    if (keys.size() == 1) {
        return now - keys.front().made >= signing_key_seconds ? KeyTurn::make_next : KeyTurn::none;
    }
    return now - keys.front().seen_since >= signing_key_overlap_seconds ? KeyTurn::drop_older : KeyTurn::none;
}

bool is_over(long left, long now) { return now - left >= signing_key_left_seconds; }

} // namespace hameau::milter
