// The walk over the state folder. First the databases at one moment, then the files: what the copied databases name is there, or was
// deleted in the seconds between; then it is all done again (at most three times).
#include "provisioning/backup/staging.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/disk.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/modules.hpp"
#include "daemon/store/before_migration.hpp"
#include "daemon/store/moment.hpp"
#include "provisioning/backup/check_copy.hpp"
#include "provisioning/backup/give.hpp"
#include "provisioning/backup/limits.hpp"

namespace hameau::backup {

namespace {

constexpr std::string_view sqlite_magic{"SQLite format 3\0", 16};

/// What is taken of the house's own folder, beside the modules'. Everything else there is made again by hameaud, or is this machine's:
/// run, lock, log, gate, engines, waiting, energy (of this machine), the rest of backup.
constexpr std::array house_parts = {"hameau.yaml", "host", "tls", "acme", "milter", "modules.d", "modules", "backup/ssh", "backup/credentials"};
constexpr std::array house_left_out = {"tls/acme-challenge", "acme/work"};

struct Rule {
    std::string path;  ///< below the state folder
    Keep keep;
};

std::vector<Rule> all_rules() {
    std::vector<Rule> rules;
    for (const char* path : house_left_out) {
        rules.push_back({path, Keep::left_out});
    }
    for (const Manifest* manifest : builtin_modules()) {
        for (const BackupPart& part : manifest->backup) {
            rules.push_back({std::string(manifest->name) + "/" + std::string(part.path), part.keep});
        }
    }
    return rules;
}

bool beside_a_database(std::string_view name) {
    return name.ends_with("-wal") || name.ends_with("-shm") || name.ends_with("-journal") || name.ends_with(".db.open");
}

/// Of a Maildir: made again from the messages by Dovecot at the next opening. dovecot-uidlist, -keywords and subscriptions are not.
bool is_index(std::string_view name) {
    return name.starts_with("dovecot.index") || name.starts_with("dovecot.list.index") || name.starts_with("dovecot.mailbox.log") || name.ends_with(".lock");
}

/// What the walk does with the files of a folder.
constexpr std::string_view modules_below = "modules/";
enum class Way { copied, linked, maildir, foreign };

class Stager {
public:
    Stager(const Place& place, std::string to, std::uint64_t floor_bytes) : place_(place), to_(std::move(to)), floor_bytes_(floor_bytes), rules_(all_rules()) {}

    Status copy_databases();
    Status take_files();
    Status finish(const std::string& host);
    Staged staged;

private:
    Status walk(int from, int to, const std::string& path, Way way, int depth, const struct stat& parent);
    Status one(int from, int to, const char* name, const std::string& path, Way way, int depth, const struct stat& parent);
    Status folder(int from, int to, const char* name, const std::string& path, Way way, int depth, const struct stat& facts);
    Status file(int from, int to, const char* name, const std::string& path, Way way, const struct stat& facts);
    Status copy(int from, int to, const char* name, const struct stat& facts);
    Status copy_bytes(int from, int to, const char* name, off_t size);
    Status copy_or_link(int from, int to, const char* name, const std::string& path, const struct stat& facts, bool& left_out);
    const Rule* rule_of(const std::string& path) const;
    bool note_link(int from, const char* name, const std::string& path);
    void note_owner(const std::string& path, const struct stat& facts, const struct stat& parent);
    /// The databases of external modules, which no manifest names: found by their first bytes.
    void find_foreign(const std::filesystem::path& folder, std::vector<MomentCopy>& copies) const;
    Status make_parents(const std::string& path);

