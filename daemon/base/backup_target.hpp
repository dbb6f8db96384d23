// Where a backup goes, as the settings and the command name it: a folder, a disk by its label, SFTP, an S3-compatible store or
// a restic REST server. Pure: nothing is looked up or opened here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

enum class TargetKind { folder, disk, sftp, s3, rest };

struct BackupTarget {
    TargetKind kind = TargetKind::folder;
    std::string address;  ///< as it was written; names the target everywhere
    /// folder: its path. disk: a path below the disk's root ("hameau" where none was given). sftp: the path there. s3 and rest: the
    /// URL, without "s3:" or "rest:".
    std::string place;
    std::string label;    ///< disk: of its file system
    std::string user;     ///< sftp; empty: none given
    std::string host;     ///< sftp
};

/// "/srv/backup", "disk:LABEL", "disk:LABEL/folder", "sftp:user@host:/path", "s3:https://host/bucket", "rest:https://host/path".
/// Errors: invalid, in a sentence: unknown form, a blank or a comma, a password in it (it belongs into the credentials file).
Result<BackupTarget> parse_backup_target(std::string_view text);
/// Several, separated by blanks or commas. Errors: those of one; invalid for more than backup_targets_max or one that is there twice.
Result<std::vector<BackupTarget>> parse_backup_targets(std::string_view text);

} // namespace hameau
