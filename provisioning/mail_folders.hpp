// The folders and databases that the engines find at their start, with their owners and modes.
#pragma once

#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

Status make_mail_folders(const MailModel& model);
/// mail.db and auth.db, whole and with their WAL files, since hameau-mail sleeps until the first request.
Status make_mail_databases(const MailModel& model);

} // namespace hameau::provisioning
