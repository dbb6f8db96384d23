// Limits that the HTTP side of every module has. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau {

// Helpers
/// Niceness of hameau-convert and hameau-unpack, above their module's: one person waits for them, everybody for the processor. (The unit of
/// the package forbids it.)
inline constexpr int helper_nice = 10;

// Requests
/// Bytes of a JSON body, where a call has no other bound.
inline constexpr std::size_t json_body_bytes_default = 65536;
/// Errors of one body that are named; who has more mends these first.
inline constexpr std::size_t field_errors_max = 50;
/// Bytes of a field's name as it is shown again.
inline constexpr std::size_t field_name_bytes_max = 64;
/// Items of one page of a list, when the request says nothing.
inline constexpr std::size_t page_items_default = 100;
/// Items of one page at most.
inline constexpr std::size_t page_items_max = 500;
/// Bytes of a cursor: two names that the list is sorted by.
inline constexpr std::size_t page_cursor_bytes_max = 512;
/// Languages of Accept-Language that are read.
inline constexpr int languages_read_max = 32;

// Names
/// Bytes of the short name of an association, a group or a site.
inline constexpr std::size_t slug_bytes_max = 64;
/// Bytes of a login: it becomes the local part of an address.
inline constexpr std::size_t login_bytes_max = 64;
/// Bytes of a label of a domain (RFC 1035 §2.3.4).
inline constexpr std::size_t label_bytes_max = 63;
/// Bytes of a domain (RFC 1035 §2.3.4, without the root's dot).
inline constexpr std::size_t host_bytes_max = 253;
/// Bytes of the local part of an address (RFC 5321 §4.5.3.1.1).
inline constexpr std::size_t local_part_bytes_max = 64;
/// Bytes of an address (RFC 5321 §4.5.3.1.3, without the angle brackets).
inline constexpr std::size_t mail_address_bytes_max = 254;
/// Bytes that a size may name: SQLite's integers, with room to add.
inline constexpr std::uint64_t size_bytes_max = std::uint64_t{1} << 62U;

// Time and figures
/// How long something stays in its bin, in milliseconds.
inline constexpr std::int64_t bin_ms = std::int64_t{30} * 24 * 3600 * 1000;
/// Longer than people waits between the question and the change (people/limits.hpp, asking_max).
inline constexpr std::chrono::seconds domain_hold{30};
/// A figure is told again when it changed by more than this, or by more than 1 % of the quota.
inline constexpr std::uint64_t usage_step_bytes_max = 1 << 20;
/// No call for less than this, whatever the quota.
inline constexpr std::uint64_t usage_step_bytes_min = 4096;
/// Of an association's quota, what only mail may take: a message that is refused is lost to its reader, and whoever may add an
/// image to one text must not be able to refuse all messages. One part in so many.
inline constexpr std::uint64_t quota_part_for_mail = 10;
/// Before the second try to tell people a figure; doubled each time.
inline constexpr std::chrono::seconds usage_retry_first{5};
/// Between two such tries at most.
inline constexpr std::chrono::seconds usage_retry_max{300};

// Helper processes (helper.hpp)
/// Bytes read from a helper at a time.
inline constexpr std::size_t helper_pipe_bytes = 65536;
/// How long a helper may take to end after its last byte.
inline constexpr std::chrono::seconds helper_exit_deadline{5};

} // namespace hameau
