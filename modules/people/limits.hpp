// Limits of the people module, each with its unit and its reason. What an admin may change (quotas) is a setting, not here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "daemon/base/clock.hpp"
#include "modules/support/usage.hpp"

namespace hameau::people {

// Guesses at passwords and codes
/// Wrong passwords for one account from one place before it has to wait, and how the wait grows: doubled each time.
inline constexpr int free_attempts = 5;
inline constexpr Duration first_delay = std::chrono::seconds(2);
inline constexpr Duration delay_max = std::chrono::minutes(5);
inline constexpr Duration forget_after = std::chrono::hours(1);
/// Pairs of account and place that are remembered: about 1 MB. The oldest go first.
inline constexpr std::size_t throttle_entries_max = 8192;
/// What one address may try in vain over all accounts together: so many at once (a room of people who mistype), then one
/// in this time. Each try costs up to 60 ms of the one worker thread: an address takes a twentieth of a processor.
inline constexpr int address_attempts = 30;
inline constexpr Duration address_attempt_every = std::chrono::seconds(1);
/// App passwords that were right lately: their programs are not held up by who guesses from the same address.
inline constexpr Duration right_lately_time = std::chrono::hours(24);
inline constexpr std::size_t right_lately_max = 4096;
/// Passwords that wait for the one worker thread (argon2id, 30 to 60 ms and 19 MiB each, one at a time). Addresses take turns, so who waits
/// longest is a room of people behind one router that sign in at once: two seconds. All places taken: eight seconds, then "busy".
inline constexpr std::size_t slow_jobs_waiting_max = 128;
inline constexpr std::size_t slow_jobs_waiting_per_prefix_max = 40;
/// Each reading of a code costs one argon2id of the worker thread.
inline constexpr std::size_t code_readings_max = 8;
inline constexpr std::size_t code_letters = 8;
inline constexpr std::size_t recovery_codes = 10;
inline constexpr std::int64_t invitation_ms = 14LL * 24 * 3600 * 1000;
/// How long a link or code of the first set-up can be used; `hameau setup` shows one that lasts an hour more at least.
inline constexpr std::int64_t setup_ms = 24LL * 3600 * 1000;
inline constexpr std::int64_t setup_left_ms_min = 3600LL * 1000;
/// How long after giving the password a session may make credentials without giving it again. Milliseconds.
inline constexpr std::int64_t proven_ms_max = 10LL * 60 * 1000;

// Rows
inline constexpr std::size_t sessions_per_person_max = 50;
inline constexpr std::size_t devices_per_person_max = 20;
inline constexpr std::size_t members_per_association_max = 5000;
inline constexpr std::size_t groups_per_association_max = 500;
inline constexpr std::size_t group_entries_max = 2000;
inline constexpr std::size_t domains_per_association_max = 50;
inline constexpr std::size_t associations_max = 1000;
/// As many as one member may have mailboxes and earlier addresses in all associations; each is 254 bytes at most.
inline constexpr std::size_t addresses_per_member_max = 2000;
/// More people of one name than this must be told apart by hand.
inline constexpr std::size_t namesakes_max = 999;
/// Leaves room for a number in a login and in the local part of an address, which hold 64.
inline constexpr std::size_t login_letters_max = 56;
inline constexpr std::size_t password_characters_max = 200;
/// What a module may say that it holds: SQLite's integers, with room to add a few. Bytes.
inline constexpr std::int64_t usage_bytes_max = std::int64_t{1} << 59;
/// Managers are warned when so much of the quota is used. Percent.
inline constexpr int usage_warning_percent = 80;
/// One less than where texts, images and sites end (the rest is mail's: quota_part_for_mail): what is large is refused from here on.
inline constexpr int usage_mail_only_percent = 100 - 100 / static_cast<int>(quota_part_for_mail) - 1;
inline constexpr int usage_alarm_percent = 95;

// Bodies and files. Bytes
/// A call that has no lists.
inline constexpr std::size_t body_bytes_max = 16384;
/// A call with domains, or with the members of a group.
inline constexpr std::size_t lists_bytes_max = 262144;
/// Mail's word on the addresses of one member.
inline constexpr std::size_t addresses_bytes_max = 1 << 20;
/// What `hameau apply` declared: one hash for each thing of the house.
inline constexpr std::size_t declared_bytes_max = 4 << 20;
inline constexpr std::size_t declared_name_bytes_max = 512;
inline constexpr std::size_t declared_hash_bytes_max = 200;
/// association.json of an archive: 5000 members and 500 groups.
inline constexpr std::size_t archive_bytes_max = 32 << 20;
/// STATE/people/setup-token: the secret of the first set-up.
inline constexpr std::size_t setup_file_bytes_max = 256;
/// A wish of the diagnosis: the names of all checks fit.
inline constexpr std::size_t diagnosis_body_bytes_max = 4096;
/// Checks of one wish, and letters of each: more than there are.
inline constexpr std::size_t diagnosis_checks_max = 100;
inline constexpr std::size_t check_letters_max = 60;

// Time, and what is kept in memory
/// Between two tries to tell mail of a change, or a module of an association in the bin.
inline constexpr Duration pause_max = std::chrono::minutes(1);
inline constexpr Duration task_pause_max = std::chrono::minutes(1);
/// Mail and sites keep a domain for domain_hold from the question on; a slower change asks again.
inline constexpr std::chrono::seconds asking_max{20};
/// Hindrances of a domain that are named in the sentence; the field `in_the_way` has all.
inline constexpr std::size_t named_max = 20;
/// The gate's streams of ended sessions: the one in use, and those of a gate that was just replaced.
inline constexpr std::size_t streams_max = 4;
inline constexpr Duration stream_quiet_max = std::chrono::seconds(40);
/// Of ended sessions that a stream has not taken yet; who is slower starts again with an empty memory. Bytes.
inline constexpr std::size_t pending_bytes_max = 65536;
/// Anybody may look at the house's figures: hameaud is asked once in that time.
inline constexpr Duration measure_again_after = std::chrono::seconds(10);
/// How often the bins are emptied of what is over.
inline constexpr Duration bin_every = std::chrono::hours(24);

// Sessions and codes, when the settings say nothing
/// Milliseconds that a session lasts (people.session_length).
inline constexpr std::int64_t session_ms_default = 30LL * 24 * 3600 * 1000;
/// Seconds that a browser keeps its device's cookie: 400 days, the most that browsers allow.
inline constexpr std::int64_t device_cookie_seconds = 400LL * 24 * 3600;
/// Milliseconds between two notes that a session on a shared computer is in use; each is a write.
inline constexpr std::int64_t shared_touch_ms = 30 * 1000;
/// Passes of argon2id (OWASP's second recommendation): 30 ms on a small machine.
inline constexpr unsigned long long argon_operations = 2;
/// Bytes of memory of one argon2id, with one worker thread: 19 MiB.
inline constexpr std::size_t argon_memory_bytes = 19456 * 1024;
/// A decomposed character is up to this many times as long as the composed one; what is longer is too long in any form.
inline constexpr std::size_t decomposed_factor = 4;

// What is read and shown
/// The quota of an association that declares none.
inline constexpr std::uint64_t quota_default = std::uint64_t{5} << 30U;
/// Logins in one question of a module.
inline constexpr std::size_t logins_per_question_max = 500;
/// Bytes of a name: 200 characters of UTF-8.
inline constexpr std::size_t name_bytes_max = 800;
/// People of one name that are shown, so that they are told apart.
inline constexpr std::size_t namesakes_shown = 5;
/// Addresses that mail refused and that the status page names.
inline constexpr std::size_t refused_addresses_shown = 20;
/// Milliseconds after which mail's figures are asked for again.
inline constexpr std::int64_t mail_usage_age_ms = 3600 * 1000;

// Archives of an association
/// Bytes of the parts that people reads itself from the services' streams.
inline constexpr std::size_t archive_index_bytes_max = 64 << 20;
/// A stream that was not asked for in this time has lost its reader.
inline constexpr Duration archive_asked_again = std::chrono::minutes(1);
/// 1 GB over 256 kbit/s. There is one archive at a time, and the admin's ends a manager's.
inline constexpr Duration archive_time_max = std::chrono::hours(12);
/// Bytes that are compressed at a time (ZSTD_CStreamInSize).
inline constexpr std::size_t zstd_slice_bytes = 128 * 1024;

// Tries, which wait longer each time
/// How long a change waits for mail to have it; afterwards it is answered, and mail is told later.
inline constexpr Duration delivery_deadline_default = std::chrono::seconds(10);
/// Before the second try to tell a module of an association in the bin; doubled up to task_pause_max.
inline constexpr Duration task_pause_first = std::chrono::milliseconds(200);
/// Before the second try to tell mail of a change; doubled up to pause_max.
inline constexpr Duration pause_first = std::chrono::milliseconds(200);

} // namespace hameau::people
