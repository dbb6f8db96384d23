// Limits that two sides hold: who writes a file or a stream, and who reads it. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau {

// Streams of parts (parts.hpp)
/// Bytes of a part's path: the longest path of a site below its folder in the archive.
inline constexpr std::size_t part_path_bytes_max = 2048;
/// Bytes of a part: what the header of a tar file can say (IEEE 1003.1-2001, ustar: eleven octal digits).
inline constexpr std::uint64_t part_bytes_max = (std::uint64_t{1} << 33) - 1;

} // namespace hameau

namespace hameau::mailnames {

// The names beside mail domains (mail_names.hpp)
/// Mail domains of a house: as many as it may have associations, ten each. The gate holds them in memory.
inline constexpr std::size_t mail_domains_max = 10000;
/// Bytes of the list: mail_domains_max of the longest names.
inline constexpr std::size_t mail_domains_bytes_max = mail_domains_max * 254;
/// Seconds for which others keep an MTA-STS policy that is enforced. RFC 8461 §3.2 asks for weeks or more.
inline constexpr std::uint32_t mta_sts_enforced_seconds = 14 * 86400;
/// Seconds for which they keep one that is tried or withdrawn: a mistake is over the next day.
inline constexpr std::uint32_t mta_sts_tried_seconds = 86400;

/// Days for which security.txt is good: RFC 9116 §2.5.5 advises less than a year. It is made anew for each reader.
inline constexpr std::int64_t security_text_days = 90;

} // namespace hameau::mailnames

namespace hameau::sites {

// Sites: the manifest of a deploy (deploy_format.hpp)
/// Files of a manifest: 50,000 of an upload and as many kept from before.
inline constexpr std::size_t entries_max = 100000;
/// Bytes of one manifest: 100,000 files with names of 200 bytes fit. The gate holds it in memory.
inline constexpr std::size_t manifest_bytes_max = std::size_t{32} << 20;
/// Bytes of a media type; the longest that is registered has 73.
inline constexpr std::size_t media_type_bytes_max = 200;

// Sites: hosts.map (hosts_map.hpp)
/// Host names of a house: ten for each of the thousand associations that it may have. The gate holds them in memory.
inline constexpr std::size_t hosts_max = 10000;
/// Bytes of hosts.map: hosts_max lines of the longest name and two ids.
inline constexpr std::size_t hosts_map_bytes_max = 4 << 20;

// Sites: a publication that sends only what is missing (kept_list.hpp)
/// Bytes of the list of what the site has: 50,000 files with names of 200 bytes fit, and hameau-unpack holds it in memory.
inline constexpr std::size_t kept_list_bytes_max = 16 << 20;
/// Hashes that are asked about in one call: as many as an upload has files.
inline constexpr std::size_t asked_hashes_max = 50000;

// Sites: paths and rules
/// Bytes of a file's path in a site: browsers, archives and this computer's file systems agree on it.
inline constexpr std::size_t path_bytes_max = 1024;
/// Folders above a file of a site; nobody's site has ten.
inline constexpr std::size_t path_depth_max = 32;
/// Rules of each kind (_redirects, _headers) in one site: every request is compared with them in turn.
inline constexpr std::size_t rules_max = 1000;
/// Bytes of one line of such a file; a content security policy is the longest.
inline constexpr std::size_t rule_line_bytes_max = 2000;
/// Bytes of such a file; what is beyond is not read.
inline constexpr std::size_t rules_file_bytes_max = 256 << 10;

} // namespace hameau::sites

namespace hameau::backup {

// Backups: STATE/backup/state (backup_state.hpp)
/// Bytes of a sentence about a target: one line of a page.
inline constexpr std::size_t said_bytes_max = 300;
/// Seconds between two drills of one target, in which a copy is read back whole.
inline constexpr std::int64_t drill_every_s = std::int64_t{30} * 24 * 3600;
/// A drill that cannot be made (no room, the target is away) is a trouble when the last good one is this old. Seconds.
inline constexpr std::int64_t drill_missed_s = std::int64_t{45} * 24 * 3600;
/// Seconds to the next try of one that found no room: a disk is not emptied every day, and the whole backup is measured each time.
inline constexpr std::int64_t drill_no_room_s = std::int64_t{7} * 24 * 3600;
/// Seconds after the last good copy from which a failure is news. One missed night is none yet (the disk is plugged in once a week, the other machine is off).
inline constexpr std::int64_t quiet_s = 36 * 3600;
/// Seconds after the last good copy from which its age is news by itself.
inline constexpr std::int64_t old_s = std::int64_t{3} * 24 * 3600;

} // namespace hameau::backup

namespace hameau::diagnosis {

// The diagnosis: STATE/diagnosis/state, and the answer to who asked (diagnosis.hpp)
/// Bytes of the line of one finding: what a sentence says in its values fits, and the lines of all checks go into one message of root.
inline constexpr std::size_t finding_bytes_max = 500;

} // namespace hameau::diagnosis

namespace hameau::energy {

// What the services used each day: STATE/energy, and the answer to who asked (energy.hpp)
/// Days that are kept and shown: five weeks tell a habit from a chance.
inline constexpr std::size_t days_max = 35;
/// Names of one day: the house's own and some dozens of external modules. The others of that day are one row, "rest".
inline constexpr std::size_t names_max = 48;
/// Bytes of the text: it goes into one message of root (answer_text_max of hameaud). The oldest days give way.
inline constexpr std::size_t text_bytes_max = 45'000;
/// Days that the advice looks back on.
inline constexpr std::int64_t advice_days = 7;
/// Hours that must have been seen before anything is advised: a start is no habit.
inline constexpr std::uint64_t advice_hours_min = 6;

} // namespace hameau::energy
