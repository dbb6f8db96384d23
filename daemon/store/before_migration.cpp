// The copy is made under another name and renamed when it is whole and on the disk.
#include "daemon/store/before_migration.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/disk.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/limits.hpp"

namespace hameau {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view copy_mark = ".schema-";
constexpr std::string_view half_mark = ".part";

MigrationCopies& migration_copies() {
    static MigrationCopies wanted;
    return wanted;
}

/// Removes the copies of `path` that `unwanted` names. What cannot be removed stays: the next start tries again.
template <class Unwanted>
void remove_copies(const std::string& path, Unwanted unwanted) {
    const std::string database = fs::path(path).filename().string();
    std::error_code failed;
    fs::directory_iterator at(fs::path(path).parent_path(), failed);
    for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
        const std::string name = at->path().filename().string();
        if (migration_copy_of(name) == database && unwanted(at->path(), name)) {
            std::error_code ignored;
            fs::remove(at->path(), ignored);
        }
    }
}

/// Empty for a database in memory.
std::string file_of(Database& database) {
    const char* const file = sqlite3_db_filename(database.handle(), "main");
    return file == nullptr ? "" : file;
}

bool is_half(const std::string& name) { return name.find(half_mark) != std::string::npos; }

Status make_copy(Database& database, const std::string& path, const std::string& copy) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return fail_errno(path);
    }
    Statement pages = database.prepare("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    const auto row = pages.step();
    if (!row) {
        return fail(row.error());
    }
    const std::string folder = fs::path(path).parent_path().string();
    // The migration itself may write each page into the log once, and into the file.
    const auto room_bytes = migration_room_sizes * static_cast<std::uint64_t>(pages.number(0));
    if (auto room = check_disk_floor(folder, migration_copies().floor_bytes, room_bytes); !room) {
        return room;
    }
    const std::string half = copy + std::string(half_mark);
    const Fd made(::open(half.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made || ::fchmod(made.get(), facts.st_mode & 07777) != 0) {
        return fail_errno(half);
    }
    if (auto copied = database.copy_to(half); !copied) {
        return copied;
    }
    if (::fsync(made.get()) != 0 || ::rename(half.c_str(), copy.c_str()) != 0) {
        return fail_errno(copy);
    }
    const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory && ::fsync(directory.get()) == 0 ? Status{} : fail_errno(folder);
}

} // namespace

void set_migration_copies(MigrationCopies wanted) { migration_copies() = std::move(wanted); }

std::string_view migration_copy_of(std::string_view path) {
    const std::size_t mark = path.rfind(copy_mark);
    if (mark == std::string_view::npos) {
        return {};
    }
    std::string_view number = path.substr(mark + copy_mark.size());
    // SQLite's own file beside a half is left when the program is killed.
    for (const std::string_view after : {std::string_view("-journal"), half_mark}) {
        if (number.ends_with(after)) {
            number.remove_suffix(after.size());
        }
    }
    const bool whole = !number.empty() && std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    return whole ? path.substr(0, mark) : std::string_view{};
}

void copy_before_migration(Database& database, const std::string& path, std::int64_t version) {
    const auto half = [](const fs::path&, const std::string& name) { return is_half(name); };
    remove_copies(path, half);
    const std::string copy = path + std::string(copy_mark) + std::to_string(version);
    const Status made = make_copy(database, path, copy);
    if (made) {
        remove_copies(path, [&copy](const fs::path& one, const std::string&) { return one != fs::path(copy); });
    } else {
        remove_copies(path, half);
    }
    if (migration_copies().told) {
        migration_copies().told(copy, made);
    }
}

bool give_up_copies(const std::string& path, std::int64_t version) {
    bool any = false;
    remove_copies(path, [&any](const fs::path&, const std::string&) { return any = true; });
    if (any && migration_copies().told) {
        migration_copies().told(path + std::string(copy_mark) + std::to_string(version),
                                fail(ErrorKind::too_large, "the migration itself needs the room on the disk; the copy was removed again"));
    }
    return any;
}

void drop_old_copies(Database& database) {
    if (const std::string file = file_of(database); !file.empty()) {
        drop_old_copies(file);
    }
}

void forget_copies(Database& database) {
    if (const std::string file = file_of(database); !file.empty()) {
        remove_copies(file, [](const fs::path&, const std::string&) { return true; });
    }
}

void drop_old_copies(const std::string& path) {
    const auto now = std::chrono::file_clock::now();
    const auto earliest = std::chrono::file_clock::from_sys(std::chrono::sys_seconds(std::chrono::seconds(clock_earliest_s)));
    remove_copies(path, [now, earliest](const fs::path& one, const std::string& name) {
        std::error_code failed;
        const auto made = fs::last_write_time(one, failed);
        if (is_half(name) || failed || now < earliest) {
            return is_half(name);
        }
        if (made < earliest || made > now + copy_ahead_max) {
            // The clock was wrong when it was made, so nobody knows its age: it counts from now on.
            fs::last_write_time(one, now, failed);
            return false;
        }
        return made < now - copy_kept;
    });
}

} // namespace hameau
