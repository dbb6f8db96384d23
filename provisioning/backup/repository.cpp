// From a target's address to what restic needs to speak to it.
#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restic.hpp"

namespace hameau::backup {

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Its words are put into the environment of restic: a name that a loader reads (LD_PRELOAD) or that we set must not come from there.
bool is_credential(std::string_view name) {
    return name == "user" || name == "password" || name == "port" || name.starts_with("AWS_");
}

std::string percent_encoded(const std::string& text) { return percent_encode(text, is_unreserved); }

Result<Repository> sftp_repository(const Place& place, const BackupTarget& target, const std::map<std::string, std::string>& own, Repository made) {
    const std::string home = place.folder() + "/ssh";
    const auto port = own.find("port");
    const std::string number = port == own.end() ? "22" : port->second;
    if (number.empty() || number.size() > 5 || number.find_first_not_of("0123456789") != std::string::npos) {
        return fail(ErrorKind::invalid, "the port of " + target.address + " in the credentials is no number");
    }
    // restic splits this at blanks; a state folder with one is not served. The host's key is kept at the first visit and may never
    // change afterwards. No file of the machine or of a person is read.
    if (home.find_first_of(" \t'\"\\") != std::string::npos) {
        return fail(ErrorKind::invalid, "SFTP needs a state folder without blanks in its path");
    }
    made.url = "sftp:" + (target.user.empty() ? "" : target.user + "@") + target.host + ":" + target.place;
    const std::string command = "-F none -T -p " + number + " -i " + home + "/id_ed25519 -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=20" +
                    " -o ServerAliveInterval=30 -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=" + place.folder() + "/home/known_hosts" +
                    " -o GlobalKnownHostsFile=none" + (target.user.empty() ? "" : " -l " + target.user) + " " + target.host + " -s sftp";
    made.options = {"sftp.command=ssh " + command};
    for (const std::string_view word : split(command, ' ')) {
        made.ssh.emplace_back(word);
    }
    return made;
}

/// restic would try for a quarter of an hour to write where it may not.
Status may_write(const Place& place, const std::string& folder) {
    for (const std::string& path : {folder, folder + "/locks"}) {
        struct stat facts {};
        const bool there = ::stat(path.c_str(), &facts) == 0;
        const bool ours = place.uid == 0 ? ::access(path.c_str(), W_OK) == 0 : (facts.st_uid == place.uid && (facts.st_mode & 0200) != 0) || (facts.st_mode & 0002) != 0;
        if (there && !ours) {
            return fail(ErrorKind::denied, path + " belongs to another user: chown -R hameau-backup " + folder);
        }
    }
    return {};
}

} // namespace

Result<Credentials> parse_credentials(std::string_view text) {
    Credentials out;
    std::string section;
    std::size_t number = 0;
    for (const std::string_view raw : split(text, '\n')) {
        ++number;
        const std::string_view line = trimmed(raw);
        const auto wrong = [number](const std::string& why) { return fail(ErrorKind::invalid, "line " + std::to_string(number) + " of the credentials: " + why); };
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (line.front() == '[') {
            const auto target = line.back() == ']' ? parse_backup_target(line.substr(1, line.size() - 2)) : fail(ErrorKind::invalid, "a target in brackets was expected");
            if (!target) {
                return wrong(target.error().message);
            }
            section = target->address;
            continue;
        }
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || section.empty() || !is_credential(trimmed(line.substr(0, equals)))) {
            return wrong("[TARGET], or one of user, password, port, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY was expected");
        }
        out[section][std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
    }
    return out;
}

Result<Credentials> read_credentials(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return Credentials{};
    }
    if ((facts.st_mode & 077) != 0) {
        return fail(ErrorKind::denied, "others may read " + path + ": run chmod 600 " + path);
    }
    const auto text = read_file(path, credentials_bytes_max);
    return text ? parse_credentials(*text) : Result<Credentials>(fail(text.error()));
}

