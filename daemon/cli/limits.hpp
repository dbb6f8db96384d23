// Limits of the command `hameau`. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hameau::cli {

// Calls to the house
/// Bytes of a response that is held in memory: the longest list of a house.
inline constexpr std::uint64_t response_bytes_max = 64 << 20;
/// Bytes of one chunk of an upload; one is in memory.
inline constexpr std::size_t upload_chunk_bytes = 65536;
/// Seconds without a byte before a call is given up: a large site takes its time to be checked and compressed.
inline constexpr long call_seconds = 600;
/// The same where only a sign of life is asked for.
inline constexpr long short_call_seconds = 10;
/// Milliseconds between two looks at a backup that runs: a person watches.
inline constexpr int follow_nap_ms = 500;
/// After the host name is known every process restarts, and the mail engines are configured: half a minute on a small
/// machine.
inline constexpr std::int64_t settle_ms_max = 90'000;
/// Milliseconds between two looks at the house while its processes restart.
inline constexpr int settle_nap_ms = 300;

// Archives of an association (import)
/// Bytes read at a time; one slice is in memory.
inline constexpr std::size_t archive_slice_bytes = 65536;
/// The floor of free disk is looked at after so many bytes of an archive that is kept in /var/tmp.
inline constexpr std::uint64_t spool_look_bytes = std::uint64_t{64} << 20;
/// Bytes of one document of the archive in memory (association.json of 5000 members): as people and mail accept.
inline constexpr std::size_t document_bytes_max = 32 << 20;
/// Host names read from an archive: more than an association can have.
inline constexpr std::size_t document_hosts_max = 10000;
/// Bytes of the part END: three short lines.
inline constexpr std::size_t archive_end_bytes_max = 1024;
/// Bytes that hameau-unarchive may say on standard error: one sentence.
inline constexpr std::size_t complaint_bytes_max = 4096;
/// Files of one archive: a message is a file, and 5000 mailboxes of 400 messages fit.
inline constexpr std::uint64_t archive_files_max = 2'000'000;
/// Unpacked to packed, beyond the first GiB: what is beyond is a bomb (texts and messages compress to a tenth).
inline constexpr std::uint64_t archive_ratio_max = 200;
/// Bytes unpacked before the ratio counts: a small archive of zeros harms nobody.
inline constexpr std::uint64_t archive_ratio_free_bytes = std::uint64_t{1} << 30;
/// Bytes of one pad's row of an archive in memory; pads accepts no more.
inline constexpr std::size_t pad_row_bytes_max = 16 << 20;

// What is read on this computer
/// Bytes of a typed or piped key of the backups: nine words.
inline constexpr std::size_t backup_key_bytes_max = 1024;
/// Bytes of a file with a password; a password has at most 200 characters.
inline constexpr std::size_t password_file_bytes_max = 4096;
/// Lines about files of a folder that stay behind: more than that nobody reads.
inline constexpr std::size_t folder_notes_max = 50;
/// Files of a folder that is published: twice what the house accepts, so the house names its own limit.
inline constexpr std::size_t folder_files_max = 100'000;
/// Levels of folders: twice what the house accepts. It ends a walk into a bind mount of itself.
inline constexpr std::size_t folder_depth_max = 64;

// The diagnosis and the report
/// Milliseconds between two looks whether a repair has had its effect: a person waits.
inline constexpr int repair_nap_ms = 1000;
/// Of these looks: services and engines are up again within ten seconds.
inline constexpr int repair_looks_max = 12;
/// Bytes of what a program of ours says when the house does not run: the lines of all checks take some KiB.
inline constexpr std::size_t alone_bytes_max = 1 << 20;
/// Bytes of a line of a journal that go into a report.
inline constexpr std::size_t redacted_line_bytes_max = 600;
/// Bytes of a small file of the machine that goes into a report, such as /etc/os-release.
inline constexpr std::size_t small_file_bytes_max = 4096;

// The trial
/// Bytes of a response of the house that the trial reads: the state of every process.
inline constexpr std::size_t trial_response_bytes_max = 1 << 20;
/// Seconds without a byte before one call to the house is given up; another follows.
inline constexpr long trial_call_seconds = 10;
/// How long the first start may take: keys are made and the mail engines are configured, half a minute on the smallest machine.
inline constexpr std::chrono::seconds trial_ready_deadline{120};
/// Between two looks whether the house is ready: a person waits.
inline constexpr std::chrono::milliseconds trial_poll_interval{50};

} // namespace hameau::cli
