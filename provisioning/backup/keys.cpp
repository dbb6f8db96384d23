// The two keys of the backups: that of the repositories, with its sheet, and the one that signs in by SFTP. And the lock of the state file.
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/backup_state.hpp"
#include "provisioning/backup/key.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/turn.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::backup {

std::int64_t now_of(const Place& place) { return place.now_s != nullptr ? place.now_s() : now_ms() / 1000; }

Fd hold_state(const Place& place) {
    Fd lock(::open((place.folder() + "/state-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock) {
        ::flock(lock.get(), LOCK_EX);
    }
    return lock;
}

namespace {

std::string key_path(const Place& place) { return place.folder() + "/key"; }

/// Two of us may find no key at the same moment: the first one's file stands, and the other reads it. A sheet must never show a key that
/// opens nothing.
Result<std::string> kept_or_new_key(const Place& place) {
    auto kept = read_file(key_path(place), 4096);
    if (!kept && kept.error().code == std::errc::no_such_file_or_directory) {
        auto key = new_key();
        if (!key) {
            return key;
        }
        const std::string fresh = key_path(place) + ".new-" + std::to_string(::getpid());
        if (auto written = write_file_atomically(fresh, *key + "\n"); !written) {
            return fail(written.error());
        }
        const int linked = ::link(fresh.c_str(), key_path(place).c_str());
        const int code = errno;
        ::unlink(fresh.c_str());
        if (linked != 0 && code != EEXIST) {
            errno = code;
            return fail_errno(key_path(place));
        }
        const Fd folder(::open(place.folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder || ::fsync(folder.get()) != 0) {
            return fail_errno(place.folder());
        }
        kept = read_file(key_path(place), 4096);
    }
    if (!kept) {
        return fail(kept.error());
    }
    auto key = read_key(*kept);
    return key ? std::move(key) : fail(key.error().kind, key_path(place) + " is damaged");  // no word of it: this goes into the journal
}

} // namespace

Result<std::string> show_key(const Place& place, bool seen) {
    if (auto made = make_folder(place.folder(), 0711); !made) {
        return fail(made.error());
    }
    auto key = kept_or_new_key(place);
    if (!key) {
        return key;
    }
    if (seen) {
        const Fd held = hold_state(place);
        State state = State::parse(read_file(place.folder() + "/state", backup_state_bytes_max).value_or(""));
        state.key_shown = now_of(place);
        state.trouble = trouble_of(state, now_of(place));
        if (auto written = write_file_atomically(place.folder() + "/state", state.to_text()); !written) {
            return fail(written.error());
        }
    }
    return key;
}

Result<std::string> ssh_key(const Place& place) {
    const std::string folder = place.folder() + "/ssh";
    const std::string path = folder + "/id_ed25519";
    if (auto made = make_folder(place.folder(), 0711); !made) {
        return fail(made.error());
    }
    if (auto made = make_folder(folder, 0700); !made) {
        return fail(made.error());
    }
    if (::access(path.c_str(), F_OK) != 0) {
        const auto made = provisioning::run_program("/usr/bin/ssh-keygen", {"-q", "-t", "ed25519", "-N", "", "-C", "hameau-backup", "-f", path});
        if (!made) {
            return fail(made.error());
        }
    }
    for (const std::string& one : {folder, path, path + ".pub"}) {
        if (auto given = place.uid == 0 ? Status{} : chown_path(one, place.uid, place.uid); !given) {
            return fail(given.error());
        }
    }
    return read_file(path + ".pub", 4096);
}

} // namespace hameau::backup