Result<std::string> place_of_disk(const std::string& label) {
    std::error_code failed;
    const auto device = std::filesystem::canonical("/dev/disk/by-label/" + label, failed);
    const auto away = [&label](const std::string& why) { return fail(ErrorKind::not_found, "the disk " + label + " is not " + why); };
    if (failed) {
        return away("plugged in");
    }
    // proc(5), mountinfo: ... mount point (5th) ... " - " type, source.
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string row; std::getline(mounts, row);) {
        const std::size_t dash = row.find(" - ");
        const auto columns = split(row, ' ');
        const auto behind = split(std::string_view(row).substr(std::min(dash, row.size() - 1)), ' ');
        if (dash != std::string::npos && columns.size() > 5 && behind.size() > 3 && columns[3] == "/" && behind[3] == device.string()) {
            return std::string(columns[4]);
        }
    }
    return away("mounted");
}

Result<Repository> open_repository(const Place& place, const BackupTarget& target, const Credentials& credentials, const std::string& key) {
    Repository made;
    made.key = key;
    const auto found = credentials.find(target.address);
    const std::map<std::string, std::string> own = found == credentials.end() ? std::map<std::string, std::string>() : found->second;
    for (const auto& [name, value] : own) {
        if (name.starts_with("AWS_")) {
            made.environment.push_back(name + "=" + value);
        }
    }
    switch (target.kind) {
    case TargetKind::disk: {
        const auto root = place_of_disk(target.label);
        if (!root) {
            return fail(root.error());
        }
        made.local = *root + "/" + target.place;
        break;
    }
    case TargetKind::folder: made.local = target.place; break;
    case TargetKind::sftp: return sftp_repository(place, target, own, std::move(made));
    case TargetKind::s3: made.url = "s3:" + target.place; return made;
    case TargetKind::rest: {
        const auto user = own.find("user");
        const auto password = own.find("password");
        const std::size_t host = target.place.find("//") + 2;
        const std::string who = user == own.end() ? "" : percent_encoded(user->second) + (password == own.end() ? "" : ":" + percent_encoded(password->second)) + "@";
        made.url = "rest:" + target.place.substr(0, host) + who + target.place.substr(host);
        return made;
    }
    }
    // Never made from nothing below a place that is not there. An empty mount point is found by begins_on_own_disk.
    const std::string parent = std::filesystem::path(made.local).parent_path().string();
    if (::access(parent.c_str(), F_OK) != 0) {
        return fail(ErrorKind::not_found, parent + " is not there");
    }
    made.url = made.local;
    return made;
}

bool begins_on_own_disk(const Place& place, const std::string& local) {
    struct stat house {};
    struct stat there {};
    const std::string parent = std::filesystem::path(local).parent_path().string();
    const bool known = ::stat(place.state.c_str(), &house) == 0 && (::stat(local.c_str(), &there) == 0 || ::stat(parent.c_str(), &there) == 0);
    return known && house.st_dev == there.st_dev && ::access((local + "/config").c_str(), F_OK) != 0;
}

Status prepare_folders(const Place& place, const Repository& repository) {
    const auto give = [&place](const std::string& path) { return place.uid == 0 ? Status{} : chown_path(path, place.uid, place.uid); };
    if (auto made = make_folder(place.folder(), 0711); !made) {
        return made;
    }
    for (const char* name : {"/cache", "/home", "/tmp"}) {
        const std::string path = place.folder() + name;
        auto made = make_folder(path, 0700);
        if (made = made ? give(path) : made; !made) {
            return made;
        }
    }
    if (repository.local.empty()) {
        return {};
    }
    std::error_code failed;
    const bool fresh = !std::filesystem::exists(repository.local, failed);
    if (fresh) {
        if (auto made = make_folder(repository.local, 0700); !made) {
            return made;
        }
    }
    // An empty folder of the admin's becomes the repository's. One with something in it is left as it is.
    return fresh || std::filesystem::is_empty(repository.local, failed) ? give(repository.local) : may_write(place, repository.local);
}

} // namespace hameau::backup
