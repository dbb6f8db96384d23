// Folders are opened without following links before they change owner: some stand in a folder that is not root's.
#include "provisioning/mail_folders.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <span>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/auth_schema.hpp"
#include "daemon/contract/manifest.hpp"
#include "daemon/store/before_migration.hpp"
#include "daemon/store/database.hpp"

namespace hameau {
extern const Manifest mail_manifest;
}

namespace hameau::provisioning {

namespace {

struct Ids {
    uid_t mail = 0;
    uid_t boxes = 0;
    uid_t postfix = 0;
    uid_t dovenull = 0;
    gid_t postfix_group = 0;
    gid_t postdrop_group = 0;
    gid_t dovecot_group = 0;
};

Result<gid_t> group_of(const std::string& name) {
    const group* found = ::getgrnam(name.c_str());
    if (found == nullptr) {
        return fail(ErrorKind::unavailable, "the group " + name + " is missing: install postfix and dovecot-core");
    }
    return found->gr_gid;
}

Result<Ids> find_ids(const MailModel& model) {
    Ids ids;
    ids.mail = static_cast<uid_t>(std::stoul(model.users.mail));
    ids.boxes = static_cast<uid_t>(std::stoul(model.users.boxes));
    const passwd* postfix = ::getpwnam(model.users.postfix.c_str());
    if (postfix == nullptr) {
        return fail(ErrorKind::unavailable, "the user " + model.users.postfix + " is missing: install postfix");
    }
    ids.postfix = postfix->pw_uid;
    const passwd* dovenull = ::getpwnam(model.users.dovenull.c_str());
    if (dovenull == nullptr) {
        return fail(ErrorKind::unavailable, "the user " + model.users.dovenull + " is missing: install dovecot-core");
    }
    ids.dovenull = dovenull->pw_uid;
    for (const auto& [name, place] : {std::pair{&model.users.postfix, &ids.postfix_group},
                                      {&model.users.postdrop, &ids.postdrop_group},
                                      {&model.users.dovecot_group, &ids.dovecot_group}}) {
        const auto gid = group_of(*name);
        if (!gid) {
            return fail(gid.error());
        }
        *place = *gid;
    }
    return ids;
}

Status make_one(const MailModel& model, const MailFolder& folder) {
    const std::string path = model.state + folder.path;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail_errno(path);
    }
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd || (model.root && ::fchown(fd.get(), folder.uid, folder.gid) != 0) || ::fchmod(fd.get(), folder.mode) != 0) {
        return fail_errno(path);
    }
    return {};
}

Status make_all(const MailModel& model, std::span<const MailFolder> folders) {
    for (const MailFolder& folder : folders) {
        if (auto made = make_one(model, folder); !made) {
            return made;
        }
    }
    return {};
}

