// The verb mail-engines: folders, databases and configurations of the private Postfix and Dovecot.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "daemon/settings/settings.hpp"

namespace hameau {

/// Writes what the engines need below STATE/engines and STATE/mail. A configuration replaces the old one only after the
/// engine itself accepted it. Errors: what failed; the former configuration stays.
Status write_mail_engines(const Settings& settings, const std::string& state, bool trial, bool root);

} // namespace hameau
