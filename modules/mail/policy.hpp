// Decisions of mail without any input or output: which words make an address, limits, the Sieve of a forwarding.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::mail {

inline constexpr std::size_t mailboxes_per_association_max = 5000;  ///< with those in the bin
inline constexpr std::size_t aliases_per_association_max = 2000;
inline constexpr std::size_t alias_targets_max = 200;
inline constexpr std::size_t forwards_max = 10;
/// How many folders one look at the bin erases before others are served.
inline constexpr std::size_t boxes_erased_at_once = 50;
/// How long who erases a mailbox waits for its folder: below the 30 s after which a browser gives up. A large one goes on
/// being erased meanwhile, and the answer says that it does.
inline constexpr std::chrono::seconds erase_patience{20};
/// How long a new mailbox counts as new: a declared file that makes it may name its forwarding some calls later.
inline constexpr std::chrono::hours fresh_mailbox{1};
inline constexpr std::size_t app_passwords_per_member_max = 50;
inline constexpr std::array<std::string_view, 3> app_password_scopes = {"imap", "submission", "deploy"};
/// One of app_password_scopes.
bool is_scope(std::string_view word);
inline constexpr std::size_t address_bytes_max = 254;
inline constexpr std::size_t group_entries_max = 2000;
inline constexpr std::size_t domains_max = 50;
inline constexpr std::uint64_t quota_bytes_default = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t quota_bytes_min = 1024;
inline constexpr std::uint64_t quota_bytes_max = std::uint64_t{1} << 50U;
/// How long an address is kept for a member or group that people is about to commit. People commits within seconds
/// (a queue of password hashes, a delivery of 10 s); one that was killed in between asks again with its event.
inline constexpr std::int64_t reservation_ms = 10 * 60 * 1000;
/// An event of people: a group of group_entries_max members and as many outside addresses.
inline constexpr std::size_t event_bytes_max = 1 << 20;
inline constexpr std::size_t request_bytes_max = 65536;

/// What follows "@", or nothing.
std::string_view domain_of(std::string_view address);
std::string_view local_of(std::string_view address);
/// marie+news@amis.test is marie@amis.test: the engines' recipient delimiter.
std::string without_tag(std::string_view address);

/// [a-z0-9._-], a letter or a digit at both ends; an alias may have "+" too. No "..": normalise_address() saw to it.
bool is_mailbox_local(std::string_view local);
bool is_alias_local(std::string_view local);
/// postmaster and abuse (RFC 2142 §5): an alias may stand there, never a mailbox of one person.
bool is_reserved_local(std::string_view local);

/// The script that keeps a copy and sends one to each (RFC 5228, RFC 3894).
std::string forward_script(const std::vector<std::string>& targets);
/// A quoted string of RFC 5228 §2.4.2.
std::string sieve_quoted(std::string_view text);

/// "500 MiB", as it is typed.
std::string size_text(std::uint64_t bytes);

} // namespace hameau::mail
