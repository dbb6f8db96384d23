// The renames of a restore: the mark, the old house put aside, the new one moved in, in an order that a power cut may stop anywhere.
#include "provisioning/backup/move.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/modules.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restore.hpp"

namespace hameau::backup {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view aside_word = "aside ";
constexpr std::string_view aside_prefix = "before-restore-";
constexpr std::string_view moving_word = "moving";
/// What says that there is a house (people) comes last.
constexpr std::array moved_parts = {"tls", "acme", "milter", "modules.d", "modules", "mail", "sites", "pads", "host", "backup/ssh", "backup/credentials", "people"};
/// Made again by hameaud; of the old house all the same.
constexpr std::array old_parts = {"tls", "acme", "modules.d", "modules", "mail", "sites", "pads", "host", "people", "gate", "engines", "admin", "milter"};
/// Copied, not moved: the command that goes on after a cut needs them too.
constexpr std::array old_secrets = {"key", "ssh", "credentials", "state"};

struct Lived {
    const char* path;
    const char* question;
};
constexpr std::array lived = {
    Lived{"people/people.db", "SELECT EXISTS (SELECT 1 FROM person)"},
    Lived{"mail/mail.db", "SELECT EXISTS (SELECT 1 FROM mailbox)"},
    Lived{"sites/sites.db", "SELECT EXISTS (SELECT 1 FROM site)"},
    Lived{"pads/pads.db", "SELECT EXISTS (SELECT 1 FROM pad)"},
};

std::string mark_path(const Place& place) { return place.state + "/" + restoring_mark; }
std::string replaced_folder(const Place& place) { return place.folder() + "/replaced"; }

/// Also a link that leads nowhere.
bool is_there(const std::string& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0;
}

bool has_rows(const std::string& path, const char* question) {
    sqlite3* handle = nullptr;
    sqlite3_stmt* statement = nullptr;
    const bool asked = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, nullptr) == SQLITE_OK &&
                       sqlite3_prepare_v2(handle, question, -1, &statement, nullptr) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
    const bool some = !asked || sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    sqlite3_close_v2(handle);
    return some;
}

std::string text_of(const MoveMark& mark) {
    std::string text = mark.snapshot + "\n";
    if (!mark.aside.empty()) {
        text.append(aside_word).append(mark.aside).append("\n");
    }
    return mark.moving ? text.append(moving_word).append("\n") : text;
}

MoveMark parse_mark(std::string_view text) {
    MoveMark mark;
    const auto lines = split(text, '\n');
    mark.snapshot = lines.empty() ? std::string_view() : lines.front();
    for (const std::string_view line : lines) {
        if (line.starts_with(aside_word) && line.substr(aside_word.size()).starts_with(aside_prefix) && line.find('/') == std::string_view::npos) {
            mark.aside = line.substr(aside_word.size());
        }
        mark.moving = mark.moving || line == moving_word;
    }
    return mark;
}

/// A second as name; the next one when the folder of an earlier restore has it.
Result<std::string> new_aside(const Place& place) {
    for (std::int64_t second = now_ms() / 1000;; ++second) {
        std::string name = std::string(aside_prefix) + std::to_string(second);
        if (::mkdir((place.state + "/" + name).c_str(), 0700) == 0) {
            return name;
        }
        if (errno != EEXIST) {
            return fail_errno(name);
        }
    }
}

Status rename_part(const std::string& from, const std::string& to, const std::string& part) {
    if (!is_there(from)) {
        return {};
    }
    if (is_there(to)) {
        return fail(ErrorKind::conflict, to + " is there already");
    }
    std::error_code failed;
    fs::create_directories(fs::path(to).parent_path(), failed);
    return ::rename(from.c_str(), to.c_str()) == 0 ? Status{} : Status(fail_errno(part));
}

/// A new folder for each try: what an earlier one put there stays until the end.
Result<std::string> new_slot(const Place& place) {
    if (auto made = make_folder(replaced_folder(place), 0700); !made) {
        return fail(made.error());
    }
    for (int number = 1; number < slots_max; ++number) {
        std::string path = replaced_folder(place) + "/" + std::to_string(number);
        if (::mkdir(path.c_str(), 0700) == 0) {
            return path;
        }
        if (errno != EEXIST) {
            return fail_errno(path);
        }
    }
    return fail(ErrorKind::too_large, replaced_folder(place) + " is full");
}

/// proc(5): \040 for a blank and so on.
std::string mount_path(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] == '\\' && i + 3 < word.size()) {
            out.push_back(static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0')));
            i += 3;
        } else {
            out.push_back(word[i]);
        }
    }
    return out;
}

} // namespace

