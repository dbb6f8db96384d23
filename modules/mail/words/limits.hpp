// Limits of hameau-words, which reads strangers' messages with bogofilter. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau::words {

/// Octets of a message that are looked at, from its beginning: the text of a letter, not its photographs. Also what one message can add to a list.
inline constexpr std::size_t looked_octets_max = 64 * 1024;
/// Messages of each kind that a list must know before it files anything: fewer do not tell an invoice from a fraud.
inline constexpr long spam_least = 20;
inline constexpr long ham_least = 20;
/// Messages that one mailbox may teach in a day: a full Junk folder sorted once, and no more weight than that against the other members.
inline constexpr unsigned lessons_per_day_max = 200;
/// Bytes of a list: 150,000 words. One that is larger is pruned, and learns nothing new when that does not help.
inline constexpr std::uint64_t list_bytes_max = std::uint64_t{16} << 20U;
/// A list below it is not pruned: there is little to win.
inline constexpr std::uint64_t list_bytes_pruned = std::uint64_t{2} << 20U;
/// Days after which a word that no lesson had is forgotten. A choice: spam changes within weeks, yearly letters lose little.
inline constexpr int word_days_max = 120;
/// Bytes of a list as text, while it is pruned.
inline constexpr std::uint64_t dump_bytes_max = std::uint64_t{64} << 20U;
/// Seconds that one run of bogofilter may take, and of the processor: it takes 5 ms. Dovecot waits 10 s (sieve_execute_exec_timeout).
inline constexpr unsigned tool_seconds = 5;
/// Bytes of memory of one run: it takes 10 MB.
inline constexpr std::uint64_t tool_memory_bytes = std::uint64_t{256} << 20U;
/// Bytes of what it says: two lines.
inline constexpr std::size_t tool_output_bytes_max = 4096;
/// Seconds that a lesson waits for another one of the same list.
inline constexpr unsigned lock_seconds = 10;
/// Bytes of the file that says which domain has which list: 5,000 domains.
inline constexpr std::size_t names_bytes_max = 1 << 20U;
/// Seconds after which a list of no association is removed: an erased association may come back for 30 days.
inline constexpr long orphan_seconds = 31L * 86400;

} // namespace hameau::words
