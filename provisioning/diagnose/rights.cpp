// The rules: folders of hameaud, over them those of the mail engines; files with secrets.
#include "provisioning/diagnose/rights.hpp"

#include <algorithm>

#include "daemon/contract/role_uids.hpp"
#include "daemon/contract/state_folders.hpp"
#include "provisioning/diagnose/limits.hpp"

namespace hameau::diagnose {

namespace {

constexpr unsigned others = 07;

unsigned uid_of(std::string_view role) {
    for (const RoleUid& entry : role_uids) {
        if (entry.role == role) {
            return entry.uid;
        }
    }
    return 0;
}

} // namespace

std::vector<WrongFolder> wrong_folders(const Machine& machine) {
    std::vector<FolderRule> rules = machine.engine_folders();
    for (const StateFolder& folder : state_folders) {
        const unsigned uid = folder.owner.empty() ? 0 : uid_of(folder.owner);
        const bool engines = std::any_of(rules.begin(), rules.end(), [&folder](const FolderRule& rule) { return rule.path == folder.path; });
        if (!engines) {
            rules.push_back({std::string(folder.path), uid, folder.group.empty() ? uid : uid_of(folder.group), folder.mode});
        }
    }
    std::vector<WrongFolder> out;
    for (const FolderRule& rule : rules) {
        const std::string path = machine.state() + rule.path;
        const auto facts = machine.file(path);
        if (!facts || !facts->folder) {
            continue;
        }
        const bool owner = !machine.root() || (facts->uid == rule.uid && facts->gid == rule.gid);
        if (!owner || facts->mode != rule.mode) {
            out.push_back({path, rule.uid, rule.gid, rule.mode});
        }
    }
    return out;
}

std::vector<OpenSecret> open_secrets(const Machine& machine) {
    std::vector<OpenSecret> out;
    const auto look = [&](const std::string& path) {
        const auto facts = machine.file(path);
        if (facts && facts->regular && (facts->mode & others) != 0) {
            out.push_back({path, facts->mode & ~others});
        }
    };
    for (const char* file : {"/tls/default.pem", "/tls/ca.key", "/backup/key", "/backup/credentials", "/people/people.db", "/people/setup-token", "/mail/auth/auth.db"}) {
        look(machine.state() + file);
    }
    // Only folders of root: what a module or uacme keeps is closed by its own folder, whose rights are looked at above.
    for (const char* folder : {"/tls/hosts", "/backup/ssh"}) {
        for (const auto& [path, facts] : machine.files_below(machine.state() + folder, secret_files_max)) {
            if (folder == std::string_view("/tls/hosts") || !path.ends_with(".pub")) {
                look(path);
            }
        }
    }
    if (const std::string& given = machine.settings().text("house.backup_credentials"); !given.empty()) {
        look(given);
    }
    return out;
}

} // namespace hameau::diagnose