std::string restored_folder(const Place& place) { return place.folder() + "/restored"; }

bool restore_begun(const Place& place) { return is_there(mark_path(place)); }

bool holds_house(const std::string& state) {
    const bool people = is_there(state + "/" + lived.front().path);
    const bool rows = std::any_of(lived.begin(), lived.end(), [&state](const Lived& one) {
        const std::string path = state + "/" + one.path;
        return is_there(path) && has_rows(path, one.question);
    });
    std::error_code failed;
    const fs::directory_iterator boxes(state + "/mail/boxes", failed);
    if (rows || (!failed && boxes != fs::directory_iterator())) {
        return true;
    }
    for (const Manifest* manifest : builtin_modules()) {
        for (const BackupPart& part : manifest->backup) {
            if (!people && part.keep == Keep::database && is_there(state + "/" + std::string(manifest->name) + "/" + std::string(part.path))) {
                return true;
            }
        }
    }
    return false;
}

Status refuse_mounts(const Place& place) {
    struct stat state {};
    if (::stat(place.state.c_str(), &state) != 0) {
        return fail_errno(place.state);
    }
    std::vector<std::string> paths = {place.folder()};
    for (const char* part : old_parts) {
        paths.push_back(place.state + "/" + part);
    }
    for (const std::string& path : paths) {
        struct stat facts {};
        if (::lstat(path.c_str(), &facts) == 0 && facts.st_dev != state.st_dev) {
            return fail(ErrorKind::conflict, "mounted: " + path);
        }
    }
    // Of the same disk (a bind mount), or deeper: after the next start of the machine it would lie over the restored folder.
    const std::string mounts = read_file("/proc/self/mountinfo", mounts_bytes_max).value_or("");
    for (const std::string_view line : split(mounts, '\n')) {
        const auto columns = split(line, ' ');
        const std::string point = columns.size() > 4 ? mount_path(columns[4]) : std::string();
        if (std::any_of(paths.begin(), paths.end(), [&point](const std::string& path) { return point == path || point.starts_with(path + "/"); })) {
            return fail(ErrorKind::conflict, "mounted: " + point);
        }
    }
    return {};
}

Result<MoveMark> begin_move(const Place& place, const std::string& snapshot, bool keep) {
    MoveMark mark;
    if (restore_begun(place)) {
        mark = parse_mark(read_file(mark_path(place), mark_bytes_max).value_or(""));
    } else if (keep) {
        auto aside = new_aside(place);
        if (!aside) {
            return fail(aside.error());
        }
        mark.aside = std::move(*aside);
    }
    mark.snapshot = snapshot;
    if (auto marked = write_file_atomically(mark_path(place), text_of(mark)); !marked) {
        return fail(marked.error());
    }
    return mark;
}

Status put_aside(const Place& place, MoveMark& mark) {
    if (!mark.aside.empty() && !mark.moving) {
        const std::string aside = place.state + "/" + mark.aside;
        std::error_code failed;
        fs::create_directories(aside + "/backup", failed);
        for (const char* name : old_secrets) {
            const std::string from = place.folder() + "/" + name;
            if (!failed && is_there(from)) {
                fs::copy(from, aside + "/backup/" + name, fs::copy_options::recursive | fs::copy_options::copy_symlinks | fs::copy_options::overwrite_existing, failed);
            }
        }
        if (failed) {
            return fail(ErrorKind::io, aside + ": " + failed.message(), failed);
        }
        for (const char* part : old_parts) {
            if (auto moved = rename_part(place.state + "/" + part, aside + "/" + part, part); !moved) {
                return moved;
            }
        }
        ::sync();
    }
    mark.moving = true;
    return write_file_atomically(mark_path(place), text_of(mark));
}

Status move_in(const Place& place) {
    const auto slot = new_slot(place);
    if (!slot) {
        return fail(slot.error());
    }
    for (const char* part : moved_parts) {
        const std::string from = restored_folder(place) + "/" + part;
        const std::string to = place.state + "/" + part;
        if (!is_there(from)) {
            continue;
        }
        auto moved = rename_part(to, *slot + "/" + part, part);
        moved = moved ? rename_part(from, to, part) : moved;
        if (!moved) {
            return moved;
        }
    }
    return {};
}

Status end_move(const Place& place) {
    ::sync();
    std::error_code ignored;
    fs::remove_all(restored_folder(place), ignored);
    fs::remove_all(replaced_folder(place), ignored);
    return ::unlink(mark_path(place).c_str()) == 0 ? Status{} : Status(fail_errno(mark_path(place)));
}

} // namespace hameau::backup