    const Place& place_;
    std::string to_;
    std::uint64_t floor_bytes_;
    std::vector<Rule> rules_;
    std::vector<std::string> copied_;  ///< databases, below the state folder
    std::string owners_;
    std::string links_;
    std::uint64_t links_noted_ = 0;
};

const Rule* Stager::rule_of(const std::string& path) const {
    const auto found = std::find_if(rules_.begin(), rules_.end(), [&path](const Rule& rule) { return rule.path == path; });
    return found == rules_.end() ? nullptr : &*found;
}

bool is_database(const std::filesystem::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 16> head{};
    return fd && ::read(fd.get(), head.data(), head.size()) == 16 && std::string_view(head.data(), head.size()) == sqlite_magic;
}

void Stager::find_foreign(const std::filesystem::path& folder, std::vector<MomentCopy>& copies) const {
    std::error_code failed;
    std::filesystem::recursive_directory_iterator walk(folder, failed);
    for (const std::filesystem::recursive_directory_iterator end; !failed && walk != end; walk.increment(failed)) {
        if (walk.depth() < staging_depth_max && walk->is_regular_file(failed) && !walk->is_symlink(failed) && is_database(walk->path())) {
            copies.push_back({walk->path().string(), to_ + walk->path().string().substr(place_.state.size())});
        }
    }
}

Status Stager::make_parents(const std::string& path) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
    return failed ? Status(fail(ErrorKind::io, path + ": " + failed.message(), failed)) : Status{};
}

Status Stager::copy_databases() {
    std::vector<MomentCopy> copies;
    for (const Rule& rule : rules_) {
        if (rule.keep == Keep::database) {
            copies.push_back({place_.state + "/" + rule.path, to_ + "/" + rule.path});
        }
    }
    for (const MomentCopy& copy : copies) {
        if (auto made = make_parents(copy.to); !made) {
            return made;
        }
        copied_.push_back(copy.to.substr(to_.size() + 1));
    }
    if (auto done = copy_at_one_moment(copies); !done) {
        return done;
    }
    // Each by itself, and no failure of the backup: whatever an external module does with its files, the house is saved. One that
    // cannot be locked is copied as it stands (walk).
    std::vector<MomentCopy> foreign;
    find_foreign(place_.state + "/modules", foreign);
    for (const MomentCopy& copy : foreign) {
        if (make_parents(copy.to) && copy_at_one_moment(std::span(&copy, 1), 1)) {
            copied_.push_back(copy.to.substr(to_.size() + 1));
        } else {
            (void)::unlink(copy.to.c_str());
        }
    }
    return {};
}

void Stager::note_owner(const std::string& path, const struct stat& facts, const struct stat& parent) {
    const bool special = S_ISDIR(facts.st_mode) && (facts.st_mode & 07000) != 0;
    if (facts.st_uid == parent.st_uid && facts.st_gid == parent.st_gid && !special) {
        return;
    }
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(facts.st_mode & 07777));
    owners_ += owner_name(place_, facts.st_uid, false) + "\t" + owner_name(place_, facts.st_gid, true) + "\t" + mode.data() + "\t" + path + "\n";
}

/// Never followed: what it says is noted. A member's active Sieve script is such a link (.dovecot.sieve).
bool Stager::note_link(int from, const char* name, const std::string& path) {
    std::array<char, 2048> target{};
    const ssize_t size = ::readlinkat(from, name, target.data(), target.size());
    const std::string_view said(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (!is_plain_path(said) || !is_plain_path(path)) {
        return false;
    }
    links_.append(said).append("\t").append(path).append("\n");
    ++links_noted_;
    return true;
}

/// Holes stay holes: a file of a terabyte that holds nothing would fill the disk. `size`: what it grows to meanwhile is left out.
Status Stager::copy_bytes(int from, int to, const char* name, off_t size) {
    std::array<char, 65536> part{};
    std::uint64_t room = 0;
    for (off_t at = 0; at < size;) {
        const off_t data = ::lseek(from, at, SEEK_DATA);
        if (data < 0 || data >= size) {
            if (data < 0 && errno != ENXIO) {
                return fail_errno(name);
            }
            break;  // the rest is a hole
        }
        const off_t hole = std::min(::lseek(from, data, SEEK_HOLE), size);
        for (at = data; at < hole;) {
            const auto wanted = std::min<std::size_t>(part.size(), static_cast<std::size_t>(hole - at));
            if (room < wanted) {
                room = std::min(copy_slice_bytes, static_cast<std::uint64_t>(hole - at));
                if (auto fits = check_disk_floor(place_.state, floor_bytes_, room); !fits) {
                    return fits;
                }
            }
            const ssize_t n = ::pread(from, part.data(), wanted, at);
            if (n < 0 || (n > 0 && ::pwrite(to, part.data(), static_cast<std::size_t>(n), at) != n)) {
                return fail_errno(name);
            }
            at = n == 0 ? hole : at + n;
            room -= static_cast<std::uint64_t>(n);
        }
    }
    return ::ftruncate(to, size) == 0 ? Status{} : Status(fail_errno(name));
}

/// What an external module keeps must not fill the disk of the house: a file of it that does not fit is linked, and restic reads it while
/// the module goes on writing.
Status Stager::copy_or_link(int from, int to, const char* name, const std::string& path, const struct stat& facts, bool& left_out) {
    const auto bytes = static_cast<std::uint64_t>(facts.st_blocks) * 512;
    auto fits = bytes > copy_slice_bytes ? check_disk_floor(place_.state, floor_bytes_, bytes) : Status{};
    auto done = fits ? copy(from, to, name, facts) : fits;
    if (done || !path.starts_with(modules_below)) {
        return done;
    }
    // A module may put something else in the place of a file at any moment: that one is left out, and no backup fails for it.
    struct stat now {};
    const auto is_still = [&now, &facts](int folder, const char* file) {
        return ::fstatat(folder, file, &now, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(now.st_mode) && now.st_ino == facts.st_ino && now.st_dev == facts.st_dev;
    };
    ::unlinkat(to, name, 0);
    left_out = !is_still(from, name);
    if (left_out || done.error().kind != ErrorKind::too_large) {
        return left_out ? Status{} : done;
    }
    const bool linked = ::linkat(from, name, to, name, 0) == 0;
    if (!linked && errno != ENOENT) {
        return fail_errno(path);
    }
    left_out = !linked || !is_still(to, name);
    if (left_out) {
        ::unlinkat(to, name, 0);
    }
    return {};
}

Status Stager::copy(int from, int to, const char* name, const struct stat& facts) {
    const Fd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!source) {
        return errno == ENOENT ? Status{} : Status(fail_errno(name));
    }
    const Fd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!target) {
        return fail_errno(name);
    }
    struct stat now {};
    if (::fstat(source.get(), &now) != 0 || !S_ISREG(now.st_mode)) {
        return fail(ErrorKind::io, std::string(name) + " is no file any more");
    }
    if (auto written = copy_bytes(source.get(), target.get(), name, now.st_size); !written) {
        return written;
    }
    // What did not change keeps its time, so that restic need not read it again.
    const std::array<timespec, 2> times = {facts.st_atim, facts.st_mtim};
    ::futimens(target.get(), times.data());
    ::fchmod(target.get(), facts.st_mode & 0777);
    return {};
}

