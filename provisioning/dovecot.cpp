// Dovecot, in the language of 2.3 (Debian 12) or of 2.4 (Debian 13). Accounts are rows of auth.db (auth_schema.hpp),
// read by the auth worker, which may not write there: a writer's last close must not take the WAL away.
#include "provisioning/mail_model.hpp"

namespace hameau::provisioning {

std::vector<EngineFile> dovecot_files_2_3(const MailModel& model);
std::vector<EngineFile> dovecot_files_2_4(const MailModel& model);

std::vector<EngineFile> dovecot_files(const MailModel& model, DovecotLanguage language) {
    return language == DovecotLanguage::v2_3 ? dovecot_files_2_3(model) : dovecot_files_2_4(model);
}

} // namespace hameau::provisioning
