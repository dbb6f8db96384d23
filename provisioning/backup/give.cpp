// Twice over the tree: first the names of each file are counted, then the owners are given. Then the links, which nothing follows.
#include "provisioning/backup/give.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/staging.hpp"

namespace hameau::backup {

namespace {

struct Owner {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    mode_t mode = 0;
};

class Giver {
public:
    Giver(const Place& place, std::string top, GiveMode mode) : place_(place), top_(std::move(top)), mode_(mode) {}
    Status run();

private:
    enum class Pass { count, give };
    Status read_owners();
    Status below(int folder, const std::string& path, const Owner& owner, int depth);
    Status one(int folder, const char* name, const std::string& path, Owner owner, int depth);
    Status whole(const std::string& path, const struct stat& facts);
    Status make_links(int top);
    Status make_link(int top, const std::string& target, const std::string& path);

    const Place& place_;
    std::string top_;
    GiveMode mode_;
    Pass pass_ = Pass::count;
    std::map<std::string, Owner, std::less<>> owners_;
    std::map<std::pair<dev_t, ino_t>, nlink_t> names_;  ///< of files with several names: how many were met
};

Status Giver::read_owners() {
    // The table of external modules of that house becomes this one's.
    const std::string text = read_file(top_ + "/" + owners_file, owners_bytes_max).value_or("");
    Place inside = place_;
    inside.state = top_;
    for (const std::string_view line : split(text, '\n')) {
        const auto columns = split(line, '\t');
        if (columns.size() != 4) {
            continue;
        }
        const auto uid = owner_id(inside, std::string(columns[0]), false);
        const auto gid = owner_id(inside, std::string(columns[1]), true);
        unsigned mode = 0;
        std::from_chars(columns[2].data(), columns[2].data() + columns[2].size(), mode, 8);
        if (!uid || !gid) {
            return fail(uid ? gid.error() : uid.error());
        }
        owners_[std::string(columns[3])] = {*uid, *gid, static_cast<mode_t>(mode & 07777)};
    }
    return {};
}

/// A name outside of the tree would give a file of the machine to whoever the backup says.
Status Giver::whole(const std::string& path, const struct stat& facts) {
    const auto met = names_.find({facts.st_dev, facts.st_ino});
    const nlink_t inside = met == names_.end() ? 1 : met->second;
    return facts.st_nlink == inside ? Status{} : Status(fail(ErrorKind::corrupt, "broken: " + path + " has another name outside of the backup"));
}

Status Giver::one(int folder, const char* name, const std::string& path, Owner owner, int depth) {
    struct stat facts {};
    if (::fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail_errno(path);
    }
    const bool is_folder = S_ISDIR(facts.st_mode);
    if (!is_folder && !S_ISREG(facts.st_mode)) {
        return fail(ErrorKind::corrupt, "broken: " + path + " is neither a file nor a folder");
    }
    if (pass_ == Pass::count && !is_folder) {
        if (facts.st_nlink > 1) {
            ++names_[{facts.st_dev, facts.st_ino}];
        }
        return {};
    }
    const Fd fd(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0)));
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        return fail_errno(path);
    }
    if (!is_folder) {
        if (auto sure = whole(path, facts); !sure) {
            return sure;
        }
    }
    owner.mode = facts.st_mode & (is_folder ? 0777 : 0666);
    if (const auto own = owners_.find(path); own != owners_.end()) {
        owner = own->second;
        owner.mode &= is_folder ? 02777 : 0666;
    }
    auto walked = is_folder ? below(fd.get(), path, owner, depth + 1) : Status{};
    // Root alone, for a moment, whatever the mode was: then the owner, then the mode (chown drops setgid).
    const bool give = walked && pass_ == Pass::give && mode_ == GiveMode::give && place_.uid != 0;
    if (give && (::fchown(fd.get(), owner.uid, owner.gid) != 0 || ::fchmod(fd.get(), owner.mode) != 0)) {
        return fail_errno(path);
    }
    return walked;
}