Status Stager::file(int from, int to, const char* name, const std::string& path, Way way, const struct stat& facts) {
    const bool message = way == Way::maildir && (path.find("/cur/") != std::string::npos || path.find("/new/") != std::string::npos);
    const bool copied_before = std::find(copied_.begin(), copied_.end(), path) != copied_.end();
    Status done;
    if (copied_before) {
        done = ::fchmodat(to, name, facts.st_mode & 0777, 0) == 0 ? Status{} : Status(fail_errno(path));
    } else if (way == Way::linked || message) {
        // Gone since it was listed: a message that was read or deleted. A renamed one is met under its new name, or in the next turn.
        if (::linkat(from, name, to, name, 0) != 0) {
            if (errno == ENOENT || errno == EEXIST) {
                return {};  // not counted: a drill would miss it
            }
            done = errno == EXDEV || errno == EMLINK || errno == EPERM ? copy(from, to, name, facts) : Status(fail_errno(path));
        }
    } else {
        bool left_out = false;
        done = copy_or_link(from, to, name, path, facts, left_out);
        if (left_out) {
            return {};  // not counted: a drill would miss it
        }
    }
    ++staged.files;
    staged.bytes += static_cast<std::uint64_t>(facts.st_size);
    staged.messages += message ? 1 : 0;
    return done;
}

Status Stager::folder(int from, int to, const char* name, const std::string& path, Way way, int depth, const struct stat& facts) {
    const Fd source(::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!source) {
        return errno == ENOENT ? Status{} : Status(fail_errno(path));
    }
    if (::mkdirat(to, name, 0700) != 0 && errno != EEXIST) {
        return fail_errno(path);
    }
    const Fd target(::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!target) {
        return fail_errno(path);
    }
    auto walked = walk(source.get(), target.get(), path, way, depth + 1, facts);
    ::fchmod(target.get(), facts.st_mode & 0777);
    const std::array<timespec, 2> times = {facts.st_atim, facts.st_mtim};
    ::futimens(target.get(), times.data());
    return walked;
}

