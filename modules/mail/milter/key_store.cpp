// Keys change and go (key_ages.hpp). Before a key goes, its successor's record was seen: no step leaves a domain without a key that signs.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/milter/signing_keys.hpp"

namespace hameau::milter {

namespace fs = std::filesystem;

namespace {

/// When the file was written; 0: it is not there. Errors: io.
Result<long> written_at(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0) {
        return static_cast<long>(facts.st_mtime);
    }
    return errno == ENOENT ? Result<long>(0) : Result<long>(fail_errno(path));
}

Status remove_file(const std::string& path) {
    std::error_code failed;
    fs::remove(path, failed);
    return failed ? Status(fail(ErrorKind::io, path + ": " + failed.message())) : Status{};
}

} // namespace

Result<KeyAge> StoredKeys::age_of(const std::string& domain, const std::string& selector) const {
    const std::string path = key_folder(domain) + "/" + selector;
    const auto made = written_at(path + ".pem");
    const auto seen = written_at(path + ".seen");
    if (!made || !seen) {
        return fail(made ? seen.error() : made.error());
    }
    return KeyAge{*made, *seen};
}

/// The record first: nobody is told any more to keep what is about to be useless. The mark of the key after its file: a kill in between
/// leaves a mark without a key, which nothing reads.
Status StoredKeys::drop(const std::string& domain, const std::string& selector) {
    std::vector<DomainKey>& keys = of(domain);
    std::erase_if(keys, [&selector](const DomainKey& key) { return key.selector == selector; });
    if (auto written = write_records(domain, keys); !written) {
        read_.erase(domain);
        return written;
    }
    for (const char* end : {".pem", ".seen"}) {
        if (auto removed = remove_file(key_folder(domain) + "/" + selector + end); !removed) {
            read_.erase(domain);
            return removed;
        }
    }
    return {};
}

Result<KeyTurn> StoredKeys::tend(const std::string& domain, const std::string& selector, long now) {
    if (!mailauth::is_plain_domain(domain)) {
        return KeyTurn::none;
    }
    // From the disk: a restored house has other keys than this process read.
    auto keys = read(domain);
    if (!keys) {
        return fail(keys.error());
    }
    std::vector<KeyAge> ages;
    for (const DomainKey& key : *keys) {
        const auto age = age_of(domain, key.selector);
        if (!age) {
            return fail(age.error());
        }
        ages.push_back(*age);
    }
    if (keys->empty()) {
        return KeyTurn::none;  // ensure() makes the first one
    }
    if (auto written = write_records(domain, *keys); !written) {
        return fail(written.error());
    }
    const KeyTurn turn = turn_of(ages, now);
    if (turn == KeyTurn::make_next) {
        const auto made = make(domain, selector);
        return made ? Result<KeyTurn>(turn) : Result<KeyTurn>(fail(made.error()));
    }
    if (turn == KeyTurn::drop_older) {
        const auto dropped = drop(domain, keys->back().selector);
        return dropped ? Result<KeyTurn>(turn) : Result<KeyTurn>(fail(dropped.error()));
    }
    return turn;
}

Result<std::vector<std::string>> StoredKeys::forget_others(const std::vector<std::string>& ours, long now) {
    std::vector<std::string> gone;
    std::error_code failed;
    fs::directory_iterator entry(folder_ + "/keys", failed);
    for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
        const std::string domain = entry->path().filename().string();
        const std::string mark = key_folder(domain) + "/left";
        const auto left = written_at(mark);
        if (!left) {
            return fail(left.error());
        }
        Status done;
        if (std::binary_search(ours.begin(), ours.end(), domain)) {
            done = *left == 0 ? Status{} : remove_file(mark);
        } else if (*left == 0) {
            done = write_file_atomically(mark, "", 0600);
        } else if (is_over(*left, now)) {
            gone.push_back(domain);
        }
        if (!done) {
            return fail(done.error());
        }
    }
    if (failed && failed != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::io, "the folder of the keys cannot be read: " + failed.message());
    }
    for (const std::string& domain : gone) {
        read_.erase(domain);
        whole_.erase(domain);
        if (auto removed = remove_file(record_file(domain)); !removed) {
            return fail(removed.error());
        }
        fs::remove_all(key_folder(domain), failed);
        if (failed) {
            return fail(ErrorKind::io, key_folder(domain) + ": " + failed.message());
        }
    }
    return gone;
}

} // namespace hameau::milter
