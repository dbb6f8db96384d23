// Reading the addresses of backup targets.
#include "daemon/base/backup_target.hpp"

#include <algorithm>

namespace hameau {

namespace {

constexpr std::string_view label_signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
    return fail(ErrorKind::invalid, "\"" + std::string(text.substr(0, backup_target_bytes_max)) + "\" " + std::string(why));
}

/// A path without empty, "." or ".." parts; a slash at the end is dropped.
bool tidy_path(std::string_view path) {
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        if (part.empty() || part == "." || part == "..") {
            return false;
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return true;
}

std::string without_slash(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return std::string(path);
}

Result<BackupTarget> folder_target(std::string_view text, BackupTarget target) {
    target.place = without_slash(text);
    if (target.place == "/" || !tidy_path(std::string_view(target.place).substr(1))) {
        return refuse(text, "is not a folder for backups");
    }
    return target;
}

Result<BackupTarget> disk_target(std::string_view text, BackupTarget target) {
    const std::string_view rest = text.substr(5);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    target.kind = TargetKind::disk;
    target.label = rest.substr(0, slash);
    target.place = slash < rest.size() ? without_slash(rest.substr(slash + 1)) : "hameau";
    if (target.label.empty() || target.label.front() == '.' || target.label.find_first_not_of(label_signs) != std::string::npos || target.place.empty() || !tidy_path(target.place)) {
        return refuse(text, "is not a disk: disk:LABEL, or disk:LABEL/folder");
    }
    return target;
}

Result<BackupTarget> sftp_target(std::string_view text, BackupTarget target) {
    const std::string_view rest = text.substr(5);
    const std::size_t colon = rest.find(':');
    const std::size_t at = rest.find('@');
    target.kind = TargetKind::sftp;
    if (colon != std::string_view::npos) {
        target.user = at < colon ? std::string(rest.substr(0, at)) : "";
        target.host = rest.substr(at < colon ? at + 1 : 0, colon - (at < colon ? at + 1 : 0));
        target.place = without_slash(rest.substr(colon + 1));
    }
    // ssh would take a name that begins with "-" for an option.
    const auto word = [](const std::string& name) {
        return name.find_first_not_of(label_signs) == std::string::npos && !name.starts_with('-');
    };
    if (target.host.empty() || !word(target.host) || !word(target.user) || target.place.empty() || target.place.starts_with('-')) {
        return refuse(text, "is not an SFTP target: sftp:USER@HOST:/FOLDER (a port belongs into the credentials file)");
    }
    return target;
}

Result<BackupTarget> url_target(std::string_view text, BackupTarget target) {
    const bool s3 = text.starts_with("s3:");
    target.kind = s3 ? TargetKind::s3 : TargetKind::rest;
    target.place = text.substr(text.find(':') + 1);
    const bool url = target.place.starts_with("https://") || target.place.starts_with("http://");
    const std::size_t host = url ? target.place.find("//") + 2 : 0;
    const std::size_t slash = std::min(target.place.find('/', host), target.place.size());
    if (target.place.substr(host, slash - host).find('@') != std::string::npos) {
        return refuse("...", "holds a name or a password: they belong into the credentials file");
    }
    if (slash == host || (!url && !s3) || (s3 && slash + 1 >= target.place.size())) {
        return refuse(text, s3 ? "is not an S3 target: s3:https://HOST/BUCKET" : "is not a REST target: rest:https://HOST/PATH");
    }
    return target;
}

} // namespace

Result<BackupTarget> parse_backup_target(std::string_view text) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != ',' && c != '"' && c != '\\'; };
    if (text.empty() || text.size() > backup_target_bytes_max || !std::all_of(text.begin(), text.end(), plain)) {
        return refuse(text, "is not a target for backups: at most 200 characters, no blank, comma, quote or backslash");
    }
    BackupTarget target;
    target.address = text;
    if (text.starts_with('/')) {
        return folder_target(text, std::move(target));
    }
    if (text.starts_with("disk:")) {
        return disk_target(text, std::move(target));
    }
    if (text.starts_with("sftp:")) {
        return sftp_target(text, std::move(target));
    }
    if (text.starts_with("s3:") || text.starts_with("rest:")) {
        return url_target(text, std::move(target));
    }
    return refuse(text, "is not a target for backups: /FOLDER, disk:LABEL, sftp:USER@HOST:/FOLDER, s3:https://HOST/BUCKET or rest:https://HOST/PATH");
}

Result<std::vector<BackupTarget>> parse_backup_targets(std::string_view text) {
    std::vector<BackupTarget> all;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(", "), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        auto target = parse_backup_target(word);
        if (!target) {
            return fail(std::move(target.error()));
        }
        const bool twice = std::any_of(all.begin(), all.end(), [&](const BackupTarget& other) { return other.address == target->address; });
        if (twice || all.size() >= backup_targets_max) {
            return refuse(word, twice ? "is there twice" : "is one too many: at most 8 targets");
        }
        all.push_back(std::move(*target));
    }
    return all;
}

} // namespace hameau
