// STATE/modules/uids: which external module has which uid. One small text file, replaced by rename.
#include "daemon/supervisor/uids.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "daemon/supervisor/contract.hpp"
#include "daemon/supervisor/limits.hpp"

namespace hameau::supervisor {

namespace {

bool in_range(uid_t uid) { return uid >= external_uid_first && uid <= external_uid_last; }

/// The owner of a module's folder, 0 where there is none.
uid_t owner_of(const std::string& folder) {
    struct stat facts {};
    return ::lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) ? facts.st_uid : 0;
}

} // namespace

Result<ModuleUids> ModuleUids::parse(std::string_view text) {
    ModuleUids uids;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t blank = line.find(' ');
        uid_t uid = 0;
        const char* last = line.data() + line.size();
        const bool good = blank != std::string_view::npos && blank > 0 &&
                          std::from_chars(line.data() + blank + 1, last, uid).ptr == last && in_range(uid) && !uids.used(uid);
        if (!good || !uids.uids_.emplace(line.substr(0, blank), uid).second) {
            return fail(ErrorKind::corrupt, "modules/uids: a line is not NAME UID, or says something twice: " + std::string(line));
        }
    }
    return uids;
}

std::string ModuleUids::text() const {
    std::string out;
    for (const auto& [name, uid] : uids_) {
        out += name + " " + std::to_string(uid) + "\n";
    }
    return out;
}

bool ModuleUids::used(uid_t uid) const {
    return std::any_of(uids_.begin(), uids_.end(), [uid](const auto& entry) { return entry.second == uid; });
}

Result<uid_t> ModuleUids::take(const std::string& name, uid_t owner) {
    if (const auto found = uids_.find(name); found != uids_.end()) {
        return found->second;
    }
    uid_t uid = in_range(owner) && !used(owner) ? owner : 0;
    if (uid == 0) {
        uid = external_uid_first;
        for (const auto& [other, known] : uids_) {
            uid = std::max(uid, known + 1);
        }
    }
    if (!in_range(uid)) {
        return fail(ErrorKind::unavailable, "no uid is left for the module " + name);
    }
    uids_.emplace(name, uid);
    return uid;
}

Result<ModuleUids> keep_module_uids(const std::string& modules_folder, const std::vector<std::string>& names) {
    const std::string file = modules_folder + "/uids";
    ModuleUids uids;
    if (const auto text = read_file(file, uids_file_bytes_max)) {
        auto known = ModuleUids::parse(*text);
        if (!known) {
            return known;
        }
        uids = std::move(*known);
    } else if (text.error().kind != ErrorKind::not_found) {
        return fail(text.error());
    }
    const std::string before = uids.text();
    // Folders from before this file, those of removed modules too: their owners are taken, whoever is new.
    std::error_code ignored;
    std::vector<std::string> folders;
    for (const auto& entry : std::filesystem::directory_iterator(modules_folder, ignored)) {
        folders.push_back(entry.path().filename().string());
    }
    std::sort(folders.begin(), folders.end());
    for (const std::string& name : folders) {
        const uid_t owner = owner_of(modules_folder + "/" + name);
        if (!uids.has(name) && in_range(owner)) {
            if (auto kept = uids.take(name, owner); !kept) {
                return fail(kept.error());
            }
        }
    }
    for (const std::string& name : names) {
        if (auto kept = uids.take(name, 0); !kept) {
            return fail(kept.error());
        }
    }
    if (uids.text() != before) {
        if (auto written = write_file_atomically(file, uids.text(), 0600); !written) {
            return fail(written.error());
        }
    }
    return uids;
}

} // namespace hameau::supervisor
