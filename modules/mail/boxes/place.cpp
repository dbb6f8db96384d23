// Parts into a mailbox. Names come from an archive that anybody may have written: only those of layout.hpp are taken.
#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <map>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/mail/boxes/boxes.hpp"
#include "modules/mail/boxes/layout.hpp"
#include "modules/mail/boxes/limits.hpp"

namespace hameau::mail {

namespace {

bool has(std::span<const std::string_view> words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

/// Made where it is missing; links are not followed.
Fd make_below(int at, const std::string& path) {
    Fd here(::openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const std::string_view segment : split(path, '/')) {
        const std::string name(segment);
        if (!here || (::mkdirat(here.get(), name.c_str(), 0700) != 0 && errno != EEXIST)) {
            return Fd();
        }
        here = Fd(::openat(here.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    return here;
}

class Placer final : public PartSink {
public:
    Placer(int home, bool trusted) : home_(home), trusted_(trusted) {}

    Status begin(const Part& part) override {
        const auto file = box_file(part.path);
        if (!file) {
            return fail(ErrorKind::invalid, "the archive has a file that no mailbox has");
        }
        file_ = *file;
        temporary_.reset();
        if (auto opened = open_folder(); !opened) {
            return opened;
        }
        if (is_here(part.size_bytes)) {
            placed_.present += file_.kind == BoxFile::Kind::message ? 1 : 0;
            return {};
        }
        const std::uint64_t most = file_.kind == BoxFile::Kind::message ? part_bytes_max : file_.kind == BoxFile::Kind::index ? box_index_bytes_max : box_script_bytes_max;
        if (part.size_bytes > most) {
            return fail(ErrorKind::too_large, "the archive has a file of a mailbox that is too large");
        }
        mtime_s_ = part.mtime_s;
        (void)::unlinkat(room_.get(), temporary_name().c_str(), 0);
        temporary_.reset(::openat(room_.get(), temporary_name().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        return temporary_ ? Status{} : fail_errno(file_.folder);
    }

    Status content(std::string_view bytes) override { return temporary_ ? write_all(temporary_.get(), bytes) : Status{}; }

    Status end() override {
        if (!temporary_) {
            return {};
        }
        // IMAP's INTERNALDATE is the time of the file. Not so for an index: Dovecot reads one again whose time it does not know.
        const timespec times[2] = {{0, UTIME_NOW}, {mtime_s_, 0}};
        if (file_.kind == BoxFile::Kind::message) {
            (void)::futimens(temporary_.get(), times);
        }
        temporary_.reset();
        if (::renameat(room_.get(), temporary_name().c_str(), folder_.get(), file_.name.c_str()) != 0) {
            return fail_errno(file_.folder);
        }
        if (file_.kind == BoxFile::Kind::message) {
            bases_.emplace(message_base(file_.name), std::pair(file_.folder, file_.name));
            ++placed_.messages;
        }
        return file_.kind == BoxFile::Kind::active ? set_active() : Status{};
    }

    const Placed& placed() const { return placed_; }

private:
    /// What a kill left is written over: one import into a mailbox at a time (place_box locks it).
    static std::string temporary_name() { return "hameau-import"; }

    /// What a former import brought and its owner has used since stays as it is: UIDs above all, which mean a message for ever
    /// (RFC 9051 section 2.3.1.1). A message that a power cut left half written is written again.
    bool is_here(std::uint64_t size_bytes) {
        struct stat facts {};
        const auto stands = [&](int at, const char* name) { return ::fstatat(at, name, &facts, AT_SYMLINK_NOFOLLOW) == 0; };
        switch (file_.kind) {
        case BoxFile::Kind::message: {
            const auto found = bases_.find(message_base(file_.name));
            if (found == bases_.end()) {
                return false;
            }
            const Fd folder = make_below(home_, found->second.first);
            if (stands(folder.get(), found->second.second.c_str()) && static_cast<std::uint64_t>(facts.st_size) == size_bytes) {
                return true;
            }
            (void)::unlinkat(folder.get(), found->second.second.c_str(), 0);
            bases_.erase(found);
            return false;
        }
        case BoxFile::Kind::index: return had_messages(file_.folder) && stands(folder_.get(), file_.name.c_str());
        case BoxFile::Kind::script: return stands(folder_.get(), file_.name.c_str());
        case BoxFile::Kind::active: return stands(home_, ".dovecot.sieve");
        }
        return false;
    }

    /// Before this import.
    bool had_messages(const std::string& maildir) {
        const auto known = had_.find(maildir);
        if (known != had_.end()) {
            return known->second;
        }
        const auto held = std::exchange(bases_, {});
        for (const std::string_view place : message_folders) {
            list(maildir + "/" + std::string(place));
        }
        const bool had = !bases_.empty();
        bases_ = held;
        had_.emplace(maildir, had);
        return had;
    }

    /// The folder of the file, where it is written first (room_), and the messages that are there.
    Status open_folder() {
        if (file_.folder == opened_) {
            return {};
        }
        const bool known = known_.contains(file_.folder);
        if (!known && known_.size() >= box_folders_max) {
            return fail(ErrorKind::too_large, "the archive has too many mail folders");
        }
        const bool message = file_.kind == BoxFile::Kind::message;
        const std::string above = message ? file_.folder.substr(0, file_.folder.rfind('/')) : file_.folder;
        folder_ = make_below(home_, file_.folder);
        room_ = make_below(home_, message ? above + "/tmp" : file_.folder);
        if (!folder_ || !room_) {
            return fail_errno(file_.folder);
        }
        if (message) {
            (void)had_messages(above);
            bases_.clear();
            for (const std::string_view place : message_folders) {
                list(above + "/" + std::string(place));
            }
        }
        known_.insert(file_.folder);
        opened_ = message ? file_.folder : std::string();
        return {};
    }

    void list(const std::string& path) {
        Fd folder = make_below(home_, path);
        const std::unique_ptr<DIR, int (*)(DIR*)> listing(folder ? ::fdopendir(folder.release()) : nullptr, [](DIR* open) { return ::closedir(open); });
        while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
            if (entry->d_name[0] != '.') {
                bases_.emplace(message_base(entry->d_name), std::pair(path, std::string(entry->d_name)));
            }
        }
    }

    /// The script in force is a link (Pigeonhole: sieve_dir and its active link).
    Status set_active() {
        const Fd file(::openat(folder_.get(), file_.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        const auto text = file ? read_all(file.get(), 512) : Result<std::string>(std::string());
        (void)::unlinkat(folder_.get(), file_.name.c_str(), 0);
        const std::string name = text ? text->substr(0, text->find('\n')) + std::string(script_ending) : std::string();
        if (!trusted_ || !is_part_path(name) || name.find('/') != std::string::npos || ::faccessat(folder_.get(), name.c_str(), F_OK, 0) != 0) {
            return {};
        }
        (void)::unlinkat(home_, ".dovecot.sieve", 0);
        return ::symlinkat(("sieve/" + name).c_str(), home_, ".dovecot.sieve") == 0 ? Status{} : fail_errno("the active script");
    }

    int home_;
    bool trusted_;
    BoxFile file_;
    std::string opened_;  ///< the folder of messages that folder_, room_ and bases_ are of
    Fd folder_;
    Fd room_;
    Fd temporary_;
    std::int64_t mtime_s_ = 0;
    std::map<std::string, std::pair<std::string, std::string>, std::less<>> bases_;  ///< base -> folder and name
    std::map<std::string, bool, std::less<>> had_;
    std::set<std::string, std::less<>> known_;
    Placed placed_;
};

} // namespace

std::optional<BoxFile> box_file(std::string_view path) {
    BoxFile file;
    const std::size_t slash = path.rfind('/');
    if (!is_part_path(path) || slash == std::string_view::npos) {
        return std::nullopt;
    }
    file.folder = path.substr(0, slash);
    file.name = path.substr(slash + 1);
    const auto segments = split(file.folder, '/');
    if (file.folder == "sieve") {
        file.kind = file.name == active_name ? BoxFile::Kind::active : BoxFile::Kind::script;
        const bool script = file.name.ends_with(script_ending) && file.name.front() != '.';
        return script || file.name == active_name ? std::optional(file) : std::nullopt;
    }
    const bool below = segments.size() > 1 && segments[1].size() > 1 && segments[1].front() == '.';
    const std::size_t depth = below ? 2 : 1;
    if (segments.front() != maildir_name || segments.size() > depth + 1) {
        return std::nullopt;
    }
    if (segments.size() == depth) {
        file.kind = BoxFile::Kind::index;
        return has(index_files, file.name) || (!below && file.name == "subscriptions") ? std::optional(file) : std::nullopt;
    }
    return has(message_folders, segments.back()) && file.name.front() != '.' ? std::optional(file) : std::nullopt;
}

Result<Placed> place_box(int home, int in, bool trusted) {
    if (::flock(home, LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorKind::unavailable, "something else is brought into this mailbox at the moment");
    }
    Placer placer(home, trusted);
    PartReader reader;
    std::string slice(box_slice_bytes, '\0');
    while (!reader.ended()) {
        const ssize_t n = ::read(in, slice.data(), slice.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fail(ErrorKind::closed, "what was to be imported was cut");
        }
        if (auto fed = reader.feed(std::string_view(slice.data(), static_cast<std::size_t>(n)), placer); !fed) {
            return fail(std::move(fed.error()));
        }
    }
    if (::syncfs(home) != 0) {
        return fail_errno("writing the mailbox to the disk");
    }
    return placer.placed();
}

} // namespace hameau::mail
