// The admin's calls about backups: each asks hameaud for a verb. What root answers is text; here it becomes JSON.
#pragma once

#include <optional>

#include "daemon/contract/module.hpp"

namespace hameau {

/// /admin/backup (GET: how things stand; POST {"target","drill","anew"}: one now), /admin/backup/key (POST {"seen"}),
/// /admin/backup/list?target=, /admin/backup/ssh-key. 404 for anything else below /admin/backup.
Task<Response> answer_backup(ModuleContext& context, Request& request);

/// The check "backup" of `hameau status`, from hameaud's record "trouble:backup" (empty: all is well), as JSON text.
std::string backup_check(std::string_view trouble, bool english);

} // namespace hameau
