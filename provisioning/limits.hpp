// Limits of hameau-provision, and of the mail engines that it configures. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::provisioning {

// Programs that are run, and files that are read
/// Bytes of what a program says: a sentence of openssl or postfix.
inline constexpr std::size_t output_bytes_max = 65536;
/// Bytes of the flat settings on standard input: hameaud makes no more (supervisor/limits.hpp).
inline constexpr std::size_t settings_bytes_max = 1 << 20;
/// How long each look-up may take; a page waits for at most three.
inline constexpr std::chrono::milliseconds look_up_limit{4000};
/// Bytes of a file of the engines' configuration, when the former one is compared.
inline constexpr std::size_t engine_file_bytes_max = 1 << 20;
/// Bytes of the state's path. Unix sockets take 107 characters; the longest of Dovecot's below STATE is "/engines/dovecot/run/..." of 54.
inline constexpr std::size_t engines_state_path_max = 52;
/// Bytes of the name of a mailbox's folder; an id has 26.
inline constexpr std::size_t box_folder_bytes_max = 64;
/// Bytes of a certificate with its chain; four certificates take 8 KiB.
inline constexpr std::size_t pem_bytes_max = 65536;
/// How long apt may take to ask the package repository; a person waits for it.
inline constexpr std::chrono::milliseconds version_limit{60000};
/// How old a work folder of such a question is before another one removes it: far longer than any question takes.
inline constexpr std::chrono::hours version_folder_kept{1};
/// Bytes of a repository's signed list, and of /etc/os-release.
inline constexpr std::size_t version_file_bytes_max = 1 << 20;

// Certificates of an authority (acme)
/// Orders of one turn; the rest comes in the next one.
inline constexpr unsigned orders_per_turn = 10;
/// Seconds of a turn in which orders begin: hameaud ends it after 25 minutes (supervisor/limits.hpp, certificates_limit).
inline constexpr std::int64_t begin_orders_for = 600;
/// Seconds of the longest sleep: a clock may have jumped.
inline constexpr std::int64_t look_again = 12 * 3600;
/// Seconds to the next turn when there is more to do.
inline constexpr std::int64_t soon = 60;
/// Seconds that a name may wait at most: more than any back_off, so a longer one comes from a clock that was wrong.
inline constexpr std::int64_t wait_max = 27 * 3600;
/// Seconds to wait for a clock that is not set yet.
inline constexpr std::int64_t clock_wait = 600;
/// Bytes of STATE/tls/certificates: acme_names_max lines.
inline constexpr std::size_t acme_state_bytes_max = 8 << 20;
/// How long all look-ups of one turn may take together.
inline constexpr std::chrono::milliseconds lookup_limit{20000};
/// Addresses of one name that are compared.
inline constexpr std::size_t addresses_of_name_max = 64;
/// How long one child looks up names beside mail domains: a dead name server takes 12 s of one thread (three resolvers, two tries of 2 s), and
/// names_looked_up_max of them, six rounds.
inline constexpr std::chrono::milliseconds names_here_limit{90000};
inline constexpr std::size_t lookups_at_once = 16;
/// Seconds until a new name that DNS told nothing of is looked up again.
inline constexpr std::int64_t look_soon = 3600;
/// Names beside mail domains that one turn looks up; the others in the next turns, those first that waited longest.
inline constexpr std::size_t names_looked_up_max = 90;
/// How long uacme may take for one name.
inline constexpr std::chrono::milliseconds order_limit{120000};
/// The same with a program of the admin's that changes the DNS: what it writes is there only after a while.
inline constexpr std::chrono::milliseconds order_limit_dns{600000};
/// Seconds that a new certificate may begin in the future: clocks differ.
inline constexpr std::int64_t future_seconds_max = 24 * 3600;
/// Certificates of a chain that is read.
inline constexpr std::size_t chain_length_max = 8;
/// Names that are remembered: as many as hosts.map may have.
inline constexpr std::size_t acme_names_max = 10000;
/// Bytes of an authority's sentence that are kept.
inline constexpr std::size_t acme_detail_bytes_max = 200;
/// Failures in a row before the admin is told, while the present certificate is good: two tries more take about an hour.
inline constexpr unsigned failures_told = 3;
/// Seconds before the end of a certificate that only the admin can replace.
inline constexpr std::int64_t own_notice = 14 * 24 * 3600;

// Certificates of the house's own authority
/// Days that the authority of a trial lasts.
inline constexpr long authority_days = 3650;
/// Days of a certificate: browsers refuse more than 398.
inline constexpr long leaf_days = 397;
/// Seconds before its end from which a certificate is made again.
inline constexpr long renew_seconds = 30L * 24 * 3600;

