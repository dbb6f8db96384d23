// Limits of hameau-submit, which hands one message of a Sieve script to Postfix. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <sys/time.h>

namespace hameau::submission {

// One message
/// Bytes of the message in memory: above the largest that the house accepts by default.
inline constexpr std::size_t message_bytes_max = 64 << 20;
/// Bytes of one line of Postfix's replies.
inline constexpr std::size_t line_bytes_max = 4096;
/// Postfix may wait for its milter and a full disk's answer; then LMTP tries again later.
inline constexpr timeval patience{120, 0};

} // namespace hameau::submission
