// The language of Dovecot 2.4.
#include "provisioning/dovecot_common.hpp"

namespace hameau::provisioning {

std::vector<EngineFile> dovecot_files_2_4(const MailModel& model);

std::vector<EngineFile> dovecot_files_2_4(const MailModel& model) { return {{"dovecot.conf", model.host}}; }

} // namespace hameau::provisioning
