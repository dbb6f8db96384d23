// mail: mailboxes, redirections and app passwords, in tables that Postfix and Dovecot read themselves.
#pragma once

#include <memory>

#include "daemon/contract/module.hpp"

namespace hameau {

/// The module, for the host (daemon/host). Its manifest is `mail_manifest` (manifest.cpp).
std::unique_ptr<Module> make_mail();

} // namespace hameau
