// The verbs of the backups. One turn (`backup`) saves the house to every target that is due, removes old backups, and once a month
// restores one into a scratch folder to see whether it is whole. hameaud starts it; nothing stays in memory between two turns.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/settings/settings.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

struct Wish {
    std::string target;  ///< the address of one that is saved now, due or not; "*": all; empty: those that are due
    bool drill = false;  ///< a drill now
    bool anew = false;   ///< the target may begin with an empty repository, although it had backups
};
/// One line on standard error for each thing that was done: "saved TARGET SNAPSHOT BYTES", "failed TARGET CODE DETAIL",
/// "drilled TARGET COUNTS", "drill_failed TARGET DETAIL". Writes STATE/backup/state. Errors: what hinders the whole turn (another one
/// runs, the credentials cannot be read: then all that was due counts as failed); a target that fails is none.
Status backup_turn(const Settings& settings, const Place& place, const Wish& wish);

/// The text of STATE/backup/state with the targets of the settings, the key shown or not, and what runs now.
std::string state_words(const Settings& settings, const Place& place);
/// The key, made if there is none. `seen`: a person has it before their eyes; that is noted.
Result<std::string> show_key(const Place& place, bool seen);
/// Lines "SECONDS TAB ID" of the backups at a target, oldest first. Errors as one sentence, its kind in front: "CODE: ...".
Result<std::string> list_backups(const Settings& settings, const Place& place, const std::string& target);
/// The public half of the key with which the house signs in at SFTP targets, as authorized_keys wants it (sshd(8)); made if there is
/// none. Errors: unavailable: ssh-keygen is not installed.
Result<std::string> ssh_key(const Place& place);

/// UTC seconds since 1970, by the place's clock.
std::int64_t now_of(const Place& place);
/// Two processes write STATE/backup/state: a turn, and whoever shows the sheet. Held for some milliseconds around reading and writing.
Fd hold_state(const Place& place);

} // namespace hameau::backup
