// Limits of the diagnosis, and the figures from which it calls something worth a word. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::diagnose {

// A run
/// All checks together; what has not begun by then is "late". hameaud ends the whole run later (supervisor/limits.hpp, diagnosis_limit).
inline constexpr std::chrono::milliseconds run_budget{20'000};
/// Of a repair the answer waits: its own check is looked at again, and nothing else.
inline constexpr std::chrono::milliseconds repair_budget{8'000};
/// Checks at a time: most of them wait for somebody.
inline constexpr std::size_t checks_at_once = 4;
/// Bytes of one check's line: what a finding has at most (contract/limits.hpp) and room for names.
inline constexpr std::size_t check_line_bytes_max = 2048;
/// Bytes of STATE/diagnosis/state: a hundred findings take some KiB.
inline constexpr std::size_t diagnosis_state_bytes_max = 1 << 20;
/// Seconds within which each house has its own minute of the night: not all houses ask the same name server at once.
inline constexpr std::uint32_t jitter_max_s = 3600;

// How long one check may take
/// A check that says nothing else: it reads files.
inline constexpr std::chrono::milliseconds check_deadline{5000};
/// A look-up of a name may take 3 s; a check of all domains makes some.
inline constexpr std::chrono::milliseconds look_up_deadline{9000};
/// A check that runs a program of the distribution (program_limit) and reads files.
inline constexpr std::chrono::milliseconds program_deadline{8000};
/// A conversation with Postfix: four replies, each of which may take network_step_ms.
inline constexpr std::chrono::milliseconds conversation_deadline{12'000};
/// A check that walks over a queue of thousands of files.
inline constexpr std::chrono::milliseconds walk_deadline{15'000};
/// A check that reads whole databases or all mailboxes.
inline constexpr std::chrono::milliseconds slow_deadline{15'000};

// What a check reads
/// Bytes of a small file, of /proc, of settings.
inline constexpr std::size_t text_bytes_max = 256 * 1024;
/// Bytes of what the child without rights tells.
inline constexpr std::size_t stranger_bytes_max = 16 * 1024;
/// How long that child may take: a look-up (network_step_ms) and a little.
inline constexpr std::chrono::milliseconds stranger_limit{4000};
/// Levels of folders of a walk: Postfix's queue has two, a mailbox four.
inline constexpr int depth_max = 12;
/// How long a program of the distribution may take.
inline constexpr std::chrono::milliseconds program_limit{6000};
/// Bytes of what a program writes that are read: twenty thousand messages of `postqueue -j`.
inline constexpr std::size_t program_output_bytes_max = 8 << 20;
/// Files of Postfix's queue that are counted: twenty times what is too long.
inline constexpr std::size_t queue_files_max = 20'000;
/// Files of one mailbox that are added up.
inline constexpr std::size_t mailbox_files_max = 200'000;
/// Files of one folder with secrets: certificates of a house.
inline constexpr std::size_t secret_files_max = 2000;
/// Bytes at the end of Postfix's log: some hours of a small house.
inline constexpr std::size_t postfix_log_tail_bytes = 128 * 1024;
/// Bytes of one answer of a database: rows_max mailboxes with their quotas; what is more is left out.
inline constexpr std::size_t answer_bytes_max = 4 << 20;
/// The mark at its end, or the few words of a repair.
inline constexpr std::size_t answer_bytes_spare = 64;
/// Rows of one answer of a database: more than a house has associations.
inline constexpr std::size_t rows_max = 10'000;
/// Milliseconds that a question waits for a writer of the database.
inline constexpr int ask_busy_ms = 1000;
/// Milliseconds that the repair of a journal keeps writers out while it waits for the last readers: less than a module's answer may take.
inline constexpr int journal_busy_ms = 200;
/// It tries so often, and gives writers and readers so long between two tries, milliseconds.
inline constexpr int journal_tries = 10;
inline constexpr int journal_nap_ms = 300;
/// Pages that may be left to copy while writers are kept out: some MB, less than a second of a slow card.
inline constexpr int journal_rest_pages = 500;
/// How long it may take for one database: hundreds of MB on a slow card. hameaud ends the whole run after diagnosis_limit (supervisor/limits.hpp).
inline constexpr std::chrono::milliseconds journal_limit{75'000};

// The network
/// Milliseconds of one step: to connect, to read a line. A server that needs longer is called silent.
inline constexpr int network_step_ms = 3000;
/// Bytes of a line of a stranger that are shown.
inline constexpr std::size_t network_line_bytes_max = 200;
/// Lines of one reply of SMTP: EHLO names a dozen extensions.
inline constexpr std::size_t reply_lines_max = 40;
/// Records of one answer of the DNS that are read.
inline constexpr std::size_t records_max = 32;
/// Domains that a check looks up: so many fit into look_up_deadline.
inline constexpr std::size_t domains_max = 6;
/// Lists of unwanted senders that are asked.
inline constexpr std::size_t zones_max = 5;

// The letter
/// Admins who get it.
inline constexpr std::size_t recipients_max = 8;

// When something is old. Seconds
/// Lists of packages: a machine that mends itself fetches them every day.
inline constexpr std::int64_t lists_old_s = std::int64_t{14} * 24 * 3600;
/// Before the end of a release of the distribution: half a year to plan an upgrade.
inline constexpr std::int64_t release_warning_s = std::int64_t{180} * 24 * 3600;
/// A backup, and a drill of one, which comes every thirty days (contract/limits.hpp, drill_every_s).
inline constexpr std::int64_t backup_old_s = std::int64_t{3} * 24 * 3600;
inline constexpr std::int64_t drill_old_s = std::int64_t{45} * 24 * 3600;
/// A message that is being delivered; six times that is a fault.
inline constexpr std::int64_t active_old_s = 3600;
/// A message that waits for its next try.
inline constexpr std::int64_t deferred_old_s = std::int64_t{24} * 3600;
/// Postfix gives up after five days (maximal_queue_lifetime).
inline constexpr std::int64_t deferred_lost_s = std::int64_t{4} * 24 * 3600;
/// Before the end of a certificate: it should have been renewed three weeks ago.
inline constexpr std::int64_t ends_soon_s = std::int64_t{7} * 24 * 3600;
/// A certificate of an authority lasts ninety days: who has one was reached from outside since.
inline constexpr std::int64_t reached_lately_s = std::int64_t{100} * 24 * 3600;

/// Memory of a child that reads what others wrote (a module's database, a name server's response). Bytes of address space: SQLite with
/// its cache needs some ten million, and the program itself as much again.
inline constexpr std::uint64_t child_memory_bytes = std::uint64_t{256} << 20U;
/// Its processor time, seconds: less than the budget of the whole run.
inline constexpr std::uint64_t child_cpu_s = 60;

/// A time of the next night that lies further ahead was written by a clock that was wrong. Seconds: a night and the hour that changes.
inline constexpr std::int64_t next_look_at_most_s = 26 * 3600;

} // namespace hameau::diagnose