// Probes of the first set-up
/// Bytes of free disk below which nothing is begun: the default floor of the house.
inline constexpr std::uint64_t disk_broken = 512ULL << 20U;
/// Bytes of free disk below which the admin is warned.
inline constexpr std::uint64_t disk_low = 2ULL << 30U;
/// Bytes of memory below which the admin is warned: a board of 512 MB says a little less.
inline constexpr std::uint64_t memory_low = 400ULL << 20U;
/// Addresses of one name that are looked at.
inline constexpr std::size_t found_max = 16;

// Engines: Dovecot, connections of one user
/// Connections that one user may hold, from all addresses together: three computers and two telephones with one account.
inline constexpr unsigned imap_connections_max = 30;
/// Connections of ManageSieve of one user: five programs open at once.
inline constexpr unsigned sieve_connections_max = 5;
// Engines: Dovecot, processes. An attacker with many addresses reaches these, not the memory of a board of 1 GB.
/// Connections that one login process of IMAP holds, before and while TLS is spoken: two processes, 800 connections of all people.
inline constexpr unsigned imap_login_clients_max = 400;
/// Login processes of IMAP: two, so that TLS handshakes take both cores.
inline constexpr unsigned imap_login_processes_max = 2;
/// Memory of one of them, MB: 400 connections take a quarter.
inline constexpr unsigned imap_login_megabytes_max = 128;
/// The same for ManageSieve, which people open once in a year.
inline constexpr unsigned sieve_login_clients_max = 100;
inline constexpr unsigned sieve_login_processes_max = 1;
/// IMAP connections that are signed in, one process each, of 2 to 4 MB. Fifty people with two telephones and a computer each fit.
inline constexpr unsigned imap_processes_max = 200;
/// ManageSieve connections that are signed in, one process each.
inline constexpr unsigned sieve_processes_max = 20;
/// Processes that look accounts up and compare passwords: argon2id takes a core and 19 MiB each time.
inline constexpr unsigned auth_workers_max = 2;
/// Memory of one of them, MB: argon2id and SQLite, many times over.
inline constexpr unsigned auth_worker_megabytes_max = 256;
/// Messages that are delivered at a time: each sorts by Sieve and writes to the disk.
inline constexpr unsigned lmtp_processes_max = 4;
/// Of them, for one mailbox: one whose rules or whose size take long never holds all.
inline constexpr unsigned lmtp_processes_per_mailbox = 2;
/// Questions of the milter whether a message fits, answered at a time.
inline constexpr unsigned quota_status_processes_max = 4;
/// Mailboxes that go into or come out of an archive at a time.
inline constexpr unsigned boxes_processes_max = 4;
/// IMAP connections of one user from one address: above imap_connections_max, which counts all addresses. Dovecot's default of 10 is
/// too small for a house whose people share one address.
inline constexpr unsigned userip_connections_max = 50;

// Engines: Dovecot, Sieve scripts. Anybody may write one.
/// Seconds that a lesson of the spam filter may take (modules/mail/words/limits.hpp: the lock and three runs); the program that moved the message waits.
inline constexpr unsigned spam_lesson_seconds_max = 30;
/// Bytes of a line of ManageSieve, which carries a script of sieve_script_kilobytes_max in pieces.
inline constexpr unsigned sieve_line_bytes_max = 65536;
/// Seconds of processor of one script for one message.
inline constexpr unsigned sieve_cpu_seconds_max = 5;
/// Addresses to which one message goes on: each is a message that leaves.
inline constexpr unsigned sieve_redirects_max = 32;
/// KB of one script; a program that makes rules by clicks writes some dozens.
inline constexpr unsigned sieve_script_kilobytes_max = 256;
/// Scripts of one mailbox, and MB of all of them.
inline constexpr unsigned sieve_scripts_max = 32;
inline constexpr unsigned sieve_scripts_megabytes_max = 2;

// Engines: Postfix
/// Processes of one service (smtpd, cleanup, smtp): messages that are taken at a time, from everybody.
inline constexpr unsigned postfix_processes_max = 40;
/// Connections of one address at a time: half of the processes, so one address never keeps the others out.
inline constexpr unsigned smtp_connections_per_address_max = 20;
/// Connections of one address in a minute: a relay with a full queue sends two a second.
inline constexpr unsigned smtp_connections_per_minute_max = 120;
/// Messages that one address outside hands in within a minute, on however many connections: a list server with a hundred people here
/// fits; who floods waits (450) and cannot fill the queue with files.
inline constexpr unsigned smtp_messages_per_minute_max = 120;
/// Sign-ins of one address in a minute: a house behind one address writes less, a guesser would like more.
inline constexpr unsigned smtp_sign_ins_per_minute_max = 60;
/// Messages of Sieve scripts that are taken at a time: as many as are delivered.
inline constexpr unsigned inject_processes_max = 4;
/// Seconds to reach the milter, which is on this computer.
inline constexpr unsigned milter_connect_seconds = 3;
/// The largest number that is written. Postfix reads queue_minfree as an int on some versions.
inline constexpr std::uint64_t postfix_number_max = 0x7fffffff;

} // namespace hameau::provisioning
