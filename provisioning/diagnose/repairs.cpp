// The table of repairs, and what each does.
#include "provisioning/diagnose/repairs.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/open_regular.hpp"
#include "daemon/contract/manifest.hpp"
#include "daemon/modules.hpp"
#include "provisioning/diagnose/database.hpp"
#include "provisioning/diagnose/rights.hpp"

namespace hameau::diagnose {

namespace {

/// A file or folder below the state folder, reached through no link on the whole way: between a look and a mend somebody who owns a
/// folder on the way may have put a link there. Only openat2(2) can say that; without it nothing is repaired.
Result<Fd> open_in_state(const RepairPlace& place, const std::string& path, int flags) {
    const std::string& state = place.machine.state();
    if (!path.starts_with(state + "/")) {
        return fail(ErrorKind::denied, path + " is not below the state folder");
    }
    const Fd top(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return top ? open_below(top.get(), path.substr(state.size() + 1), flags) : Result<Fd>(fail_errno(state));
}

Status set_folder(const RepairPlace& place, const WrongFolder& folder) {
    const auto fd = open_in_state(place, folder.path, O_DIRECTORY);
    if (!fd) {
        return fail(fd.error());
    }
    if (place.machine.root() && ::fchown(fd->get(), folder.uid, folder.gid) != 0) {
        return fail_errno(folder.path);
    }
    return ::fchmod(fd->get(), folder.mode) == 0 ? Status{} : Status(fail_errno(folder.path));
}

/// Takes away what others may, and nothing else: by the mode of the open file, not by that of a look before it.
Status close_secret(const RepairPlace& place, const std::string& path) {
    const auto fd = open_in_state(place, path, 0);
    struct stat facts {};
    if (!fd || ::fstat(fd->get(), &facts) != 0) {
        return fd ? Status(fail_errno(path)) : Status(fail(fd.error()));
    }
    if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
        return fail(ErrorKind::denied, path + " is no plain file");
    }
    return ::fchmod(fd->get(), facts.st_mode & 0770U) == 0 ? Status{} : Status(fail_errno(path));
}

Status mend_folders(RepairPlace& place) {
    for (const WrongFolder& folder : wrong_folders(place.machine)) {
        if (auto done = set_folder(place, folder); !done) {
            return done;
        }
    }
    return {};
}

Status mend_secrets(RepairPlace& place) {
    for (const OpenSecret& secret : open_secrets(place.machine)) {
        if (auto done = close_secret(place, secret.path); !done) {
            return done;
        }
    }
    return {};
}

/// Only those whose next try hameaud has put off.
Status mend_services(RepairPlace& place) {
    for (const ServiceFacts& service : place.machine.services()) {
        if (service.state == "failing") {
            place.asked.push_back("restart\t" + service.name);
        }
    }
    return {};
}

template <const char* const& word>
Status ask(RepairPlace& place) {
    place.asked.emplace_back(word);
    return {};
}
constexpr const char* const engines_word = "engines";
constexpr const char* const show_word = "show-certificates";

/// Without an authority hameaud would be asked, and nothing would come of it.
Status mend_certificates(RepairPlace& place) {
    if (place.machine.trial() || place.machine.settings().text("house.acme_url").empty()) {
        return fail(ErrorKind::unavailable, "no certificate authority is set (house.acme_url)");
    }
    place.asked.emplace_back("certificates");
    return {};
}

Status ask_backup(RepairPlace& place, const char* what) {
    if (place.machine.settings().text("house.backup_targets").empty()) {
        return fail(ErrorKind::unavailable, "no place is set (house.backup_targets)");
    }
    place.asked.emplace_back(what);
    return {};
}
Status mend_backup(RepairPlace& place) { return ask_backup(place, "backup"); }
Status mend_drill(RepairPlace& place) { return ask_backup(place, "drill"); }

Status run(RepairPlace& place, const char* path, const std::vector<std::string>& arguments) {
    const auto told = place.machine.run(path, arguments);
    if (!told) {
        return fail(ErrorKind::unavailable, std::string(path) + " did not end");
    }
    return told->exit_code == 0 ? Status{} : Status(fail(ErrorKind::io, told->output.substr(0, 300)));
}

/// Each message that waits is tried again now, and not later than it would have been.
Status mend_queue(RepairPlace& place) { return run(place, "/usr/sbin/postqueue", {"-c", place.machine.state() + "/engines/postfix", "-f"}); }

/// Somebody may have held it back on purpose.
Status mend_hold(RepairPlace& place) { return run(place, "/usr/sbin/postsuper", {"-c", place.machine.state() + "/engines/postfix", "-H", "ALL"}); }

/// The older halves. What a service writes now is kept.
Status mend_logs(RepairPlace& place) {
    for (const auto& [path, facts] : place.machine.files_below(place.machine.state() + "/log", 1000)) {
        if (path.ends_with(".log.1") && ::unlink(path.c_str()) != 0) {
            return fail_errno(path);
        }
    }
    return {};
}

/// As any writer does at times: the owner of the database is asked to.
Status mend_journals(RepairPlace& place) {
    for (const Manifest* manifest : builtin_modules()) {
        for (const BackupPart& part : manifest->backup) {
            const std::string name = std::string(manifest->name) + "/" + std::string(part.path);
            if (part.keep != Keep::database || !place.machine.file(place.machine.state() + "/" + name)) {
                continue;
            }
            if (auto done = empty_journal({place.machine.state(), name, place.machine.root()}); !done) {
                return done;
            }
        }
    }
    return {};
}

constexpr std::array table = {
    Repair{"state.folders", false, mend_folders},
    Repair{"state.secrets", false, mend_secrets},
    Repair{"services.states", false, mend_services},
    Repair{"databases.journal", false, mend_journals},
    Repair{"certificate.house", false, mend_certificates},
    Repair{"certificate.all", false, mend_certificates},
    Repair{"certificate.shown", false, ask<show_word>},
    Repair{"certificate.mail", false, ask<engines_word>},
    Repair{"engines.postfix_settings", false, ask<engines_word>},
    Repair{"engines.dovecot_settings", false, ask<engines_word>},
    Repair{"mail.queue", false, mend_queue},
    Repair{"mail.deferred", false, mend_queue},
    Repair{"mail.active", false, mend_queue},
    Repair{"backup.targets", false, mend_backup},
    Repair{"backup.age", false, mend_backup},
    Repair{"backup.drill", false, mend_drill},
    Repair{"mail.hold", true, mend_hold},
    Repair{"logs.size", true, mend_logs},
};

} // namespace

std::span<const Repair> all_repairs() { return table; }

const Repair* repair_of(std::string_view id) {
    const auto* found = std::find_if(table.begin(), table.end(), [id](const Repair& one) { return one.id == id; });
    return found == table.end() ? nullptr : found;
}

} // namespace hameau::diagnose
