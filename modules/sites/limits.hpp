// Limits of the sites module and of its helper hameau-unpack, each with its unit and its reason. What an admin may change
// (sites.limits.*, sites.keep_versions, house.disk_floor) is a setting, not here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::sites {

/// Uploads at once: the memory of their unpackers on a board of 1 GB.
inline constexpr std::size_t uploads_at_once_max = 2;
/// From the first byte of an upload to the end of unpacking: 1 GiB at 10 Mbit/s. Whoever needs longer holds one of the two.
inline constexpr std::chrono::minutes upload_deadline{14};
/// Names in an archive; the manifest of so many files is a few MiB, which the gate reads whole.
inline constexpr std::size_t upload_files_max = 50000;
/// Bytes read from the body before they go to the unpacker.
inline constexpr std::size_t upload_slice_bytes = 65536;
/// An upload of unknown size is begun only above the floor of free disk by so many bytes.
inline constexpr std::uint64_t disk_room_bytes_min = 1 << 20;
/// How often the floor is looked at while an upload is unpacked: a small archive may hold a thousand times its size. Between
/// two looks a fast disk takes about 100 MB, which the floor of 512 MiB has to spare.
inline constexpr std::chrono::milliseconds disk_look_every{100};
/// Of one file in a manifest, beside its path: type, times, and four variants with their hashes. Bytes.
inline constexpr std::uint64_t manifest_entry_bytes = 256;

/// Downloads that are packed at once: each keeps one core busy with compression.
inline constexpr std::size_t packers_at_once_max = 2;
/// Downloads that wait for a packer; who comes later is told to come back.
inline constexpr std::size_t packers_waiting_max = 20;
/// How long one waits for a packer: below the gate's patience for a response.
inline constexpr std::chrono::seconds packers_wait{25};
/// One download: 1 GiB at 5 Mbit/s.
inline constexpr std::chrono::minutes download_deadline{30};
/// The list of files that a packer is given: 50,000 files with long names.
inline constexpr std::size_t pack_list_bytes_max = std::size_t{128} << 20;

/// One line of the unpacker's report: the longest path (4096), escaped, and four variants. Bytes.
inline constexpr std::size_t report_line_bytes_max = 16384;
/// Lines of a report: one a file, and room for rules and remarks.
inline constexpr std::size_t report_lines_max = 60000;
/// Remarks of each kind that are told; what is beyond is counted only.
inline constexpr std::size_t remarks_max = 100;

/// A JSON body (a host name, a number). Bytes.
inline constexpr std::size_t request_bytes_max = 4096;
/// Valid deploy tokens of one site, and as many that have ended stay on its list: each program and each person has one.
inline constexpr std::size_t tokens_max = 20;
/// Characters of a token's name.
inline constexpr std::size_t token_name_characters_max = 60;
/// The last use of a token is written down when it is so much later than the one before: a program may call a hundred times. Milliseconds.
inline constexpr std::int64_t token_use_ms = 60 * 1000;
/// sites.json of an association's archive; the hashes of 50,000 files. Bytes.
inline constexpr std::size_t list_bytes_max = 4 << 20;
/// How old a response about a certificate must be before the house is asked again. hameau-provision looks at files, and decides when
/// the authority is asked (hameaud lets such turns come 15 s apart). Milliseconds.
inline constexpr std::int64_t certificate_retry_ms = 5 * 1000;
/// The same when the house has said why there is none: each question is a program that runs as root.
inline constexpr std::int64_t certificate_refused_retry_ms = 60 * 1000;
/// The same for a host that had one: a certificate ends when nobody can renew it, and an admin takes away what they put there.
inline constexpr std::int64_t certificate_again_ms = 6 * 3600 * 1000;
/// Versions of one site that are looked at; far above what is ever kept.
inline constexpr std::size_t versions_max = 100000;
/// Assets named after their content stay for those who have an older page open or cached: a week, and so many files.
inline constexpr std::int64_t retired_ms_max = std::int64_t{7} * 24 * 3600 * 1000;
inline constexpr std::size_t retired_files_max = 2000;

/// hameau-unpack looks for links and weights in pages up to this size, so many links of one, so many pages, and keeps so
/// many links over all: an upload of generated pages must not hold memory and time.
inline constexpr std::size_t page_bytes_max = 2 << 20;
inline constexpr std::size_t page_links_max = 2000;
inline constexpr std::size_t scanned_pages_max = 2000;
inline constexpr std::size_t links_kept_max = 50000;
/// Files of this size are compressed in advance: smaller ones gain nothing, larger ones are mostly media. Bytes.
inline constexpr std::size_t compress_bytes_min = 200;
inline constexpr std::size_t compress_bytes_max = 4 << 20;
/// Unpacked to packed, beyond the first 10 MiB: what is beyond is a bomb, not a site (text compresses to a tenth).
inline constexpr std::uint64_t unpack_ratio_max = 200;
inline constexpr std::uint64_t unpack_ratio_free_bytes = 10 << 20;

// Archives of an association, and blobs
/// Bytes of an archive that are made at a time.
inline constexpr std::size_t archive_piece_bytes = 256 * 1024;
/// Sites of one association in an archive: as many as hosts.map has names.
inline constexpr std::size_t archive_sites_max = 10000;
/// Bytes of a file that are copied at a time.
inline constexpr std::size_t blob_piece_bytes = 1 << 18;

// hameau-unpack: what it reads at a time and keeps in memory
/// Bytes of a file that are read, compressed or packed at a time.
inline constexpr std::size_t unpack_piece_bytes = 65536;
/// Window of zstd, as a power of two: browsers refuse more than 8 MiB (RFC 9659).
inline constexpr int zstd_window_log_max = 23;
/// Bytes at the start of a file that decide whether it is a page.
inline constexpr std::size_t page_start_bytes = 512;
/// Bytes at the start of an upload that decide what kind of archive it is.
inline constexpr std::size_t archive_start_bytes = 512;
/// Attributes of one tag that are read.
inline constexpr std::size_t tag_attributes_max = 64;
/// Bytes of one style sheet; larger ones are hardly ever written by hand.
inline constexpr std::size_t style_bytes_max = 2 << 20;
/// Files that one style sheet names.
inline constexpr std::size_t style_parts_max = 500;
/// Style sheets that import style sheets: a browser shows nothing until the last one has come.
inline constexpr int imports_deep_max = 5;
/// Files that the weight of one page counts: more would be refused by no browser, but seen by nobody.
inline constexpr std::size_t weighed_parts_max = 5000;

} // namespace hameau::sites
