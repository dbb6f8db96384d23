// Limits of hameau-seats, which asks Dovecot's anvil how many connections one user holds. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <sys/time.h>

namespace hameau::seats {

// One question
/// Anvil answers within milliseconds; after this everybody is let in, for mail that can be read matters more than a count.
inline constexpr timeval patience{2, 0};
/// Bytes of one line of the answer: a service, an address and a user.
inline constexpr std::size_t line_bytes_max = 4096;
/// Bytes of the answer: 200 processes (provisioning/limits.hpp, imap_processes_max), each with an address and a user of 254
/// bytes.
inline constexpr std::size_t answer_bytes_max = 1 << 20;

} // namespace hameau::seats
