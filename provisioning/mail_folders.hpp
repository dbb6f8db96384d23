// The folders and databases that the engines find at their start, with their owners and modes.
#pragma once

#include <sys/types.h>
#include <vector>

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

struct MailFolder {
    std::string path;  ///< below STATE
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/// Those that make_mail_folders makes, in that order; without root all uids are 0, and stay as they are. Errors: unavailable (Postfix or
/// Dovecot is not installed: their users are missing).
Result<std::vector<MailFolder>> mail_folders(const MailModel& model);
Status make_mail_folders(const MailModel& model);
/// mail.db and auth.db, whole and with their WAL files, since hameau-mail sleeps until the first request; and what it
/// needs to ask Dovecot: STATE/mail/dovecot/run/hameau-doveadm and the password that Dovecot wants there.
Status make_mail_databases(const MailModel& model);

} // namespace hameau::provisioning
