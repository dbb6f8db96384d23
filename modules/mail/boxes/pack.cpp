// A mailbox as parts. The folder belongs to Dovecot, which goes on working in it: names change while they are read.
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/contract/parts.hpp"
#include "modules/mail/boxes/boxes.hpp"
#include "modules/mail/boxes/layout.hpp"
#include "modules/mail/boxes/limits.hpp"

namespace hameau::mail {

namespace {

Fd open_folder(int at, const std::string& name) {
    return Fd(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Sorted, so that the same mailbox gives the same archive.
std::vector<std::string> names_in(int folder) {
    std::vector<std::string> names;
    const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(again < 0 ? nullptr : ::fdopendir(again), [](DIR* open) { return ::closedir(open); });
    while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
        const std::string_view name(entry->d_name);
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

class Packer {
public:
    explicit Packer(int out) : out_(out), slice_(box_slice_bytes, '\0') {}

    Status text(const std::string& path, std::string_view content, std::int64_t mtime_s) { return write_all(out_, whole_part(path, content, mtime_s)); }

    /// Errors: not_found when it is not there (any more).
    Status file(int folder, const std::string& name, const std::string& path) {
        const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat facts {};
        if (!fd) {
            // A link is nothing of a mailbox.
            return errno == ENOENT ? Status(fail(ErrorKind::not_found, path)) : errno == ELOOP ? Status{} : fail_errno(path);
        }
        if (::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
            return {};
        }
        Part part;
        part.path = path;
        part.size_bytes = static_cast<std::uint64_t>(facts.st_size);
        part.mtime_s = facts.st_mtime;
        if (!is_part_path(path) || part.size_bytes > part_bytes_max) {
            return fail(ErrorKind::invalid, "the mailbox has a file whose name or size no archive takes");
        }
        if (auto written = write_all(out_, part_header(part)); !written) {
            return written;
        }
        for (std::uint64_t left = part.size_bytes; left > 0;) {
            const ssize_t n = ::read(fd.get(), slice_.data(), std::min<std::uint64_t>(left, slice_.size()));
            if (n <= 0) {
                return fail(ErrorKind::io, path + " changed while it was read");
            }
            left -= static_cast<std::uint64_t>(n);
            if (auto written = write_all(out_, std::string_view(slice_.data(), static_cast<std::size_t>(n))); !written) {
                return written;
            }
        }
        return {};
    }

    /// An index of Dovecot may be replaced or grow: what it is at one moment.
    Status index(int folder, const std::string& name, const std::string& path) {
        const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat facts {};
        const bool there = fd && ::fstat(fd.get(), &facts) == 0;
        const auto content = there ? read_all(fd.get(), box_index_bytes_max) : Result<std::string>(std::string());
        return content && !content->empty() ? text(path, *content, facts.st_mtime) : Status{};
    }

private:
    int out_;
    std::string slice_;
};

/// "new" before "cur": a message goes that way. One that was renamed since it was listed is looked for again.
Status pack_messages(Packer& packer, int folder, const std::string& path) {
    std::set<std::string, std::less<>> seen;
    for (int look = 0; look < box_looks_max; ++look) {
        bool moved = false;
        for (const std::string_view place : message_folders) {
            const Fd messages = open_folder(folder, std::string(place));
            if (!messages) {
                continue;
            }
            for (const std::string& name : names_in(messages.get())) {
                if (seen.contains(message_base(name))) {
                    continue;
                }
                std::string target = path;
                target.append("/").append(place).append("/").append(name);
                Status packed = packer.file(messages.get(), name, target);
                if (packed) {
                    seen.emplace(message_base(name));
                } else if (packed.error().kind == ErrorKind::not_found) {
                    moved = true;
                } else {
                    return packed;
                }
            }
        }
        if (!moved) {
            return {};
        }
    }
    return fail(ErrorKind::io, path + " changes all the time");
}

Status pack_folder(Packer& packer, int folder, const std::string& path) {
    Status done = pack_messages(packer, folder, path);
    for (const std::string_view name : index_files) {
        std::string target = path;
        target.append("/").append(name);
        done = done ? packer.index(folder, std::string(name), target) : done;
    }
    return done;
}

Status pack_maildir(Packer& packer, int home, const std::string& prefix) {
    const Fd maildir = open_folder(home, std::string(maildir_name));
    if (!maildir) {
        return {};
    }
    const std::string path = prefix + "/" + std::string(maildir_name);
    Status done = pack_folder(packer, maildir.get(), path);
    done = done ? packer.index(maildir.get(), "subscriptions", path + "/subscriptions") : done;
    for (const std::string& name : names_in(maildir.get())) {
        const Fd folder = name.size() > 1 && name.front() == '.' ? open_folder(maildir.get(), name) : Fd();
        if (done && folder) {
            std::string target = path;
            target.append("/").append(name);
            done = pack_folder(packer, folder.get(), target);
        }
    }
    return done;
}

Status pack_scripts(Packer& packer, int home, const std::string& prefix) {
    const Fd scripts = open_folder(home, "sieve");
    Status done;
    for (const std::string& name : scripts ? names_in(scripts.get()) : std::vector<std::string>()) {
        const bool is_script = name.ends_with(script_ending) && name.front() != '.';
        if (done && is_script) {
            std::string target = prefix;
            target.append("/sieve/").append(name);
            done = packer.file(scripts.get(), name, target);
            done = done || done.error().kind != ErrorKind::not_found ? done : Status{};
        }
    }
    char target[256] = {};
    const ssize_t size = ::readlinkat(home, ".dovecot.sieve", target, sizeof target);
    std::string_view active(target, size > 0 && size < static_cast<ssize_t>(sizeof target) ? static_cast<std::size_t>(size) : 0);
    active.remove_prefix(active.rfind('/') + 1);
    if (done && active.ends_with(script_ending)) {
        active.remove_suffix(script_ending.size());
        done = packer.text(prefix + "/sieve/" + std::string(active_name), std::string(active) + "\n", now_ms() / 1000);
    }
    return done;
}

} // namespace

Status pack_box(int home, const std::string& prefix, int out) {
    Packer packer(out);
    Status done = home < 0 ? Status{} : pack_maildir(packer, home, prefix);
    done = done && home >= 0 ? pack_scripts(packer, home, prefix) : done;
    return done ? write_all(out, parts_end) : done;
}

} // namespace hameau::mail
