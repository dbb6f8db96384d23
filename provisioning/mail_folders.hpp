// The folders and databases that the engines find at their start, with their owners and modes.
#pragma once

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

Status make_mail_folders(const MailModel& model);
/// mail.db and auth.db, whole and with their WAL files, since hameau-mail sleeps until the first request; and what it
/// needs to ask Dovecot: STATE/mail/dovecot/run/hameau-doveadm and the password that Dovecot wants there.
Status make_mail_databases(const MailModel& model);

} // namespace hameau::provisioning