/// The set-group-id bit gives the group to what is made from now on. What hameau-mail made before there were engines (a house
/// that waits for its first set-up, mail switched on later) has its own group, and no engine could read it. Only plain files
/// of hameau-mail with one name: it owns the folder, and a link there may lead anywhere.
Status give_files_to_group(const MailModel& model, const MailFolder& folder) {
    const std::string path = model.state + folder.path;
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    std::error_code failed;
    std::filesystem::directory_iterator at("/proc/self/fd/" + std::to_string(fd.get()), failed);
    if (!fd || failed) {
        return fail(ErrorKind::io, path + " cannot be listed");
    }
    for (const std::filesystem::directory_iterator end; at != end; at.increment(failed)) {
        const std::string name = at->path().filename().string();
        const Fd file(::openat(fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        struct stat facts {};
        if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_uid != folder.uid ||
            facts.st_nlink != 1 || facts.st_gid == folder.gid) {
            continue;  // gone meanwhile, or not ours to give
        }
        if (::fchown(file.get(), facts.st_uid, folder.gid) != 0) {
            return fail_errno(path + "/" + name);
        }
    }
    return failed ? Status(fail(ErrorKind::io, path + ": " + failed.message(), failed)) : Status{};
}

/// As Postfix's own postfix-files says, but for `public`: our mail processes hand in what a Sieve script sends there
/// (hameau-submit), and there is no sendmail and no postdrop for this Postfix.
std::vector<MailFolder> queue_folders(const Ids& ids) {
    const std::string queue = "/engines/postfix/queue";
    std::vector<MailFolder> folders = {{queue, 0755, 0, 0},
                                   {"/engines/postfix/data", 0700, ids.postfix, ids.postfix_group},
                                   {queue + "/pid", 0755, 0, 0},
                                   {queue + "/maildrop", 01730, ids.postfix, ids.postdrop_group},
                                   {queue + "/public", 02710, ids.postfix, ids.boxes}};
    for (const char* name : {"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                             "saved", "trace"}) {
        folders.push_back({queue + "/" + name, 0700, ids.postfix, 0});
    }
    return folders;
}

/// The version of the tables, without opening the database: SQLite's file format, offset 60, big-endian.
int stored_version(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    unsigned char number[4];
    if (!fd || ::pread(fd.get(), number, sizeof number, 60) != sizeof number) {
        return -1;
    }
    return (number[0] << 24) | (number[1] << 16) | (number[2] << 8) | number[3];
}

/// Opened only when something is missing: a running hameau-mail is its one writer.
Status make_database(const std::string& path, std::span<const Migration> migrations) {
    const bool whole = ::access((path + "-wal").c_str(), F_OK) == 0 && ::access((path + "-shm").c_str(), F_OK) == 0;
    if (whole && stored_version(path) >= migrations.back().number) {
        return {};
    }
    auto database = Database::open(path, migrations, 0640);
    if (!database) {
        return fail(database.error());
    }
    database->keep_wal_files();
    return {};
}

/// What hameau-mail needs to ask Dovecot: the folder of the socket under its own roof, and the password.
Status make_access_here(const MailModel& model, const std::string& password) {
    const std::string folder = model.state + "/mail/dovecot";
    if (auto made = make_folder(folder, 0700); !made) {
        return made;
    }
    if (::symlink("../../engines/dovecot/ask", (folder + "/run").c_str()) != 0 && errno != EEXIST) {
        return fail_errno(folder + "/run");
    }
    const auto present = read_file(folder + "/doveadm-password", 256);
    return present && *present == password ? Status{}
                                           : write_file_atomically(folder + "/doveadm-password", password, 0600);
}

Status make_databases_here(const MailModel& model, const std::string& password) {
    MigrationCopies copies;
    copies.floor_bytes = model.disk_floor_bytes;
    // Lines for hameaud, whose journal it is (House::tell_copies).
    copies.told = [](const std::string& copy, const Status& made) {
        const std::string line = made ? "copied\t" + copy : "not_copied\t" + copy + "\t" + one_plain_line(made.error().message);
        (void)write_all(STDERR_FILENO, line + "\n");
    };
    set_migration_copies(std::move(copies));
    if (auto made = make_access_here(model, password); !made) {
        return made;
    }
    if (auto made = make_database(model.state + "/mail/mail.db", mail_manifest.migrations); !made) {
        return made;
    }
    return make_database(model.state + "/mail/auth/auth.db", mail::auth_migrations);
}

} // namespace

Result<std::vector<MailFolder>> mail_folders(const MailModel& model) {
    Ids ids;
    if (model.root) {
        const auto found = find_ids(model);
        if (!found) {
            return fail(found.error());
        }
        ids = *found;
    }
    std::vector<MailFolder> folders = {
        {"/mail", 02755, ids.mail, ids.postfix_group},
        {"/mail/auth", 02750, ids.mail, ids.dovecot_group},
        {"/mail/forward", 02750, ids.mail, ids.boxes},
        {"/mail/boxes", 0700, ids.boxes, ids.boxes},
        {"/mail/words", 0700, ids.boxes, ids.boxes},
        {"/engines", 0755, 0, 0},
        {"/engines/dovecot", 0755, 0, 0},
        {"/engines/dovecot/run", 0755, 0, 0},
        {"/engines/dovecot/state", 0755, 0, 0},
        {"/engines/dovecot/sieve", 0755, 0, 0},
        {"/engines/dovecot/post", 0750, 0, ids.postfix_group},
        {"/engines/dovecot/ask", 0700, ids.mail, ids.mail},
    };
    if (model.root) {
        folders.push_back({"/engines/postfix", 0755, 0, 0});
        const auto queue = queue_folders(ids);
        folders.insert(folders.end(), queue.begin(), queue.end());
        if (model.asks_mta_sts()) {
            folders.push_back({std::string(mta_sts_folder), 0700, ids.dovenull, 0});
        }
    }
    return folders;
}

Status make_mail_folders(const MailModel& model) {
    const auto folders = mail_folders(model);
    if (!folders) {
        return fail(folders.error());
    }
    if (auto made = make_all(model, *folders); !made) {
        return made;
    }
    for (const MailFolder& folder : *folders) {
        if (model.root && (folder.path == "/mail" || folder.path == "/mail/auth" || folder.path == "/mail/forward")) {
            if (auto given = give_files_to_group(model, folder); !given) {
                return given;
            }
        }
    }
    return {};
}

Result<std::string> doveadm_password(const MailModel& model) {
    const std::string path = model.dovecot_folder() + "/secret.conf";
    constexpr std::string_view key = "doveadm_password = ";
    if (const auto present = read_file(path, 4096); present && present->starts_with(key) && present->ends_with('\n')) {
        return present->substr(key.size(), present->size() - key.size() - 1);
    }
    std::string password = new_id();
    if (auto written = write_file_atomically(path, std::string(key) + password + "\n", 0600); !written) {
        return fail(written.error());
    }
    return password;
}

Status make_mail_databases(const MailModel& model) {
    const auto password = doveadm_password(model);
    if (!password) {
        return fail(password.error());
    }
    if (!model.root) {
        return make_databases_here(model, *password);
    }
    const auto mail = static_cast<uid_t>(std::stoul(model.users.mail));
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("making the databases of mail");
    }
    if (pid == 0) {
        drop_rights(mail, mail, {});
        const auto made = make_databases_here(model, *password);
        if (!made) {
            (void)write_all(STDERR_FILENO, made.error().message + "\n");
        }
        ::_exit(made ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(ErrorKind::io, "the databases of mail could not be made; see the line above. Mail does not run.");
    }
    return {};
}

} // namespace hameau::provisioning
