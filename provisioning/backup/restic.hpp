// One call of restic, under the uid of the backups, with the files of the machine closed to it but those that the call needs. Its
// password is in a file without a name that it inherits; nothing secret is in its arguments. What it writes is judged as the words of
// a stranger: bounded, and read as JSON or looked through for known sentences.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/backup_target.hpp"
#include "daemon/base/result.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

/// A target that can be spoken to now.
struct Repository {
    std::string url;                       ///< as restic wants it, with the name and password of a REST server
    std::vector<std::string> environment;  ///< NAME=value: credentials
    std::vector<std::string> options;      ///< -o name=value
    std::vector<std::string> ssh;          ///< the words of ssh, for SFTP: asked again for its reason, which restic loses
    std::string local;                     ///< the folder, where it is one
    std::string key;
};

/// NAME -> value for each target of the credentials file. "[TARGET]" lines, then NAME=VALUE; "#" begins a comment.
using Credentials = std::map<std::string, std::map<std::string, std::string>, std::less<>>;
/// Errors: invalid with the line's number.
Result<Credentials> parse_credentials(std::string_view text);
/// The file, or nothing where it is not there. Errors: denied when others than its owner may read it, those of parse_credentials.
Result<Credentials> read_credentials(const std::string& path);
/// Where the disk with that label is mounted. Errors: not_found: it is not plugged in, or not mounted.
Result<std::string> place_of_disk(const std::string& label);
/// Errors: not_found (a disk or a folder's parent that is not there), invalid (credentials that do not suit).
Result<Repository> open_repository(const Place& place, const BackupTarget& target, const Credentials& credentials, const std::string& key);
/// A folder without a repository that would come to lie on the file system of the house: what an empty mount point looks like.
bool begins_on_own_disk(const Place& place, const std::string& local);
/// The folders that restic may write to, made and given to it: its cache, home and temporary folder; a target folder that is new.
Status prepare_folders(const Place& place, const Repository& repository);

struct ResticCall {
    std::vector<std::string> words;          ///< without repository and options
    std::string folder;                      ///< its working folder; empty: its home
    bool reads_all = false;                  ///< CAP_DAC_READ_SEARCH: may read what belongs to others, below `reads`
    std::vector<std::string> reads;
    std::vector<std::string> writes;
    std::function<void(std::string_view line)> on_line;  ///< of standard output; empty: kept in `output`
    std::chrono::minutes silence{120};       ///< ended when it says nothing for so long
    std::chrono::minutes limit = restic_limit_default;
};
struct ResticEnd {
    int exit_code = 0;   ///< -1: by a signal
    std::string output;  ///< at most 8 MiB
    std::string errors;  ///< the last 16 KiB of standard error
};
/// Errors: unavailable when it is not installed, timed_out, io.
Result<ResticEnd> run_restic(const Place& place, const Repository& repository, ResticCall call);

/// In a child that changed its uid with PR_SET_KEEPCAPS: CAP_DAC_READ_SEARCH and no other right, also over an exec (capabilities(7),
/// ambient set). Ends the child where it cannot be had.
void keep_reading_rights();

/// Which word of code:: the errors of a call stand for.
std::string_view code_of(const ResticEnd& end);
/// The sentence to show: the last that says something, one line.
std::string detail_of(const ResticEnd& end);
/// Whether the errors say that there is no repository yet.
bool says_empty(const ResticEnd& end);

struct Snapshot {
    std::string id;        ///< 64 hexadecimal digits
    std::int64_t time = 0; ///< seconds since 1970
    std::string host;
};
/// restic snapshots --json, those of Hameau, oldest first. Errors: invalid.
Result<std::vector<Snapshot>> parse_snapshots(std::string_view json);

/// restic stats --json: bytes. 0 when it cannot be read.
std::uint64_t total_size_in(std::string_view json);

struct Progress {
    unsigned percent = 0;
    bool done = false;         ///< the summary came: the fields below
    std::string snapshot;      ///< its short name
    std::uint64_t bytes = 0;   ///< looked at
    std::uint64_t added = 0;   ///< sent
    std::uint64_t files = 0;
};
/// One line of restic backup --json. False: nothing of use.
bool parse_progress(std::string_view line, Progress& progress);

/// "2026-11-30T09:21:23.85+01:00" (RFC 3339), "2026-11-30 09:21", "2026-11-30" (its end), the latter two in the zone of the process.
/// Seconds since 1970. Errors: invalid.
Result<std::int64_t> parse_time(const std::string& text);

} // namespace hameau::backup
