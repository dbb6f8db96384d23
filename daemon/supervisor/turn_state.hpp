// What a turn of hameau-provision (certificates, backups) leaves for hameaud in the first lines of its file, which root alone writes:
// "next TAB SECONDS SINCE 1970", then "trouble TAB WORDS" when the admin is to know something. Nothing else of the file is read.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/base/clock.hpp"

namespace hameau::supervisor {

struct TurnBounds {
    std::size_t file_bytes_max;
    std::size_t line_max;
    Duration wait_min;
    Duration wait_max;       ///< the wall's clock may jump meanwhile
    Duration after_failure;  ///< when the file says nothing
};

struct TurnEnd {
    Duration wait;        ///< until the next turn
    std::string trouble;  ///< the words, or empty
};

TurnEnd turn_end_in(const std::string& file, const TurnBounds& bounds);

} // namespace hameau::supervisor
