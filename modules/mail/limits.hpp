// Limits of the mail module, each with its unit and its reason. Its helper programs have their own: milter/limits.hpp, boxes/limits.hpp,
// password/limits.hpp, seats/limits.hpp, submit/limits.hpp. What bounds Postfix and Dovecot is in provisioning/limits.hpp.
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
/// Bytes of the file that says which domain has which word list: a line of at most 280 for each of 3,000 domains.
inline constexpr std::size_t word_lists_bytes_max = 1 << 20U;

// Bodies and answers. Bytes
/// What Outlook posts to find its settings: 400 bytes and an address.
inline constexpr std::size_t outlook_request_bytes_max = 16384;
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
/// being erased meanwhile, and the response says that it does.
inline constexpr std::chrono::seconds erase_patience{20};
/// How long a new mailbox counts as new: a declared file that makes it may name its forwarding some calls later.
inline constexpr std::chrono::hours fresh_mailbox{1};
/// How long an address is kept for a member or group that people is about to commit. People commits within seconds
/// (a queue of password hashes, a delivery of 10 s); one that was killed in between asks again with its event. Milliseconds.
inline constexpr std::int64_t reservation_ms = 10 * 60 * 1000;
/// Between two tries to tell people whose addresses are whose.
inline constexpr std::chrono::milliseconds telling_pause_max{60000};

// Mailboxes of an archive (hameau-boxes has boxes/limits.hpp)
/// Bytes of one piece between a request and hameau-boxes.
inline constexpr std::size_t import_slice_bytes = 65536;
/// Bytes of the one line that hameau-boxes answers: two numbers or a sentence.
inline constexpr std::size_t import_line_bytes_max = 1024;
/// The floor of free disk is looked at after so many bytes.
inline constexpr std::uint64_t import_look_bytes = 16 << 20;
/// A mailbox of many messages is written to the disk at the end.
inline constexpr std::chrono::seconds import_place_deadline{600};
/// Bytes read from hameau-boxes at a time.
inline constexpr std::size_t box_piece_bytes = 65536;
/// How long hameau-boxes may be silent.
inline constexpr std::chrono::seconds box_step_deadline{60};

// Questions to the engines
/// Bytes of the file with the word for doveadm's socket: 32 random bytes in letters.
inline constexpr std::size_t doveadm_password_bytes_max = 256;
/// How long doveadm may take to say how much one mailbox holds: a page waits for it.
inline constexpr std::chrono::milliseconds figures_deadline{2000};
/// How long doveadm may take to end the sessions of one user; it is asked again afterwards.
inline constexpr std::chrono::milliseconds kick_deadline{3000};
/// How long an engine may take to greet; the status page waits for it.
inline constexpr std::chrono::seconds probe_deadline{3};
/// Between two measurements of all mailboxes; each looks at every one.
inline constexpr std::chrono::minutes measure_again{10};
/// How long one of them may take, for 5000 mailboxes.
inline constexpr std::chrono::milliseconds measure_deadline{10000};
/// Somebody whose password was found right just before it changed may become a session just after the first kick.
inline constexpr std::chrono::seconds late_session{2};
/// Before the second try to end the sessions of somebody who may not be signed in any more; doubled each time.
inline constexpr std::chrono::seconds kick_pause_first{1};
/// Between two such tries at most.
inline constexpr std::chrono::seconds kick_pause_max{60};
/// Before the second try to tell people whose addresses are whose; doubled up to telling_pause_max.
inline constexpr std::chrono::milliseconds telling_pause_first{200};

} // namespace hameau::mail
