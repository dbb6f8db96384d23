// The end of a restore: the house that is there goes aside, the one that was fetched takes its place, by renames alone. From the
// first to the last of them STATE/restoring says how far it came, and keeps hameaud from starting: after an error, a kill or a power
// cut the same command goes on, with the same folder for the old house.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "provisioning/backup/place.hpp"

namespace hameau::backup {

/// STATE/restoring. Its lines: the backup's ID; "aside NAME" when the old house is kept in STATE/NAME; "moving" when all of it is there.
struct MoveMark {
    std::string snapshot;
    std::string aside;    ///< below the state folder; empty: nothing is kept
    bool moving = false;  ///< what lies in the state folder now came from the backup
};

/// What was fetched lies here until it is moved.
std::string restored_folder(const Place& place);
bool restore_begun(const Place& place);
/// Whether somebody lives there: a database of ours with a person, a mailbox, a site or a text in it, one without the people's, or
/// letters. What cannot be read counts. A house that was installed and never set up is none.
bool holds_house(const std::string& state);
/// Before anything is changed. Errors: conflict ("mounted: PATH"): a part lies on a disk of its own, and cannot be renamed.
Status refuse_mounts(const Place& place);

/// Writes the mark, or reads the one of a move that was cut.
Result<MoveMark> begin_move(const Place& place, const std::string& snapshot, bool keep);
/// The old house as a whole, with the key of its backups: they are worth nothing without it.
Status put_aside(const Place& place, MoveMark& mark);
/// Whatever is in the way goes to STATE/backup/replaced.
Status move_in(const Place& place);
/// Erases what was in the way, and the mark at last.
Status end_move(const Place& place);

} // namespace hameau::backup
