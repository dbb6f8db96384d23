// Limits of the mail module, each with its unit and its reason. The milter, which is a process of its own, has milter/limits.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::mail {

// Rows
inline constexpr std::size_t mailboxes_per_association_max = 5000;  ///< with those in the bin
inline constexpr std::size_t aliases_per_association_max = 2000;
/// Each message to the address is sent so many times.
inline constexpr std::size_t alias_targets_max = 200;
inline constexpr std::size_t forwards_max = 10;
inline constexpr std::size_t app_passwords_per_member_max = 50;
inline constexpr std::size_t scopes_max = 4;
inline constexpr std::size_t group_entries_max = 2000;
inline constexpr std::size_t domains_max = 50;
inline constexpr std::size_t associations_per_member_max = 1000;
/// Addresses that are followed from one, through aliases and groups, before it is given up.
inline constexpr std::size_t addresses_followed_max = 20000;
/// Addresses that lead nowhere and are named on the status page.
inline constexpr std::size_t idle_addresses_max = 20;
/// Members who came back and of whom people has not asked yet what did not.
inline constexpr std::size_t lost_links_max = 100;

// Texts. Bytes
inline constexpr std::size_t address_bytes_max = 254;  ///< RFC 5321 section 4.5.3.1.3, without the angle brackets
inline constexpr std::size_t id_bytes_max = 64;
/// A member's id, or "ASSOCIATION/GROUP": two slugs.
inline constexpr std::size_t owner_bytes_max = 129;
inline constexpr std::size_t app_password_bytes_max = 256;
/// The Sieve script of a mailbox's copies: forwards_max addresses.
inline constexpr std::size_t script_bytes_max = 16384;

// Bodies and answers. Bytes
/// An event of people: a group of group_entries_max members and as many outside addresses.
inline constexpr std::size_t event_bytes_max = 1 << 20;
inline constexpr std::size_t request_bytes_max = 65536;
/// addresses.json of an archive: 5000 mailboxes and 2000 aliases.
inline constexpr std::size_t archive_bytes_max = 32 << 20;
/// Doveadm's list of the room that the mailboxes take.
inline constexpr std::size_t figures_answer_bytes_max = 1 << 20;
/// What an engine may say to a probe of the status page, and what is shown of it.
inline constexpr std::size_t reply_bytes_max = 8192;
inline constexpr std::size_t reply_lines_max = 64;
inline constexpr std::size_t said_bytes_max = 200;

// Room of a mailbox. Bytes
inline constexpr std::uint64_t quota_bytes_default = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t quota_bytes_min = 1024;
inline constexpr std::uint64_t quota_bytes_max = std::uint64_t{1} << 50U;

// Time and work
/// How many folders one look at the bin erases before others are served.
inline constexpr std::size_t boxes_erased_at_once = 50;
/// How long who erases a mailbox waits for its folder: below the 30 s after which a browser gives up. A large one goes on
/// being erased meanwhile, and the answer says that it does.
inline constexpr std::chrono::seconds erase_patience{20};
/// How long a new mailbox counts as new: a declared file that makes it may name its forwarding some calls later.
inline constexpr std::chrono::hours fresh_mailbox{1};
/// How long an address is kept for a member or group that people is about to commit. People commits within seconds
/// (a queue of password hashes, a delivery of 10 s); one that was killed in between asks again with its event. Milliseconds.
inline constexpr std::int64_t reservation_ms = 10 * 60 * 1000;
/// Between two tries to tell people whose addresses are whose.
inline constexpr std::chrono::milliseconds telling_pause_max{60000};

} // namespace hameau::mail