Status Stager::one(int from, int to, const char* name, const std::string& path, Way way, int depth, const struct stat& parent) {
    struct stat facts {};
    if (::fstatat(from, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? Status{} : Status(fail_errno(path));
    }
    if (const Rule* rule = rule_of(path)) {
        if (rule->keep == Keep::left_out) {
            return {};
        }
        way = rule->keep == Keep::unchanging ? Way::linked : rule->keep == Keep::maildirs ? Way::maildir : way;
    }
    const Rule* copied_database = rule_of(std::string(migration_copy_of(path)));
    const bool before_migration = copied_database != nullptr && copied_database->keep == Keep::database;
    if (before_migration || beside_a_database(name) || (way == Way::maildir && (is_index(name) || std::string_view(name) == "tmp"))) {
        return {};
    }
    if (path.find_first_of("\n\t") != std::string::npos) {
        return {};  // no name of ours; a line of OWNERS could not hold it
    }
    if (S_ISDIR(facts.st_mode)) {
        note_owner(path, facts, parent);
        return depth < staging_depth_max ? folder(from, to, name, path, way, depth, facts) : Status{};
    }
    if (S_ISLNK(facts.st_mode) && note_link(from, name, path)) {
        note_owner(path, facts, parent);
    }
    if (!S_ISREG(facts.st_mode)) {
        return {};  // sockets, links that lead elsewhere
    }
    note_owner(path, facts, parent);
    return file(from, to, name, path, way, facts);
}

Status Stager::walk(int from, int to, const std::string& path, Way way, int depth, const struct stat& parent) {
    struct CloseFolder {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };
    const std::unique_ptr<DIR, CloseFolder> list(::fdopendir(::fcntl(from, F_DUPFD_CLOEXEC, 3)));
    if (!list) {
        return fail_errno(path);
    }
    while (const dirent* entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        if (auto taken = one(from, to, entry->d_name, path + "/" + entry->d_name, way, depth, parent); !taken) {
            return taken;
        }
    }
    return {};
}

Status Stager::take_files() {
    const Fd state(::open(place_.state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Fd target(::open(to_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat root {};
    if (!state || !target || ::fstat(state.get(), &root) != 0) {
        return fail_errno(to_);
    }
    root.st_uid = 0;
    root.st_gid = 0;
    std::vector<std::string> parts(house_parts.begin(), house_parts.end());
    for (const Manifest* manifest : builtin_modules()) {
        parts.emplace_back(manifest->name);
    }
    for (const std::string& part : parts) {
        if (auto parents = make_parents(to_ + "/" + part); !parents) {
            return parents;
        }
        if (auto taken = one(state.get(), target.get(), part.c_str(), part, Way::copied, 0, root); !taken) {
            return taken;
        }
    }
    // The settings may lie outside of the state (/etc/hameau).
    if (place_.configuration.empty()) {
        return {};
    }
    const std::string beside = std::filesystem::path(place_.configuration).parent_path().string();
    const Fd settings(::open(beside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string inside = to_ + "/" + settings_folder;
    if (auto made = make_folder(inside, 0700); !made || !settings) {
        return made;
    }
    const Fd to(::open(inside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string name = std::filesystem::path(place_.configuration).filename().string();
    for (const auto& [from, path] : {std::pair{name, std::string(settings_folder) + "/hameau.yaml"}, std::pair{std::string("modules.d"), std::string(settings_folder) + "/modules.d"}}) {
        if (auto taken = one(settings.get(), to.get(), from.c_str(), path, Way::copied, 0, root); !taken) {
            return taken;
        }
    }
    if (name != "hameau.yaml") {
        ::renameat(to.get(), name.c_str(), to.get(), "hameau.yaml");
    }
    return {};
}

Status Stager::finish(const std::string& host) {
    std::string about = "format=" + std::to_string(format_version) + "\ntime=" + std::to_string(now_ms() / 1000) + "\nhost=" + host + "\nfiles=" +
                        std::to_string(staged.files) + "\nbytes=" + std::to_string(staged.bytes) + "\nmessages=" + std::to_string(staged.messages) + "\nlinks=" + std::to_string(links_noted_) + "\n";
    if (auto written = write_file_atomically(to_ + "/" + about_file, about); !written) {
        return written;
    }
    if (auto written = write_file_atomically(to_ + "/" + links_file, links_); !written) {
        return written;
    }
    return write_file_atomically(to_ + "/" + owners_file, owners_);
}

Error with_room(Error error) {
    const bool full = error.code == std::errc::no_space_on_device || error.message.find("disk is full") != std::string::npos;
    error.kind = full ? ErrorKind::too_large : error.kind;
    return error;
}

} // namespace

std::uint64_t room_for_staging(const Place& place) {
    std::uint64_t bytes = room_spare_bytes;
    for (const Rule& rule : all_rules()) {
        for (const char* suffix : {"", "-wal"}) {
            std::error_code failed;
            const auto size = std::filesystem::file_size(place.state + "/" + rule.path + suffix, failed);
            bytes += rule.keep == Keep::database && !failed ? size : 0;
        }
    }
    return bytes;
}

void drop_staging(const Place& place) {
    std::error_code ignored;
    std::filesystem::remove_all(place.staging(), ignored);
}

Result<Staged> make_staging(const Place& place, const std::string& host, std::uint64_t floor_bytes) {
    for (int turn = 1;; ++turn) {
        drop_staging(place);
        if (auto made = make_folder(place.staging(), 0700); !made) {
            return fail(with_room(std::move(made.error())));
        }
        Stager stager(place, place.staging(), floor_bytes);
        Status done = stager.copy_databases();
        done = done ? stager.take_files() : done;
        done = done ? stager.finish(host) : done;
        if (!done) {
            return fail(with_room(std::move(done.error())));
        }
        // A blob or an image that went between the moment and the walk.
        const auto checked = check_apart(place, place.staging(), CheckDepth::names);
        if (turn == staging_tries || !checked || checked->problems.empty()) {
            return stager.staged;
        }
    }
}

} // namespace hameau::backup
