// Root does not walk a mailbox, which another uid fills: a child takes that uid first, and what it cannot remove stays.
#include "provisioning/erase_box.hpp"

#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/exec.hpp"
#include "daemon/base/io.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/mail_model.hpp"

namespace hameau {

namespace {

Status remove_here(const std::string& path) {
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    return failed ? Status(fail(ErrorKind::io, path + ": " + failed.message())) : Status{};
}

} // namespace

Status erase_box(const std::string& state, const std::string& folder, bool root) {
    const bool plain = folder.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos;
    if (folder.empty() || folder.size() > provisioning::box_folder_bytes_max || !plain) {
        return fail(ErrorKind::invalid, "erase-box: folder=ID was expected");
    }
    const std::string path = state + "/mail/boxes/" + folder;
    if (!root) {
        return remove_here(path);
    }
    const auto owner = static_cast<uid_t>(std::stoul(provisioning::MailUsers().boxes));
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("erase-box");
    }
    if (pid == 0) {
        drop_rights(owner, owner, {});
        const auto removed = remove_here(path);
        if (!removed) {
            (void)write_all(STDERR_FILENO, removed.error().message + "\n");
        }
        ::_exit(removed ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    const bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return done ? Status{} : Status(fail(ErrorKind::io, path + " could not be removed whole"));
}

} // namespace hameau
