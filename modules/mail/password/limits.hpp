// Limits of hameau-password, which compares one password in its normal form. Each has its unit and its reason.
#pragma once

#include <cstddef>

namespace hameau::password {

// One sign-in
/// Bytes of the name and the password; Dovecot itself refuses longer ones.
inline constexpr std::size_t request_bytes_max = 4096;
/// Bytes of the file with the look-up: one statement of SQL.
inline constexpr std::size_t query_bytes_max = 16384;
/// Seconds to wait for one's turn: one password at a time, because each takes 19 MiB. Who waits longer is told to try again.
inline constexpr unsigned turn_seconds_max = 5;
/// Milliseconds that the look-up waits for the writer of auth.db.
inline constexpr int busy_ms = 2000;

} // namespace hameau::password