Status Giver::below(int folder, const std::string& path, const Owner& owner, int depth) {
    struct CloseFolder {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };
    const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // its own offset: the folder is read twice
    const std::unique_ptr<DIR, CloseFolder> list(copy < 0 ? nullptr : ::fdopendir(copy));
    if (!list) {
        return fail_errno(path);
    }
    if (depth > give_depth_max) {
        return fail(ErrorKind::corrupt, "broken: " + path + " lies too deep");
    }
    while (const dirent* entry = ::readdir(list.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        if (auto done = one(folder, entry->d_name, path.empty() ? name : path + "/" + name, owner, depth); !done) {
            return done;
        }
    }
    return {};
}

/// Under the uid of its folder, or that of OWNERS. A folder that did not come back (--incomplete) has no link either.
Status Giver::make_link(int top, const std::string& target, const std::string& path) {
    Fd folder(::fcntl(top, F_DUPFD_CLOEXEC, 3));
    auto names = split(path, '/');
    const std::string name(names.back());
    names.pop_back();
    for (const std::string_view one : names) {
        folder.reset(folder ? ::openat(folder.get(), std::string(one).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1);
        if (!folder) {
            return errno == ENOENT ? Status{} : Status(fail_errno(path));
        }
    }
    struct stat facts {};
    if (!folder || ::fstat(folder.get(), &facts) != 0) {
        return fail_errno(path);
    }
    if (mode_ == GiveMode::look) {
        return {};
    }
    if (::symlinkat(target.c_str(), folder.get(), name.c_str()) != 0) {
        return errno == EEXIST ? Status(fail(ErrorKind::corrupt, "broken: " + path + " is a link and something else")) : Status(fail_errno(path));
    }
    const auto own = owners_.find(path);
    const uid_t uid = own == owners_.end() ? facts.st_uid : own->second.uid;
    const gid_t gid = own == owners_.end() ? facts.st_gid : own->second.gid;
    const bool owned = place_.uid == 0 || ::fchownat(folder.get(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) == 0;
    return owned ? Status{} : Status(fail_errno(path));
}

Status Giver::make_links(int top) {
    const auto text = read_file(top_ + "/" + links_file, links_bytes_max);
    if (!text) {
        return text.error().code == std::errc::no_such_file_or_directory ? Status{} : Status(fail(text.error()));  // of before there were any
    }
    for (const std::string_view line : split(*text, '\n')) {
        const auto columns = split(line, '\t');
        if (line.empty()) {
            continue;
        }
        if (columns.size() != 2 || !is_plain_path(columns[0]) || !is_plain_path(columns[1])) {
            return fail(ErrorKind::corrupt, std::string("broken: ") + links_file + " has a line that is no link of a house");
        }
        if (auto made = make_link(top, std::string(columns[0]), std::string(columns[1])); !made) {
            return made;
        }
    }
    return {};
}

Status Giver::run() {
    if (auto read = place_.uid == 0 ? Status{} : read_owners(); !read) {
        return read;
    }
    const Fd top(::open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!top) {
        return fail_errno(top_);
    }
    for (const Pass pass : {Pass::count, Pass::give}) {
        pass_ = pass;
        if (auto done = below(top.get(), "", Owner{}, 0); !done) {
            return done;
        }
    }
    return make_links(top.get());
}

} // namespace

bool is_plain_path(std::string_view path) {
    const auto names = split(path, '/');
    return !path.empty() && path.size() <= copy_path_bytes_max &&
           std::none_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }) &&
           std::none_of(names.begin(), names.end(), [](std::string_view name) { return name.empty() || name == "." || name == ".."; });
}

Status give_tree(const Place& place, const std::string& folder, GiveMode mode) { return Giver(place, folder, mode).run(); }

} // namespace hameau::backup
