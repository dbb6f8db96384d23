// The copy of a database as it was before a migration: FILE.schema-N beside FILE, N the schema that the older program left.
// Database::open() makes it, so that every database of the house has one. With it an admin can go back to the older
// version (debian/README.Debian). It is no backup: it lies on the same disk, and it goes away by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace hameau {

class Database;

struct MigrationCopies {
    std::uint64_t floor_bytes = disk_floor_bytes_default;  ///< the setting house.disk_floor: a copy leaves that much free
    /// Hears the path of each copy, and why there is none. A copy that has no room stops no migration: each migration is
    /// one transaction, and a house that stays off because its disk is nearly full loses mail.
    std::function<void(const std::string& copy, const Status& made)> told = {};
};
/// Set once, before the first Database::open(), by daemon/host; without it the default floor holds and nobody is told.
void set_migration_copies(MigrationCopies wanted);

/// The database of which a file of this path or name would be such a copy, or a half of one; empty for any other file.
/// Backups leave the copies out.
std::string_view migration_copy_of(std::string_view path);

/// Makes PATH.schema-VERSION, with the mode of `path`, then removes the other copies of it. What cannot be made takes no older one away.
void copy_before_migration(Database& database, const std::string& path, std::int64_t version);

/// The migration had no room on the disk: removes the copies, and tells so. True: there was one.
bool give_up_copies(const std::string& path, std::int64_t version);

/// Removes halves, and copies older than copy_kept (limits.hpp): what was erased since then is still in them. A copy whose date cannot be (before
/// this program, or ahead) was made by a clock that was wrong: its two weeks begin now.
void drop_old_copies(const std::string& path);
void drop_old_copies(Database& database);

/// Removes every copy of this database: something in it was erased for good, at somebody's word.
void forget_copies(Database& database);

} // namespace hameau
